"""Lambda `PlanRun` is the first step of a run: it takes the pipeline and freezes what there is to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from lakehouse_assets.compute.load_engine import LoadEngine
from lakehouse_assets.core.request import (
    FIELDS,
    RunRequest,
    parse_request,
    refuse_asks_of_others,
    require_few_days,
    resolve,
)
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.ticks import take_tick
from lambdas.planrun.hold import Plan, planned
from lambdas.planrun.logic import Planned, plan, taken_before

PARAMETERS = ("engine",)
"""Names what a machine's input may give besides the fields of a request."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Plan a run and return the plan's report, with the days of the run as `window`, and the `fence` of its hold.

    The event holds `run_id`, `pipeline`, `landing` and `lake` (URIs), and the fields of `core.request.RunRequest` that
    the pipeline is asked; `window_days`, `most_days` and `source_timezone` for a pipeline that works on days;
    `short_jobs`, what its shorter jobs are known by, and the run's own `job`. Dagster has refused what is asked of the
    wrong job, and names none; a machine takes whatever input it is given, and hands it on whole as `asked`.

    A machine's event also holds `execution` (its ARN) and `hold_seconds`: the plan takes the pipeline's lease, for so
    long without a sign of life, and gives it back when there is nothing to do. `engine`, `small_bytes` and
    `small_files` say what loads (`compute.load_engine`).
    """
    request = asked_of(event)
    lake = open_lake(event["lake"])
    lake.require_here()
    lake.create()
    landing = open_store(event["landing"], create=request.mode != "load" or request.window is not None)
    work = Planned(event["run_id"], event["pipeline"], request, landing, lake, LoadEngine.from_event(event))
    already = take_tick(lake.store, job_of(event, request), request.tick, work.run_id, event.get("execution"))
    made = Plan(taken_before(work, already), 0) if already else planned(event, lake.store, lambda: plan(work))
    return asdict(made.report) | {"window": request.to_dict()["window"], "fence": made.fence}


def asked_of(event: Mapping[str, Any]) -> RunRequest:
    """Return what a run is asked, with its clock and its days fixed.

    Raises:
        BadRequest: the event, or the input that it hands on, asks for something that is not allowed.
    """
    own, whole = [name for name in FIELDS if name in event], event.get("asked") or {}
    if not isinstance(whole, Mapping):
        raise BadRequest(message=f"a run's input is an object of what it is asked, such as {{}}, not `{whole}`")
    parse_request({name: value for name, value in whole.items() if name not in PARAMETERS}, own)
    if event.get("job"):
        refuse_asks_of_others(event["job"], event, event.get("short_jobs") or {})
    given = parse_request({name: event[name] for name in own})
    request = resolve(given, datetime.now(UTC), event.get("source_timezone") or "UTC", event.get("window_days"))
    require_few_days(request.window, event.get("most_days"))
    return request


def job_of(event: Mapping[str, Any], request: RunRequest) -> str:
    """Return the job whose tick a run is for: Dagster names none, and a short run is known by what it is asked."""
    asks, short = request.to_dict(), event.get("short_jobs") or {}
    own = (name for name, known in short.items() if all(asks.get(field) == value for field, value in known.items()))
    return str(event.get("job") or next(own, event["pipeline"]))
