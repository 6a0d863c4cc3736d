"""Take the pipeline for a whole execution before its work is planned: every later step joins this hold by its fence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lakehouse_assets.compute.executions import Execution, note
from lakehouse_assets.compute.reports import PlanReport
from lakehouse_assets.storage.held import held
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.objects import ObjectStore


@dataclass(frozen=True)
class Plan:
    """Hold a plan's report and the fence of the hold that the run goes on under; 0 where it has none of its own."""

    report: PlanReport
    fence: int


def planned(event: Mapping[str, Any], store: ObjectStore, plan: Callable[[], PlanReport]) -> Plan:
    """Plan a run under its hold: one taken here for an execution, one joined by its fence, or that of the process.

    The same execution may plan twice, as Lambda repeats a call: it goes on with the hold that it has.

    Args:
        event: of the function.
        store: the lake.
        plan: makes the plan.

    Raises:
        LeaseHeld: another run holds the pipeline.
        FenceLost: the hold that was to be joined is over.
    """
    if not event.get("hold_seconds"):
        with held(event):
            return Plan(plan(), int(event.get("fence") or 0))
    run_id = event["run_id"]
    lease = Lease(store, event["pipeline"]).acquire(run_id, hold_seconds=float(event["hold_seconds"]))
    try:
        if event.get("execution"):
            made = Execution(
                event["execution"], event["pipeline"], run_id, lease.fence, event.get("tick"), event.get("job") or ""
            )
            note(store, made)
        report = plan()
    except BaseException:
        lease.release()
        raise
    if report.has_work:
        lease.leave()
    else:
        lease.release()
    return Plan(report, lease.fence)
