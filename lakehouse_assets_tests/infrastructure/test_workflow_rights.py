"""What the roles of the workflows may do: a proposal shows, main deploys, and nobody widens rights."""

from __future__ import annotations

from typing import Any

import pytest

from infrastructure.compose import TEMPLATES
from infrastructure.yaml_text import read
from lakehouse_assets_tests.infrastructure.policies import ACCOUNT, REGION, VALUES, WORKFLOWS, allows, resolved

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/lakehouse-prod/1"
OTHER = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/another/1"
PROPOSED, DEPLOYED = "arn:aws:s3:::acme-code/proposed/t.yaml", "arn:aws:s3:::acme-code/functions.zip"
IMAGES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/acme-functions"
DEPLOY, TASK = VALUES["DeployRole.Arn"], f"arn:aws:iam::{ACCOUNT}:role/lakehouse-prod-PlanRunRole-1"
PASSED = {"iam:PassedToService": "cloudformation.amazonaws.com"}
SUBJECT = "token.actions.githubusercontent.com:sub"


def may(role: str, action: str, resource: str, **context: str) -> bool:
    """Whether a role of the workflows may do something."""
    return allows(role, action, resource, WORKFLOWS, **context)


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("PlanRole", "cloudformation:CreateChangeSet", STACK),
        ("PlanRole", "cloudformation:DescribeChangeSet", STACK),
        ("PlanRole", "s3:PutObject", PROPOSED),
        ("ApplyRole", "cloudformation:ExecuteChangeSet", STACK),
        ("ApplyRole", "s3:PutObject", DEPLOYED),
        ("ApplyRole", "ecr:PutImage", IMAGES),
        ("ApplyRole", "ecr:GetAuthorizationToken", "*"),
        ("DeployRole", "lambda:CreateFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:PlanRun"),
        ("DeployRole", "iam:CreateRole", TASK),
        ("DeployRole", "iam:PassRole", TASK),
    ],
)
def test_a_workflow_may_do_its_work(role: str, action: str, resource: str) -> None:
    """A proposal makes a change set, main executes it, and CloudFormation makes what the stacks hold."""
    assert may(role, action, resource)


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("PlanRole", "cloudformation:ExecuteChangeSet", STACK),
        ("PlanRole", "cloudformation:CreateChangeSet", OTHER),
        ("PlanRole", "s3:PutObject", DEPLOYED),
        ("PlanRole", "iam:PassRole", DEPLOY),
        ("PlanRole", "ecr:PutImage", IMAGES),
        ("ApplyRole", "cloudformation:ExecuteChangeSet", OTHER),
        ("ApplyRole", "cloudformation:DeleteStack", STACK),
        ("ApplyRole", "s3:GetObject", "arn:aws:s3:::acme-lake/silver/x.parquet"),
        ("ApplyRole", "iam:PassRole", TASK),
        ("ApplyRole", "lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:PlanRun"),
        ("DeployRole", "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("DeployRole", "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/lakehouse-prod-x"),
        *(("DeployRole", "iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/lakehouse-prod-{name}")
          for name in ("plan", "apply", "deploy")),
    ],
)  # fmt: skip
def test_a_workflow_may_do_nothing_else(role: str, action: str, resource: str) -> None:
    """Who plans executes nothing, who applies works by CloudFormation, and that makes roles of its stacks."""
    assert not may(role, action, resource, **PASSED)


def test_only_cloudformation_is_given_the_deploying_role() -> None:
    """The same role passed to another service would be a way round it."""
    assert may("ApplyRole", "iam:PassRole", DEPLOY, **PASSED)
    assert not may("ApplyRole", "iam:PassRole", DEPLOY, **{"iam:PassedToService": "ec2.amazonaws.com"})


@pytest.mark.parametrize(
    ("role", "subject"),
    [("PlanRole", "repo:acme/lakehouse:pull_request"), ("ApplyRole", "repo:acme/lakehouse:environment:prod")],
)
def test_a_role_is_given_to_its_workflow_alone(role: str, subject: str) -> None:
    """A pull request plans; only what the protected environment runs applies; the token is one for AWS."""
    made: dict[str, Any] = read(TEMPLATES / WORKFLOWS)["Resources"][role]["Properties"]
    (trust,) = resolved(made["AssumeRolePolicyDocument"]["Statement"])
    asked = trust["Condition"]["StringEquals"]
    assert trust["Principal"] == {"Federated": VALUES["Provider"]}
    assert asked == {SUBJECT: subject, SUBJECT.replace(":sub", ":aud"): "sts.amazonaws.com"}
