"""Define `lakehouse status`, which says in a few lines how each pipeline stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, pipelines_of, reading

if TYPE_CHECKING:
    from lakehouse_assets.operations.recorded import Recorded
    from lakehouse_assets.operations.status_facts import Age, Standing

Format = Literal["table", "json"]
NEVER = "never run"
"""Is the status of a check that has no result."""
MOST = 3
"""How many failing checks and late tables are named."""


def status(
    pipeline: Annotated[
        str | None, typer.Argument(metavar="[PIPELINE]", help="Only this pipeline (default: those in the lake).")
    ] = None,
    *,
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = "table",  # noqa: A002 - the option's name
    lake: LakeOption = None,
) -> None:
    """Say how each pipeline stands: last run, what waits, open rejects, checks, age, who holds it, what is next.

    Nothing is run and nothing is written; `lakehouse checks` ends with an exit code for scripts.

    Examples:
        lakehouse status

        lakehouse status --format json
    """
    from lakehouse_assets.operations.status_facts import standings

    settings, now = reading(lake), datetime.now(UTC)
    found = standings(settings, pipelines_of(pipeline, lake), now)
    if format == "json":
        terminal.data("".join(terminal.json_list(one.to_dict() for one in found)))
        return
    for number, one in enumerate(found):
        terminal.say(("\n" if number else "") + one.pipeline)
        for what, said in lines(one, now):
            terminal.say(f"  {what:<10} {said}")


def lines(one: Standing, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is said of a pipeline: of what, and the words."""
    from lakehouse_assets.operations.run_text import short

    yield "last run", _last(one.last, now)
    if one.holder:
        yield "held by", one.holder
    if one.queued:
        yield "queued", _counted(one.queued, "run")
    if one.landing is not None:
        each = ", ".join(f"{name} {count}" for name, count in sorted(one.landed.items()))
        alone = f"; {one.left_alone} left alone, see `lakehouse plan`" if one.left_alone else ""
        there = f"{_counted(sum(one.landed.values()), 'file')}{f' ({each})' if each else ''}"
        yield "landing", f"{there} in {short(one.landing)}{alone}"
    yield "pending", f"{_counted(one.pending, 'row')} for a parent" if one.pending else "nothing"
    yield "rejects", f"{one.rejects} open" if one.rejects else "none open"
    yield "checks", _checks(one)
    if one.ages:
        yield "freshness", _ages(one.ages)
    yield "next", _next(one)
    for problem in one.problems:
        yield "problem", problem


def _last(run: Recorded | None, now: datetime) -> str:
    from lakehouse_assets.operations.runs import MARKS, took

    if run is None or run.ended_at is None:
        return "none has ended here"
    ago = took(max(0.0, (now - run.ended_at).total_seconds()))
    state = f"{MARKS[run.status]} {run.status.replace('_', ' ')} {ago} ago"
    span = f", took {took(run.seconds)}" if run.seconds is not None else ""
    cause = f": {run.cause}" if run.cause else ""
    return f"{state}{span}, run {run.label}{f', by {run.trigger}' if run.trigger else ''}{cause}"


def _checks(one: Standing) -> str:
    if not one.checks:
        return "none"
    if set(one.checks) == {NEVER} and one.last is not None:
        return f"none of {one.checks[NEVER]} has run in this lake; `lakehouse checks {one.pipeline} --now` asks them"
    words = ", ".join(f"{count} {state}" for state, count in sorted(one.checks.items(), key=lambda item: -item[1]))
    return f"✘ {words}; required and not good: {_some(one.failing)}" if one.failing else f"✔ {words}"


def _ages(ages: tuple[Age, ...]) -> str:
    late = [age for age in ages if age.is_late]
    if not late:
        return f"✔ newest {min(str(age.newest) for age in ages)} or later in all {len(ages)} tables"
    oldest = max(late, key=lambda age: age.days if age.days is not None else float("inf"))
    newest = "no row" if oldest.newest is None else f"newest {oldest.newest}, {_counted(oldest.days or 0, 'day')} ago"
    return f"! {len(late)} of {len(ages)} tables too old: {oldest.table} {newest}, {oldest.allowed} allowed"


def _next(one: Standing) -> str:
    on = [tick for tick in one.ticks if tick.is_on]
    if not on:
        return "no schedule is on"
    said = f"{on[0].at:%Y-%m-%d %H:%M} UTC ({on[0].schedule})"
    if one.starter == "dagster" and not one.is_daemon_alive:
        return f"{said}, if `lakehouse dev` runs by then: no daemon does now"
    return said


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
