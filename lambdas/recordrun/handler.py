"""Lambda `RecordRun` is the last step of a run, good or bad: it records the run, and answers what people are told."""

from __future__ import annotations

import sys
from typing import Any

from lakehouse_assets.compute.metrics import tell_metrics
from lakehouse_assets.compute.telling import open_topic
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lambdas.recordrun.logic import recorded, said


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Record a run, give its pipeline back, and answer `{subject, message, kind}` for people.

    The event holds `run_id`, `pipeline`, `lake` (URI), `fence` (null for a run that never held the pipeline),
    `outcome` (`succeeded`, `failed` or `nothing_to_do`), `failure` (`State`, `Error`, `Cause`, or null), `execution`
    (ARN), `link` and `started_at`. A call that is repeated records nothing twice and answers the same.
    """
    store = open_store(event["lake"], create=False)
    folder = RunFolder(store, event["pipeline"], event["run_id"])
    try:
        if _is_on_aws() and event.get("execution"):
            _meter(folder, event["execution"])
        report = recorded(folder, event)
        message = said(folder, report, open_topic(store))
    finally:
        if event.get("fence"):
            Lease(store, folder.pipeline).give_back(folder.run_id, int(event["fence"]))
    if _is_on_aws():
        tell_metrics(folder, open_lake(event["lake"]), report)
    return message


def _meter(folder: RunFolder, execution: str) -> None:
    """Keep what the execution has used; a run is recorded also where that cannot be known."""
    # What talks to AWS is imported where AWS is the target.
    from lakehouse_assets.compute.aws.execution_usage import keep_execution_usage

    try:
        keep_execution_usage(folder, execution)
    except LakehouseError as error:
        sys.stdout.write(f"lakehouse: the cost of the run is not known: {error}\n")


def _is_on_aws() -> bool:
    from lakehouse_assets.settings import read_settings

    return read_settings().target == "aws"
