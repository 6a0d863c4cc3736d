"""Decide what people are told about a run: one message for its outcome, with all that is to be said inside it.

Belongs here: run report and failed checks in, a message out. Not here: sending it (`notify`), noticing that a run
ended (the command line, Dagster's sensors and the state machines do, and two of them may tell: a topic tells once).
"""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse_assets.compute.failed_checks import FailedCheck, listed
from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.compute.reports import RunReport

RUN_FAILED, RUN_WARNED, RUN_SUCCEEDED, NOTHING_TO_DO = "run_failed", "run_warned", "run_succeeded", "nothing_to_do"
"""Name the kinds of messages, one for each outcome of a run."""
CALM = {RUN_SUCCEEDED, NOTHING_TO_DO}
"""Holds the kinds that call for nobody."""


def alert_of(report: RunReport, failed_checks: Sequence[FailedCheck] = ()) -> Notification | None:
    """Return the message that a run calls for; None when all is well.

    Args:
        report: of the run.
        failed_checks: of this run.
    """
    message = message_of(report, failed_checks)
    return None if message.kind in CALM else message


def message_of(report: RunReport, failed_checks: Sequence[FailedCheck] = ()) -> Notification:
    """Return the one message for the outcome of a run; warnings and refused files are told inside it.

    Args:
        report: of the run.
        failed_checks: of this run.
    """
    # A failed run leaves refused files in landing; the run that takes them away tells of them.
    refused = {} if report.status == "failed" else report.refusals
    warned = [*_counted(failed_checks), *([f"files refused: {len(refused)}"] if refused else [])]
    body = [*_checks_listed(failed_checks), *_refused_listed(refused)]
    if report.status == "failed":
        failure = report.failure
        where = f" in {failure.place}" if failure and failure.place else ""
        cause = failure.message if failure else "the cause is in Dagster's log of the run"
        first = f"The run failed{where}: {cause}\n\nFiles stay in landing; the next run takes them up again."
        return _message(report, RUN_FAILED, f"run failed{where}", [first, *body])
    if warned:
        return _message(report, RUN_WARNED, ", ".join(warned), body)
    if report.status == "nothing_to_do":
        return _message(report, NOTHING_TO_DO, "nothing to do", [report.already or "Nothing had landed."])
    return _message(report, RUN_SUCCEEDED, "run succeeded", [_done(report)])


def _counted(failed: Sequence[FailedCheck]) -> list[str]:
    errors = sum(check.severity == "ERROR" for check in failed)
    counts = {"failed": errors, "warned": len(failed) - errors}
    said = ", ".join(f"{word}: {count}" for word, count in counts.items() if count)
    return [f"checks {said}"] if said else []


def _checks_listed(failed: Sequence[FailedCheck]) -> list[str]:
    if not failed:
        return []
    ordered = sorted(failed, key=lambda check: (check.severity, check.table, check.check))
    return [f"{listed([check.line for check in ordered])}\n\nLook: `lakehouse checks`"]


def _refused_listed(refusals: dict[str, str]) -> list[str]:
    lines = [refusals[key] for key in sorted(refusals)]
    return [f"Files refused:\n{listed(lines)}\n\nThey were moved to quarantine/ in the lake."] if lines else []


def _done(report: RunReport) -> str:
    rows = sum(counts.inserted + counts.updated for counts in report.tables.values())
    built = sum(counts is not None for counts in report.gold.values())
    return f"Rows new or updated in silver: {rows:,}; gold tables built: {built}; files archived: {report.archived:,}."


def _message(report: RunReport, kind: str, subject: str, paragraphs: Sequence[str]) -> Notification:
    where = report.link or f"in the Dagster UI: /runs/{report.run_id}"
    text = "\n\n".join([*paragraphs, f"Run: {report.run_id}; {where}"])
    return Notification(report.run_id, report.pipeline, kind, fit_subject(f"{report.pipeline}: {subject}"), text)
