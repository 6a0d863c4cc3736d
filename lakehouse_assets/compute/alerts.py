"""Say what people are told about a run: one message for its outcome, with all that is to be said inside it.

Belongs here: run report and failed checks in, a message out. Not here: whether it is news (`troubles`), sending it
(`telling`), noticing that a run ended (the command line, Dagster's sensors and the state machines do, and two of them
may tell: a topic tells once).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from lakehouse_assets.compute.failed_checks import FailedCheck, listed
from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.compute.reports import RunReport
from lakehouse_assets.compute.troubles import End, How, Trouble, Verdict, cause_in

RUN_FAILED, RUN_WARNED, RUN_SUCCEEDED, NOTHING_TO_DO = "run_failed", "run_warned", "run_succeeded", "nothing_to_do"
"""Name the kinds of messages, one for each outcome of a run."""
RECOVERED = "recovered"
"""Names the kind of the message about the first success after a failure."""
REPEATED = "repeated"
"""Names what is no news: people were told of the same cause before."""
HOW: dict[str, How] = {RUN_FAILED: "failed", RUN_WARNED: "warned", RUN_SUCCEEDED: "good", NOTHING_TO_DO: "idle"}
"""Says how a run ended by the kind of its message."""


def end_of(report: RunReport, failed_checks: Sequence[FailedCheck] = ()) -> End:
    """Return the end of a run as it is judged.

    Args:
        report: of the run.
        failed_checks: of this run.
    """
    message = message_of(report, failed_checks)
    how = HOW[message.kind]
    cause = cause_in(report, failed_checks) if how in {"failed", "warned"} else ""
    what = message.body.partition("\n")[0] if how == "failed" else message.subject
    # A tick that is done again has the id of its first run, and may end otherwise.
    return End(
        f"{report.run_id}-{message.kind}",
        how,
        report.ended_at or datetime.now(UTC).isoformat(timespec="seconds"),
        cause,
        what,
    )


def news_of(report: RunReport, verdict: Verdict, failed_checks: Sequence[FailedCheck] = ()) -> Notification | None:
    """Return the message that a run calls for; None when all is as well, or as bad, as people know.

    Args:
        report: of the run.
        verdict: on its end.
        failed_checks: of this run.
    """
    if not verdict.tell:
        return None
    message = message_of(report, failed_checks)
    return message if verdict.recovered is None else recovery(message, verdict.recovered)


def recovery(message: Notification, was: Trouble) -> Notification:
    """Return the message of a success that ends a trouble: what had failed, since when, and how many tries it took."""
    said = message.subject.removeprefix(f"{message.pipeline}: ")
    had = f"What failed since {was.since} ({was.times}) works again. It was: {was.what}"
    subject = fit_subject(f"{message.pipeline}: recovered; {said}")
    return replace(message, kind=RECOVERED, subject=subject, body=f"{had}\n\n{message.body}")


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
