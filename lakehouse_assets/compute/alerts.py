"""What people are told about a run: one message per kind of trouble, none when all is well.

Belongs here: run report and failed checks in, messages out. Not here: sending them (`notify`), noticing that a run
ended (the command line and Dagster's sensors do, and both may tell: a topic tells each kind once per run).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.compute.reports import RunReport
from lakehouse_assets.contracts import contracts
from lakehouse_assets.load.report import LoadReport

LISTED = 20
"""Checks and files named in one message; the rest is counted."""
LINE_CHARS = 1000
"""Of one line of a message; a key alone may be as long."""


@dataclass(frozen=True)
class FailedCheck:
    """A check that did not pass: table, check, severity (ERROR or WARN), failing rows, and what it found in words."""

    table: str
    check: str
    severity: str
    failing: int | None = None
    description: str = ""

    @property
    def line(self) -> str:
        """The check in one line."""
        return f"{self.severity} {self.table}.{self.check}: {self.description}".rstrip(": ")


def alerts_of(report: RunReport, failed_checks: Sequence[FailedCheck] = ()) -> list[Notification]:
    """The messages that a run calls for; kinds `run_failed`, `checks_failed`, `file_unreadable`.

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


def listed(lines: Sequence[str]) -> str:
    """Lines as a list that fits a message; the rest is counted."""
    more = [f"- and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "\n".join([*(f"- {line[:LINE_CHARS]}" for line in lines[:LISTED]), *more])


def _message(report: RunReport, kind: str, subject: str, body: str) -> Notification:
    text = f"{body}\nRun: {report.run_id}; in the Dagster UI: /runs/{report.run_id}"
    return Notification(report.run_id, report.pipeline, kind, fit_subject(subject), text)


def load_checks(pipeline: str, report: LoadReport) -> Iterator[FailedCheck]:
    """Checks that the load itself answers and that did not pass; all of them warn, as what must hold fails the load."""
    words = _words(pipeline)
    for table, part in report.tables.items():
        if part.rejects:
            codes = ", ".join(f"{code} {count}" for code, count in sorted(part.rejects.items()))
            rows = part.counts.rejected
            yield FailedCheck(table, "rejects", "WARN", rows, f"rejected {rows}, by code: {codes}")
        for code, count in part.warnings.items():
            yield _warned(words, table, code, count)
    for check in report.checks:
        if check.failing:
            yield _warned(words, check.table, check.check, check.failing)


def _warned(words: Mapping[tuple[str, str], str], table: str, code: str, count: int) -> FailedCheck:
    return FailedCheck(table, code, "WARN", count, f"rows {count}: {words.get((table, code), '')}".rstrip(": "))


def _words(pipeline: str) -> dict[tuple[str, str], str]:
    """What each rule says, by table and code."""
    return {(c.name, rule.code): rule.description for c in contracts(pipeline).values() for rule in c.rules}
