"""Lambda `PlanRun` is the first step of a run: it writes the manifest and answers what there is to do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from lakehouse_assets.core.request import FIELDS, parse_request, refuse_asks_of_others, require_few_days, resolve
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.opening import open_store
from lambdas.planrun.logic import Planned, plan


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Plan a run and return the plan's report, with the days of the run as `window`.

    The event holds `run_id`, `pipeline`, `landing` and `lake` (URIs), and the fields of `core.request.RunRequest` that
    the pipeline is asked; `window_days`, `most_days` and `source_timezone` for a pipeline that works on days;
    `short_jobs`, what its shorter jobs are known by, and the run's own `job`. Dagster has refused what is asked of the
    wrong job, and names none; a machine takes whatever input it is given.
    """
    if event.get("job"):
        refuse_asks_of_others(event["job"], event, event.get("short_jobs") or {})
    asked = parse_request({name: event[name] for name in FIELDS if name in event})
    request = resolve(asked, datetime.now(UTC), event.get("source_timezone") or "UTC", event.get("window_days"))
    require_few_days(request.window, event.get("most_days"))
    lake = open_lake(event["lake"])
    lake.require_here()
    lake.create()
    landing = open_store(event["landing"], create=request.mode != "load" or request.window is not None)
    report = plan(Planned(event["run_id"], event["pipeline"], request, landing, lake))
    return asdict(report) | {"window": request.to_dict()["window"]}
