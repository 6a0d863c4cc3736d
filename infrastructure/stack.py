"""Bring a CloudFormation stack to what a template says, by a change set that is shown before it is applied."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.storage.aws import client_config, session

NO_CHANGE = ("didn't contain changes", "No updates are to be performed", "no changes")
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
SECONDS = 3600
"""How long a stack may take: an image function and a budget take a minute each, a rollback as long as the way there."""


class StackFailed(LakehouseError):  # noqa: N818 - an error is named for what happened
    """Says that a stack did not get where its template wanted it."""

    sentence = "stack `{stack}` is {status}: {problem}"


@dataclass(frozen=True)
class Change:
    """Hold what applying a change set would do to one resource."""

    action: str
    kind: str
    name: str
    replaces: bool

    def __str__(self) -> str:
        """Return the line that people read before they agree."""
        return f"{self.action:<7} {self.kind:<36} {self.name}{'  (is replaced)' if self.replaces else ''}"


@dataclass(frozen=True)
class Source:
    """Hold a template as CloudFormation takes it, and its parameters.

    Attributes:
        template: `{"TemplateBody": text}` up to 51,200 bytes, else `{"TemplateURL": url}`.
        parameters: values by name; what the template has a default for may be absent.
        role: ARN of the role that CloudFormation works with; None for whoever asks.
    """

    template: Mapping[str, str]
    parameters: Mapping[str, str]
    role: str | None = None


def client() -> Any:  # noqa: ANN401 - its types are of a package that is not installed
    """Return the client of CloudFormation."""
    return session().client("cloudformation", config=client_config())


def propose(stack: str, source: Source, tags: Mapping[str, str]) -> tuple[str, list[Change]]:
    """Make a change set and return its name, and what it would do; nothing is changed yet.

    Raises:
        StackFailed: the template or a parameter is refused.
    """
    asked, name = client(), f"change-{time.time_ns()}"
    kind = "CREATE" if status_of(stack) in {None, "REVIEW_IN_PROGRESS"} else "UPDATE"
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(source.parameters.items())]
    asked.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType=kind,
        Parameters=given,
        Capabilities=CAPABILITIES,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        **source.template,
        **({"RoleARN": source.role} if source.role else {}),
    )
    found = _until(lambda: asked.describe_change_set(StackName=stack, ChangeSetName=name), _is_made)
    if found["Status"] == "FAILED":
        reason = found.get("StatusReason", "")
        if not any(words in reason for words in NO_CHANGE):
            raise StackFailed(stack=stack, status="not changed", problem=reason)
        return name, []
    return name, [_change(item["ResourceChange"]) for item in _all_changes(asked, stack, name)]


def apply(stack: str, change_set: str) -> None:
    """Apply a change set and wait for its end.

    Raises:
        StackFailed: it was rolled back; the first reason is in the sentence.
    """
    asked = client()
    asked.execute_change_set(StackName=stack, ChangeSetName=change_set)
    found = _until(lambda: asked.describe_stacks(StackName=stack)["Stacks"][0], _is_over)
    if found["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise StackFailed(stack=stack, status=found["StackStatus"], problem=first_reason(stack))


def discard(stack: str, change_set: str) -> None:
    """Remove a change set that nobody wants; a stack that was only proposed goes with it."""
    client().delete_change_set(StackName=stack, ChangeSetName=change_set)
    if status_of(stack) == "REVIEW_IN_PROGRESS":
        client().delete_stack(StackName=stack)


def remove(stack: str) -> None:
    """Delete a stack and wait for its end; one that is not there is no error.

    Raises:
        StackFailed: something would not go.
    """
    if status_of(stack) is None:
        return
    client().delete_stack(StackName=stack)
    deadline = time.monotonic() + SECONDS
    while (status := status_of(stack)) not in {None, "DELETE_COMPLETE"}:
        if status == "DELETE_FAILED" or time.monotonic() > deadline:
            raise StackFailed(stack=stack, status=status or "", problem=first_reason(stack))
        time.sleep(2)


def outputs(stack: str) -> dict[str, str]:
    """Return what a stack tells others."""
    found = client().describe_stacks(StackName=stack)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}


def parameters_of(stack: str) -> dict[str, str]:
    """Return the parameters that a stack was deployed with; none where there is no stack."""
    if status_of(stack) is None:
        return {}
    found = client().describe_stacks(StackName=stack)["Stacks"][0]
    return {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])}


def status_of(stack: str) -> str | None:
    """Return a stack's status; None where there is none."""
    try:
        found = client().describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return str(found[0]["StackStatus"]) if found else None


def first_reason(stack: str) -> str:
    """Return why the first resource failed, which is why the others did."""
    pages = client().get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [event for page in pages for event in page["StackEvents"]]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("FAILED")]
    if not failed:
        return "the events of the stack say no reason"
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def _all_changes(asked: Any, stack: str, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 - see `client`
    found, token = list[dict[str, Any]](), dict[str, str]()
    while True:
        page = asked.describe_change_set(StackName=stack, ChangeSetName=name, **token)
        found += [item for item in page.get("Changes", []) if "ResourceChange" in item]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _change(found: Mapping[str, Any]) -> Change:
    replaces = found.get("Replacement") in {"True", "Conditional"}
    return Change(found["Action"], found["ResourceType"], found["LogicalResourceId"], replaces)


def _is_made(found: Mapping[str, Any]) -> bool:
    return found["Status"] in {"CREATE_COMPLETE", "FAILED"}


def _is_over(found: Mapping[str, Any]) -> bool:
    status = str(found["StackStatus"])
    return not status.endswith("_IN_PROGRESS")


def _until(ask: Callable[[], dict[str, Any]], is_done: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Ask until an answer is final."""
    deadline, pause = time.monotonic() + SECONDS, 0.2
    while not is_done(found := ask()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.5, 5)
    return found
