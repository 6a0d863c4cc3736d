"""Print rejected and waiting rows for people: counts and totals, what a replay would read, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lakehouse_assets.core.shown import MOST_NAMES
from lakehouse_assets.load.hints import shown
from lakehouse_assets.operations.outlook import counted
from lakehouse_assets.operations.reject_rows import STATUSES, Grouping, summary
from lakehouse_assets.operations.terminal import say, table

if TYPE_CHECKING:
    from lakehouse_assets.operations.waiting_keys import WaitedFor

Row = Mapping[str, Any]


def show_groups(counts: Sequence[Row], by: Grouping | None) -> None:
    """Print the counts of rejected rows as a table, with their totals, by code and by file too.

    A status that no row has is left out, but for open.
    """
    groups = summary(counts, by)
    named = [name for name in STATUSES if name == "open" or any(group[name] for group in groups)]
    names = [name for name in groups[0] if name not in STATUSES]
    rows = [tuple(group[name] for name in (*names, *named)) for group in groups]
    table((*names, *named), rows, right=named)
    totals = {status: sum(row["n"] for row in counts if row["status"] == status) for status in STATUSES}
    said = ", ".join(f"{totals[name]:,} {name}" for name in named)
    files = len({(row["dataset"], row["file"]) for row in counts})
    say(f"Total: {counted(sum(totals.values()), 'rejected row')} of {counted(files, 'file')}: {said}")
    open_rows = [row for row in counts if row["status"] == "open"]
    if open_rows and by is None:
        say(f"Open by code: {_by_code(open_rows)}")
        say(f"Open by file: {_by_file(open_rows)}")


def show_pending(groups: Sequence[Row], last: str) -> None:
    """Print the counts of rows that wait for a parent, and until when they do.

    Args:
        groups: as of `Rejects.pending`.
        last: how long a row waits, in words.
    """
    names = ("dataset", "file", "codes", "first_seen")
    rows = [(*(row[name] for name in names[:3]), f"{row['first_seen']:%Y-%m-%d}", row["n"]) for row in groups]
    table(("dataset", "file", "waits for", "since (UTC)", "rows"), rows, right=("rows",))
    say(f"Total: {counted(sum(row['n'] for row in groups), 'row')} waiting; each is rejected {last} after it came.")


def show_waited_for(parents: Sequence[WaitedFor]) -> None:
    """Print the keys that most rows wait for."""
    rows = [(one.code, shown(one.key), one.rows, "" if one.known is None else shown(one.known)) for one in parents]
    if rows:
        table(("waits for", "key", "rows", "looks like"), rows, right=("rows",))


def say_pending(groups: Sequence[Row]) -> None:
    """Print how many rows wait for a parent, where any does."""
    if groups:
        waiting = sum(row["n"] for row in groups)
        say(f"{counted(waiting, 'row')} wait{'s' if waiting == 1 else ''} for a parent: `lakehouse rejects pending`")


def say_asked(counts: Sequence[Row]) -> None:
    """Print which rows a replay reads again."""
    rows = counted(sum(row["n"] for row in counts), "row")
    say(f"To replay: {rows}, by code: {_by_code(counts)}; by file: {_by_file(counts)}")


def say_became(rows: int, run_id: str, became: Mapping[str, int], left: Sequence[Row]) -> None:
    """Print what became of the rows that were read again, and what is open now."""
    said = f"{became['accepted']} accepted, {became['rejected']} still rejected, {became['pending']} pending"
    say(f"Replayed {counted(rows, 'row')} in run {run_id}: {said}.")
    if left:
        say(f"Open now: {counted(sum(row['n'] for row in left), 'row')}, by code: {_by_code(left)}")


def _by_code(counts: Iterable[Row]) -> str:
    return _most((code, row["n"]) for row in counts for code in row["codes"].split(","))


def _by_file(counts: Iterable[Row]) -> str:
    return _most((row["file"], row["n"]) for row in counts)


def _most(found: Iterable[tuple[str, int]]) -> str:
    """Return the sums by name, the largest first; beyond some the rest is counted."""
    sums: dict[str, int] = {}
    for name, count in found:
        sums[name] = sums.get(name, 0) + count
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    more = f" and {len(ordered) - MOST_NAMES} more" if len(ordered) > MOST_NAMES else ""
    return ", ".join(f"{name} {count:,}" for name, count in ordered[:MOST_NAMES]) + more
