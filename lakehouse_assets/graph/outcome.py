"""Find out how a run ended from its events and its folder: the run report, and the checks that did not pass.

Belongs here: what the command line and the sensors both tell. Not here: the words of a message (`compute/alerts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import dagster as dg

from lakehouse_assets.compute.alerts import end_of, news_of
from lakehouse_assets.compute.failed_checks import FailedCheck
from lakehouse_assets.compute.reports import FAILURE, Failure, RunReport, compose
from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.contracts import contracts
from lakehouse_assets.errors import AssertionFailed
from lakehouse_assets.graph.standing import is_news
from lakehouse_assets.storage.runs import RunFolder


@dataclass(frozen=True)
class Outcome:
    """Hold a finished run: its report, and the checks that it evaluated and that did not pass."""

    report: RunReport
    failed_checks: tuple[FailedCheck, ...]

    @property
    def is_failed(self) -> bool:
        """Say whether the run failed."""
        return self.report.status == "failed"

    @property
    def cause(self) -> str:
        """Say in one sentence why the run failed."""
        return self.report.failure.message if self.report.failure else "the run ended before its last step"


def outcome_of(folder: RunFolder, events: Sequence[dg.DagsterEvent], *, success: bool) -> Outcome:
    """Return the outcome of a run that has ended.

    Args:
        folder: what its steps reported.
        events: all that Dagster noted about it.
        success: as Dagster says; a step that failed and went well at its second try has left its failure in the folder.
    """
    known = contracts(folder.pipeline).values()
    checks = failed_checks(events)
    failure = None if success else _interruption(events) or folder.report(FAILURE, Failure) or _cause(events, checks)
    silver, gold = (sorted(c.name for c in known if c.layer == layer) for layer in ("silver", "gold"))
    return Outcome(compose(folder, silver, gold, failure), checks)


def publish(topic: Teller, outcome: Outcome, run_id: str, job: str) -> str | None:
    """Tell people of a run that is news, once; return the kind of the message when it was told now.

    Args:
        topic: what people are told through; what it kept of earlier messages is delivered too.
        outcome: of the run.
        run_id: its own id, also where it works in the folder of the one that it repeats.
        job: its job; causes and recoveries are those of one job.
    """
    report = replace(outcome.report, run_id=run_id)
    topic.deliver_kept(report.pipeline)
    if report.already:
        return None  # whoever has taken the tick tells
    verdict = topic.judge(report.pipeline, job, end_of(report, outcome.failed_checks))
    message = news_of(report, verdict, outcome.failed_checks)
    return message.kind if message is not None and topic.publish(message) else None


def failed_checks(events: Iterable[dg.DagsterEvent]) -> tuple[FailedCheck, ...]:
    """Return checks whose last result in this run did not pass; a result that was only said again is no news."""
    evaluated = (e.asset_check_evaluation_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION")
    latest = {evaluation.asset_check_key: evaluation for evaluation in evaluated if is_news(evaluation)}
    return tuple(failed_check(evaluation) for evaluation in latest.values() if not evaluation.passed)


def failed_check(evaluation: dg.AssetCheckEvaluation) -> FailedCheck:
    """Return a check's evaluation in the form that people are told."""
    failing = evaluation.metadata.get("failing")
    return FailedCheck(
        table=evaluation.asset_key.path[-1],
        check=evaluation.check_name,
        severity=evaluation.severity.value,
        failing=None if failing is None else int(str(failing.value)),
        description=evaluation.description or "",
    )


def _interruption(events: Sequence[dg.DagsterEvent]) -> Failure | None:
    """Say where a run was that somebody ended; None for one that ended by itself."""
    if not any(event.event_type_value == "PIPELINE_CANCELED" for event in events):
        return None
    step = next((event.step_key for event in events if event.is_step_failure), None)
    return Failure(step, "Interrupted", "the run was interrupted; the next one makes up for it")


def _cause(events: Sequence[dg.DagsterEvent], checks: Sequence[FailedCheck]) -> Failure:
    """Say why a run failed whose steps raised no error of ours: a blocking check, or something unexpected."""
    failed = next((event for event in events if event.is_step_failure), None)
    step = failed.step_key if failed else None
    stopped_by = [check for check in checks if check.severity == "ERROR"]
    if stopped_by:
        worst = stopped_by[0]
        error = AssertionFailed(check=f"{worst.table}.{worst.check}", failing=worst.failing, found=worst.description)
        return Failure(step, "AssertionFailed", str(error))
    if failed:
        return _root_of(failed, step)
    ended = [event.message for event in events if event.event_type_value == "PIPELINE_FAILURE"]
    return Failure(None, "Interrupted", (ended or [None])[0] or "the run was stopped")


def _root_of(failed: dg.DagsterEvent, step: str | None) -> Failure:
    """Return the first error behind a step's failure."""
    error = failed.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return Failure(step, "Unknown", "the step failed without an error")
    return Failure(step, error.cls_name or "Unknown", error.message.strip())
