"""Make the states that call services, by one function for each; every call has a time-out, retries and a catch.

Names of functions and jobs are those that are declared; what belongs to one account comes as a substitution of
CloudFormation's DefinitionSubstitutions, such as `${EtlTopicArn}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepfunctions.jsonata import ANSWER, INPUT, expression
from stepfunctions.retries import Service, retries
from stepfunctions.states import Catch, Task
from stepfunctions.steps import RetryPolicy

WORKGROUP, TOPIC, CRAWLER = "${AthenaWorkGroup}", "${EtlTopicArn}", "${CrawlerName}"
"""Substitutions for Athena's workgroup, for the ARN of the topic `etl`, and for the crawler of the Delta tables."""
FUNCTIONS, JOBS = "${FunctionPrefix}", "${JobPrefix}"
"""Substitutions for what an environment puts before the names of its functions and jobs; nothing as a rule."""
INSTALLED = {"lake": "${LakeRoot}", "landing": "${LandingRoot}", "source_timezone": "${SourceTimezone}"}
"""What one installation fixes: URIs of lake and landing (without a slash at the end), zone of the source."""
SUBSTITUTIONS = frozenset(
    text.strip("${}") for text in (*INSTALLED.values(), WORKGROUP, TOPIC, CRAWLER, FUNCTIONS, JOBS)
)
"""Names everything that a template has to give; the crawler only where machines are emitted with one."""
COMMON = ("run_id", "pipeline", "lake", "fence")
"""What every function is told besides its own payload: whose run of what it works for, and under which hold."""

INTEGRATIONS = {
    "lambda": "arn:aws:states:::lambda:invoke",
    "glue": "arn:aws:states:::glue:startJobRun.sync",
    "athena": "arn:aws:states:::athena:startQueryExecution.sync",
    "athena results": "arn:aws:states:::athena:getQueryResults",
    "athena execution": "arn:aws:states:::athena:getQueryExecution",
    "start crawler": "arn:aws:states:::aws-sdk:glue:startCrawler",
    "look at crawler": "arn:aws:states:::aws-sdk:glue:getCrawler",
    "sns": "arn:aws:states:::sns:publish",
}
"""All service integrations that a machine may use, which is what its role has to allow."""

_COST = "$states.result.QueryExecution.Statistics"
STATISTICS = expression(f"$exists({_COST}) ? {_COST} : null")
"""JSONata for what a query has scanned and how long it took, as Athena says it."""

USUAL = RetryPolicy(max_retries=2, delay_seconds=1, backoff_rate=2.0)
"""The retry policy of states that belong to no step of the graph."""


@dataclass(frozen=True)
class Transitions:
    """Name where a call leads (to `next`, or with its error to `catch`), its time-out, and how it is tried again.

    Attributes:
        patience_seconds: how long a held lease or taken capacity is waited for.
        fallback: where it leads after errors of which something else may help.
    """

    next: str
    catch: Catch
    timeout_seconds: int = 300
    policy: RetryPolicy = USUAL
    patience_seconds: int = 1800
    fallback: Catch | None = None


def function(name: str, payload: dict[str, Any], ways: Transitions, output: Any = ANSWER, **assign: Any) -> Task:  # noqa: ANN401 - JSON
    """Invoke a Lambda function; its answer is the state's output unless `output` says otherwise."""
    arguments = {"FunctionName": f"{FUNCTIONS}{name}", "Payload": common() | payload}
    return _task("lambda", INTEGRATIONS["lambda"], arguments, ways, output, assign)


def common() -> dict[str, str]:
    """Return what every function is told, as variables of the machine."""
    return {name: expression(f"${name}") for name in COMMON}


def job(name: str, arguments: dict[str, str], ways: Transitions, output: Any = None) -> Task:  # noqa: ANN401 - JSON
    """Run a Glue job to its end; a run that fails fails the state."""
    asked = {"JobName": f"{JOBS}{name}", "Arguments": arguments}
    return _task("glue", INTEGRATIONS["glue"], asked, ways, output, {})


def query(statement: str, ways: Transitions, output: Any = None, *, is_read: bool = True) -> Task:  # noqa: ANN401 - JSON
    """Run an Athena query to its end; one that changes no row may be run again for any reason."""
    arguments = {"QueryString": statement, "WorkGroup": WORKGROUP}
    return _task("athena", INTEGRATIONS["athena"], arguments, ways, output, {}, is_read=is_read)


def results(rows: int, ways: Transitions, output: Any) -> Task:  # noqa: ANN401 - JSON
    """Fetch the header and the first `rows` rows of the query that the state before has run."""
    ran = expression("$states.input.QueryExecution.QueryExecutionId")
    arguments = {"QueryExecutionId": ran, "MaxResults": rows + 1}
    return _task("athena", INTEGRATIONS["athena results"], arguments, ways, output, {})


def execution(query_id: str, ways: Transitions, output: Any) -> Task:  # noqa: ANN401 - JSON
    """Look at a query that was run; `query_id` is JSONata for its id."""
    arguments = {"QueryExecutionId": expression(query_id)}
    return _task("athena", INTEGRATIONS["athena execution"], arguments, ways, output, {})


def crawler(ways: Transitions) -> Task:
    """Start the crawler; one that is crawling is waited for, as it may have passed by a table before the load."""
    return _task("crawler", INTEGRATIONS["start crawler"], {"Name": CRAWLER}, ways, {"polls": 0}, {})


def crawler_state(ways: Transitions, output: Any) -> Task:  # noqa: ANN401 - JSON
    """Look at what the crawler does and what became of its last crawl."""
    return _task("crawler", INTEGRATIONS["look at crawler"], {"Name": CRAWLER}, ways, output, {})


def publish(ways: Transitions) -> Task:
    """Send people the message that comes in, `{subject, message, kind}`; the state hands on its input."""
    values = {"kind": "$states.input.kind", "pipeline": "$pipeline", "run_id": "$run_id"}
    attributes = {name: {"DataType": "String", "StringValue": expression(text)} for name, text in values.items()}
    arguments = {
        "TopicArn": TOPIC,
        "Subject": expression("$states.input.subject"),
        "Message": expression("$states.input.message"),
        "MessageAttributes": attributes,
    }
    return _task("sns", INTEGRATIONS["sns"], arguments, ways, INPUT, {})


def _task(  # noqa: PLR0913 - all of a task
    service: Service,
    resource: str,
    arguments: Any,  # noqa: ANN401 - JSON
    ways: Transitions,
    output: Any,  # noqa: ANN401 - JSON
    assign: dict[str, Any],
    *,
    is_read: bool = False,
) -> Task:
    retry = retries(service, ways.policy, ways.patience_seconds, is_read=is_read)
    ways_out = ways.catch, output, assign, ways.fallback
    return Task(resource, arguments, ways.next, ways.timeout_seconds, retry, *ways_out)
