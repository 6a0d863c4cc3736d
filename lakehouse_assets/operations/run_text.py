"""Print a run report for people: what was read, what was rejected and why, what came of it, where things are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.core.shown import MOST_NAMES, listed, visible
from lakehouse_assets.load.report import COUNTS, Counts
from lakehouse_assets.operations.broken import broken_models
from lakehouse_assets.operations.outlook import counted
from lakehouse_assets.operations.terminal import say, table
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.compute.reports import RunReport
    from lakehouse_assets.graph.outcome import Outcome

STATUS = {"succeeded": "✔ succeeded", "nothing_to_do": "✔ nothing to do", "failed": "✘ failed"}
WIDTH, SPACE = 100, 3
"""Limit how wide a table is, with so much between two columns, before its rows and columns change places."""
ALWAYS = frozenset({"read", "rejected", "inserted", "updated", "unchanged"})
"""Names counts that are shown although they are 0 everywhere."""


def show(outcome: Outcome, settings: Settings, seconds: float) -> None:
    """Print the whole report on stdout."""
    from lakehouse_assets.pipelines import pipeline_of

    report = outcome.report
    say(f"{STATUS[report.status]}: {report.pipeline}, run {report.run_id}, {seconds:.1f} s")
    if report.status == "nothing_to_do":
        waiting = f"{report.waiting} rows wait for a parent" if report.waiting else "no row is waiting"
        landing = pipeline_of(report.pipeline).landing_in(settings)
        which = "gold that can be built" if broken_models(report.pipeline) else "gold"
        say(f"Nothing new in {landing}, {waiting}, and {which} is up to date.")
        _left_alone(report)
        return
    _show_work(report)
    _checks(outcome)
    where(report, settings)


def show_report(report: RunReport, settings: Settings) -> None:
    """Print what a run did that ended some time ago: counts, codes, files, gold, where things are."""
    if report.status == "nothing_to_do":
        _left_alone(report)
    else:
        _show_work(report)
    where(report, settings)


def _show_work(report: RunReport) -> None:
    show_counts(report.tables)
    _codes(report)
    _files(report)
    _gold(report)


def show_counts(tables: Mapping[str, Counts]) -> None:
    """Print what became of the rows read: a column per table, or a row per table where there are too many of them."""
    if not any(counts.read or counts.retried for counts in tables.values()):
        return
    if sum(map(len, ("silver", *tables))) + SPACE * len(tables) <= WIDTH:
        rows = [(name, *(getattr(counts, name) for counts in tables.values())) for name in COUNTS]
        table(("silver", *tables), rows, right=tuple(tables))
        return
    read = {name: counts for name, counts in tables.items() if counts.read or counts.retried}
    names = [name for name in COUNTS if name in ALWAYS or any(getattr(counts, name) for counts in read.values())]
    lines = [(one, *(getattr(counts, name) for name in names)) for one, counts in read.items()]
    table(("silver", *names), lines, right=names, close=True)
    unread = [name for name in tables if name not in read]
    if unread:
        say(f"Nothing was read for {listed(unread)}.")


def _codes(report: RunReport) -> None:
    rows = [(code, "rejected", count) for code, count in report.rejects.items()]
    rows += [(code, "warned", count) for code, count in report.warnings.items()]
    if rows:
        table(("rule", "verdict", "rows"), rows, right=("rows",))
    for hint in report.hints:
        say(f"Hint: {hint}; they differ in blanks, case, leading zeros or `.0` only")


def _files(report: RunReport) -> None:
    _first("", report.notes)
    _first("Refused", report.refusals.values())
    _first("Left for the next run", [f"{key} changed while this one was going on" for key in report.skipped_files])
    _first("File time", report.doubts)
    _first("", ignored_columns(report.extra_columns))
    _left_alone(report)


def ignored_columns(extra: Mapping[str, Collection[str]]) -> list[str]:
    """Say which columns were ignored, once for all files that have the same ones."""
    files: dict[str, list[str]] = {}
    for key, columns in extra.items():
        files.setdefault(listed(columns), []).append(key)
    several = {columns: f" and {len(keys) - 1} more files" if len(keys) > 1 else "" for columns, keys in files.items()}
    return [f"Ignored in {keys[0]}{several[columns]}: unknown columns {columns}" for columns, keys in files.items()]


def _left_alone(report: RunReport) -> None:
    _first("Back in landing", [f"{key} was written on after it was archived" for key in report.given_back])
    alone = [f"{key}, {why}" for key, why in report.left_alone.items()]
    _first("Left alone", alone, further=report.left_alone_count - len(alone))


def _first(what: str, sentences: Collection[str], *, further: int = 0) -> None:
    """Print the first sentences, and how many more there are; the report knows of `further` ones by number only."""
    begin = f"{what}: " if what else ""
    for sentence in islice(sentences, MOST_NAMES):
        say(visible(f"{begin}{sentence}"))  # a name may hold a newline
    more = max(len(sentences) - MOST_NAMES, 0) + further
    if more:
        say(f"{begin}{more:,} more, see report.json")


def _gold(report: RunReport) -> None:
    names = ("inserted", "updated", "deleted", "rows")
    built = {name: counts for name, counts in report.gold.items() if counts}
    if built:
        rows = [(name, *(getattr(counts, n) for n in names)) for name, counts in built.items()]
        table(("gold", *names), rows, right=names)
    for name, why in report.rebuilt.items():
        say(f"{name}: rebuilt, {why}")
    for name, said in report.kept_out.items():
        _first(f"{name} lacks", said)


def _checks(outcome: Outcome) -> None:
    for check in outcome.failed_checks:
        say(f"Check {check.line}")


def where(report: RunReport, settings: Settings) -> None:
    """Print where files went, how long the steps took, and where to look."""
    left = f", left in landing: {len(report.left)}" if report.left else ""
    apart = f", in quarantine: {report.quarantined}" if report.quarantined else ""
    say(f"Archived: {counted(report.archived - report.quarantined, 'file')}{apart}{left}")
    shown = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in report.timings.items())
    say(f"Timings: {shown}")
    folder = f"{settings.lake_root}/runs/{report.pipeline}/{report.run_id}"
    say(f"Lake: {short(settings.lake_root)}   report: {short(f'{folder}/report.json')}")


def short(place: str) -> str:
    """Return a place, relative to the current folder where it lies below that."""
    here, path = Path.cwd(), Path(place)
    return str(path.relative_to(here)) if path.is_relative_to(here) else place
