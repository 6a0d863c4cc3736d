"""A small evaluator of IAM policies over a template: enough for what our roles hold; what it does not know fails.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: a Deny wins, else an Allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from infrastructure.compose import TEMPLATES
from infrastructure.yaml_text import read

ACCOUNT, REGION = "111122223333", "eu-west-1"
VALUES = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "LakeBucket": "lake",
    "LandingBucket": "landing",
    "ResultsBucket": "results",
    "CodeBucket": "code",
    "FunctionPrefix": "",
    "JobPrefix": "",
    "CrawlerName": "delta-crawler",
    "WorkGroupName": "lakehouse",
    "Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:etl",
    "AffiseKeyArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:lakehouse/AFFISE_API_KEY-abc",
    "HashKeyArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:lakehouse/AFFISE_HASH_KEY-abc",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1",
    "Landed.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:landed",
    "DeadLetters.Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead-letters",
    "EnvironmentName": "prod",
    "BucketPrefix": "acme",
    "Repository": "acme/lakehouse",
    "Provider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
    "DeployRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/lakehouse-prod-deploy",
}
CONDITIONS = {"HasKey": True, "MakesProvider": True}
MANAGED = {
    "arn:aws:iam::aws:policy/PowerUserAccess": {
        "Effect": "Allow",
        "NotAction": ["iam:*", "organizations:*", "account:*"],
        "Resource": "*",
    }
}
"""Policies of AWS' own: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/PowerUserAccess.html"""


def resolved(value: Any) -> Any:
    """A value of the template with its names filled in."""
    if isinstance(value, list):
        found = [resolved(item) for item in value]
        return [item for item in found if item is not None]
    if not isinstance(value, dict):
        return value
    name, inner = next(iter(value.items()), ("", None))
    return _FUNCTIONS[name](inner) if name in _FUNCTIONS else {key: resolved(item) for key, item in value.items()}


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Ref": lambda name: None if name == "AWS::NoValue" else VALUES[name],
    "Fn::GetAtt": lambda parts: VALUES[".".join(parts)],
    "Fn::Sub": lambda text: re.sub(r"\$\{([^}]+)\}", lambda found: VALUES[found[1]], text),
    "Fn::If": lambda parts: resolved(parts[1] if CONDITIONS[parts[0]] else parts[2]),
}


STACK, WORKFLOWS = "lakehouse.yaml", "github.yaml"


@cache
def roles(template: str = STACK) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """The statements of every role of a template, by the role's name in it; one of AWS' own comes from `MANAGED`."""
    found = read(TEMPLATES / template)["Resources"]
    made = {name: one["Properties"] for name, one in found.items() if one["Type"] == "AWS::IAM::Role"}
    assert template == WORKFLOWS or not any("ManagedPolicyArns" in role for role in made.values())
    return {name: tuple(_statements(role)) for name, role in made.items()}


def _statements(role: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for arn in role.get("ManagedPolicyArns", []):
        yield MANAGED[resolved(arn)]
    for policy in role["Policies"]:
        yield from resolved(policy["PolicyDocument"]["Statement"])


def allows(role: str, action: str, resource: str, template: str = STACK, **context: str) -> bool:
    """Whether a role of a template may do something to something."""
    matching = [one for one in roles(template)[role] if _matches(one, action, resource, context)]
    return bool(matching) and all(one["Effect"] == "Allow" for one in matching)


def _matches(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    strange = statement.keys() - {"Effect", "Action", "NotAction", "Resource", "Condition", "Sid"}
    assert not strange, strange
    asked = statement.get("Action") or statement["NotAction"]
    named = any(fnmatchcase(action.lower(), one.lower()) for one in _listed(asked))
    return (
        named == ("Action" in statement)
        and any(fnmatchcase(resource, one) for one in _listed(statement["Resource"]))
        and all(_holds(kind, limits, context) for kind, limits in statement.get("Condition", {}).items())
    )


def _holds(kind: str, asked: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    compare = {"StringEquals": str.__eq__, "StringLike": fnmatchcase}[kind]
    return all(any(compare(context.get(key, ""), one) for one in _listed(values)) for key, values in asked.items())


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
