"""Lambda `EndRun` makes good what an execution left undone that ended before its last state: stopped or timed out."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.compute.notify import open_topic
from lakehouse_assets.settings import pipeline_packages, read_settings
from lakehouse_assets.storage.opening import open_store
from lambdas.endrun.logic import Ending, end


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Give the pipeline back, record the run as failed and tell people, each unless it was done; answer what was done.

    The event is EventBridge's `Step Functions Execution Status Change` with a status FAILED, TIMED_OUT or ABORTED:
    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html. Lake, topic and pipelines are
    settings of the function.
    """
    names = tuple(package.rpartition(".")[2] for package in pipeline_packages())
    ending = Ending.from_event(_with_cause(event["detail"]), names)
    store = open_store(read_settings().lake_root, create=False)
    return end(store, ending, open_topic(store))


def _with_cause(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the event's detail with error and cause of a failed execution, which not every event carries."""
    if detail["status"] != "FAILED" or detail.get("cause"):
        return detail
    from lakehouse_assets.storage.aws import client_of
    from lakehouse_assets.storage.service_errors import answering

    with answering("states", "Step Functions"):
        found = client_of("stepfunctions").describe_execution(executionArn=detail["executionArn"])
    return detail | {name: found.get(name) for name in ("error", "cause")}
