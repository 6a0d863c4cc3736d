"""Make the states that call services, by one function for each; every call has a time-out, retries and a catch.

Names of functions and jobs are those that are declared; what belongs to one account comes as a substitution of
CloudFormation's DefinitionSubstitutions, such as `${EtlTopicArn}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lakehouse_assets.compute.notify import fit_subject
from stepfunctions.jsonata import ANSWER, expression, quoted
from stepfunctions.retries import Service, retries
from stepfunctions.states import Catch, Task
from stepfunctions.steps import RetryPolicy

WORKGROUP, TOPIC = "${AthenaWorkGroup}", "${EtlTopicArn}"
"""Substitutions for Athena's workgroup and for the ARN of the topic `etl`."""
INSTALLED = {"lake": "${LakeRoot}", "landing": "${LandingRoot}", "source_timezone": "${SourceTimezone}"}
"""What one installation fixes: URIs of lake and landing (without a slash at the end), zone of the source."""

USUAL = RetryPolicy(max_retries=2, delay_seconds=1, backoff_rate=2.0)
"""The retry policy of states that belong to no step of the graph."""


@dataclass(frozen=True)
class Transitions:
    """Name where a call leads (to `next`, or with its error to `catch`), its time-out, and its retry policy."""

    next: str
    catch: Catch
    timeout_seconds: int = 300
    policy: RetryPolicy = USUAL


def function(name: str, payload: dict[str, Any], ways: Transitions, output: Any = ANSWER, **assign: Any) -> Task:  # noqa: ANN401 - JSON
    """Invoke a Lambda function; its answer is the state's output unless `output` says otherwise."""
    return _task("lambda", "lambda:invoke", {"FunctionName": name, "Payload": payload}, ways, output, assign)


def job(name: str, arguments: dict[str, str], ways: Transitions) -> Task:
    """Run a Glue job to its end; a run that fails fails the state."""
    return _task("glue", "glue:startJobRun.sync", {"JobName": name, "Arguments": arguments}, ways, None, {})


def query(statement: str, ways: Transitions, output: Any = None) -> Task:  # noqa: ANN401 - JSON
    """Run an Athena query to its end."""
    arguments = {"QueryString": statement, "WorkGroup": WORKGROUP}
    return _task("athena", "athena:startQueryExecution.sync", arguments, ways, output, {})


def results(rows: int, ways: Transitions, output: Any) -> Task:  # noqa: ANN401 - JSON
    """Fetch the header and the first `rows` rows of the query that the state before has run."""
    ran = expression("$states.input.QueryExecution.QueryExecutionId")
    arguments = {"QueryExecutionId": ran, "MaxResults": rows + 1}
    return _task("athena", "athena:getQueryResults", arguments, ways, output, {})


def message(pipeline: str, kind: str, subject: str, body: str, ways: Transitions) -> Task:
    """Send people the run id, the JSONata `body` and a link to the execution; the state hands on its input."""
    text = f'{quoted("run ")} & $run_id & "\\n" & {body} & "\\n" & $link'
    values = {"kind": kind, "pipeline": pipeline, "run_id": expression("$run_id")}
    arguments = {
        "TopicArn": TOPIC,
        "Subject": fit_subject(subject),
        "Message": expression(text),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": v} for name, v in values.items()},
    }
    return _task("sns", "sns:publish", arguments, ways, expression("$states.input"), {})


def _task(service: Service, api: str, arguments: Any, ways: Transitions, output: Any, assign: dict[str, Any]) -> Task:  # noqa: ANN401 - JSON; all of a task
    retry = retries(service, ways.policy)
    resource = f"arn:aws:states:::{api}"
    return Task(resource, arguments, ways.next, ways.timeout_seconds, retry, ways.catch, output, assign)
