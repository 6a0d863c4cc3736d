"""Decide what people are told about a run: one message per kind of trouble, none when all is well.

Belongs here: run report and failed checks in, messages out. Not here: sending them (`notify`), noticing that a run
ended (the command line and Dagster's sensors do, and both may tell: a topic tells each kind once per run).
"""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse_assets.compute.failed_checks import FailedCheck, listed
from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.compute.reports import RunReport


def alerts_of(report: RunReport, failed_checks: Sequence[FailedCheck] = ()) -> list[Notification]:
    """Return the messages that a run calls for; kinds `run_failed`, `checks_failed`, `file_unreadable`.

    Args:
        report: of the run.
        failed_checks: of this run.
    """
    told = [_run_failed(report), _checks_failed(report, failed_checks), _file_unreadable(report)]
    return [message for message in told if message is not None]


def _run_failed(report: RunReport) -> Notification | None:
    if report.status != "failed":
        return None
    failure = report.failure
    where = f" in {failure.step}" if failure and failure.step else ""
    cause = failure.message if failure else "the cause is in Dagster's log of the run"
    body = f"The run failed{where}: {cause}\n\nFiles stay in landing; the next run takes them up again."
    return _message(report, "run_failed", f"{report.pipeline}: run failed{where}", body)


def _checks_failed(report: RunReport, failed: Sequence[FailedCheck]) -> Notification | None:
    if not failed:
        return None
    ordered = sorted(failed, key=lambda check: (check.severity, check.table, check.check))
    errors = sum(check.severity == "ERROR" for check in failed)
    counts = {"failed": errors, "warned": len(failed) - errors}
    subject = f"{report.pipeline}: checks {', '.join(f'{word}: {count}' for word, count in counts.items() if count)}"
    body = f"{listed([check.line for check in ordered])}\n\nLook: `lakehouse checks`"
    return _message(report, "checks_failed", subject, body)


def _file_unreadable(report: RunReport) -> Notification | None:
    # A failed run leaves refused files in landing; the run that takes them away tells of them.
    if not report.refusals or report.status == "failed":
        return None
    subject = f"{report.pipeline}: files refused: {len(report.refusals)}"
    lines = [report.refusals[key] for key in sorted(report.refusals)]
    return _message(
        report, "file_unreadable", subject, f"{listed(lines)}\n\nThey were moved to quarantine/ in the lake."
    )


def _message(report: RunReport, kind: str, subject: str, body: str) -> Notification:
    text = f"{body}\nRun: {report.run_id}; in the Dagster UI: /runs/{report.run_id}"
    return Notification(report.run_id, report.pipeline, kind, fit_subject(subject), text)
