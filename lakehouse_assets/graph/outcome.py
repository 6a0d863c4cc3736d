"""How a run ended, read from its events and its folder: the run report, and the checks that did not pass.

Belongs here: what the command line and the sensors both tell. Not here: the words of a message (`compute/alerts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from lakehouse_assets.compute.alerts import FailedCheck
from lakehouse_assets.compute.runs import compose
from lakehouse_assets.contracts import contracts
from lakehouse_assets.errors import AssertionFailed
from lakehouse_assets.load.report import COUNTS
from lakehouse_assets.storage.runs import RunFolder


@dataclass(frozen=True)
class Outcome:
    """A finished run: its report and the checks that did not pass.

    Attributes:
        report: run_id, pipeline, status (succeeded, failed, nothing_to_do), what `compute.runs.compose` gives with
            zeros for every silver table, and failure (step, error, message), None when the run did not fail.
    """

    report: dict[str, Any]
    failed_checks: tuple[FailedCheck, ...]

    @property
    def is_failed(self) -> bool:
        """Whether the run failed."""
        return bool(self.report["status"] == "failed")

    @property
    def cause(self) -> str:
        """Why it failed, in one sentence."""
        return str((self.report["failure"] or {}).get("message", "the run ended before its last step"))


def outcome_of(folder: RunFolder, events: Sequence[dg.DagsterEvent], *, success: bool) -> Outcome:
    """The outcome of a run that has ended.

    Args:
        folder: what its steps reported.
        events: all that Dagster noted about it.
        success: as Dagster says; a step that failed and went well at its second try has left its failure in the folder.
    """
    known = contracts(folder.pipeline).values()
    checks = failed_checks(events)
    failure = None if success else folder.read("failure") or _cause(events, checks)
    report = compose(folder, tuple(sorted(c.name for c in known if c.layer == "gold")))
    silver = sorted(c.name for c in known if c.layer == "silver")
    zeros = {name: dict.fromkeys(COUNTS, 0) | report["tables"].get(name, {}) for name in silver}
    worked = (folder.read("plan") or {}).get("has_work") or any(report["gold"].values())
    status = "failed" if failure else "succeeded" if worked else "nothing_to_do"
    ended = {"run_id": folder.run_id, "pipeline": folder.pipeline, "status": status}
    return Outcome({**ended, **report, "tables": zeros, "failure": failure}, checks)


def failed_checks(events: Iterable[dg.DagsterEvent]) -> tuple[FailedCheck, ...]:
    """Checks whose last result in this run did not pass."""
    evaluated = (e.asset_check_evaluation_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION")
    latest = {evaluation.asset_check_key: evaluation for evaluation in evaluated}
    return tuple(failed_check(evaluation) for evaluation in latest.values() if not evaluation.passed)


def failed_check(evaluation: dg.AssetCheckEvaluation) -> FailedCheck:
    """A check's evaluation as what people are told."""
    failing = evaluation.metadata.get("failing")
    return FailedCheck(
        table=evaluation.asset_key.path[-1],
        check=evaluation.check_name,
        severity=evaluation.severity.value,
        failing=None if failing is None else int(str(failing.value)),
        description=evaluation.description or "",
    )


def _cause(events: Sequence[dg.DagsterEvent], checks: Sequence[FailedCheck]) -> dict[str, Any]:
    """Why a run failed whose steps raised no error of ours: a blocking check, or something unexpected."""
    failed = next((event for event in events if event.is_step_failure), None)
    step = failed.step_key if failed else None
    stopped_by = [check for check in checks if check.severity == "ERROR"]
    if stopped_by:
        worst = stopped_by[0]
        error = AssertionFailed(check=f"{worst.table}.{worst.check}", failing=worst.failing)
        return {"step": step, "error": "AssertionFailed", "message": str(error)}
    if failed:
        return {"step": step, **_root_of(failed)}
    ended = [event.message for event in events if event.event_type_value in {"PIPELINE_FAILURE", "PIPELINE_CANCELED"}]
    return {"step": None, "error": "Interrupted", "message": (ended or [None])[0] or "the run was stopped"}


def _root_of(failed: dg.DagsterEvent) -> dict[str, Any]:
    """The first error behind a step's failure."""
    error = failed.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    known = error and {"error": error.cls_name, "message": error.message.strip()}
    return known or {"error": "Unknown", "message": "the step failed without an error"}
