"""Lambda `EndRun` makes good what an execution left undone that ended before its last state: stopped or timed out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from lakehouse_assets.compute.metrics import tell_metrics
from lakehouse_assets.compute.reports import REPORT, RunReport
from lakehouse_assets.compute.telling import open_topic
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.settings import pipeline_packages, read_settings
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lambdas.endrun.logic import Ending, end

LAST_EVENTS = 100
"""So many events are looked back for the state that was entered last; a state has a few."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Give the pipeline back, record the run as failed and tell people, each unless it was done; answer what was done.

    The event is EventBridge's `Step Functions Execution Status Change` with a status FAILED, TIMED_OUT or ABORTED:
    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html. Lake, topic and pipelines are
    settings of the function.

    Raises:
        LakehouseError: people could not be told; the message is kept and told by whoever comes next.
    """
    names = tuple(package.rpartition(".")[2] for package in pipeline_packages())
    ending = Ending.from_event(_with_state(_with_cause(event["detail"])), names)
    settings = read_settings()
    store = open_store(settings.lake_root, create=False)
    topic = open_topic(store)
    topic.deliver_kept(ending.pipeline)
    done = end(store, ending, topic)
    folder = RunFolder(store, done["pipeline"], done["run_id"])
    report = folder.report(REPORT, RunReport) if done["recorded"] and settings.target == "aws" else None
    if report is not None:
        tell_metrics(folder, open_lake(settings.lake_root), report)
    # The message is kept; that it could not be told is tried again by Lambda, and is a letter among the dead at last.
    topic.require_delivered()
    return done


def _with_cause(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the event's detail with error and cause of a failed execution, which not every event carries."""
    if detail["status"] != "FAILED" or detail.get("cause"):
        return detail
    from lakehouse_assets.storage.aws import client_of
    from lakehouse_assets.storage.service_errors import answering

    with answering("states", "Step Functions"):
        found = client_of("stepfunctions").describe_execution(executionArn=detail["executionArn"])
    return detail | {name: found.get(name) for name in ("error", "cause")}


def _with_state(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the event's detail with the state in which an execution was that was stopped or ran out of time.

    What goes on side by side enters states in turn; the last one stands for them. Where Step Functions does not answer,
    people are told without it.
    """
    if detail["status"] == "FAILED":
        return detail
    from lakehouse_assets.storage.aws import client_of
    from lakehouse_assets.storage.service_errors import answering

    events: list[dict[str, Any]] = []
    with suppress(LakehouseError), answering("states", "Step Functions"):
        found = client_of("stepfunctions").get_execution_history(
            executionArn=detail["executionArn"], reverseOrder=True, maxResults=LAST_EVENTS, includeExecutionData=False
        )
        events += found["events"]
    entered = (event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)
    return detail | {"state": next(entered, None)}
