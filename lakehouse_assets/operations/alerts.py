"""Define `lakehouse alerts`, which lists what people were told, and what they could not be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, pipelines_of, reading
from lakehouse_assets.operations.sql import parse_moment

if TYPE_CHECKING:
    from lakehouse_assets.compute.told import Told
    from lakehouse_assets.compute.troubles import Trouble
    from lakehouse_assets.storage.objects import ObjectStore
    from lakehouse_assets.storage.records import Tell


def alerts(
    pipeline: Annotated[
        str | None, typer.Argument(metavar="[PIPELINE]", help="Only what was told of this pipeline.")
    ] = None,
    *,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what was told since then, in UTC (default: all).")
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print the whole messages as JSON.")] = False,
    lake: LakeOption = None,
) -> None:
    """List what people were told: failures, warnings, recoveries, runs that never came.

    One message tells of one outcome and cause; a cause that comes again is counted and not told again. What a channel
    did not take is kept, and told by the next run or look of the watch.

    Examples:
        lakehouse alerts

        lakehouse alerts PIPELINE --since 2026-11-01 --json
    """
    from lakehouse_assets.compute.telling import SERVICES
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.records import PassedOver

    first = None if since is None else parse_moment(since, "--since")
    store = lake_of(reading(lake)).store
    names, passed_over = pipelines_of(pipeline, lake), PassedOver()
    messages = _messages(store, (*names, *(() if pipeline else (SERVICES,))), first, passed_over)
    if is_json:
        for piece in terminal.json_list(map(_as_json, messages)):
            terminal.data(piece)
    else:
        _show(store, names, messages, passed_over)
    terminal.warn(passed_over.sentence)


def _messages(store: ObjectStore, names: tuple[str, ...], first: datetime | None, tell: Tell) -> Iterator[Told]:
    from lakehouse_assets.compute.told import told

    for name in names:
        yield from told(store, name, first, tell)


def _as_json(one: Told) -> dict[str, Any]:
    return {**asdict(one.message), "undelivered": list(one.undelivered)}


def _show(store: ObjectStore, names: tuple[str, ...], messages: Iterator[Told], tell: Tell) -> None:
    from lakehouse_assets.compute.told import failing

    rows = [
        (one.message.at[:19].replace("T", " "), one.message.kind, one.message.subject, ", ".join(one.undelivered))
        for one in messages
    ]
    if rows:
        terminal.table(("told (UTC)", "kind", "subject", "not delivered"), rows)
    else:
        terminal.say("Nothing was told.")
    for name in names:
        for what, trouble in failing(store, name, tell):
            terminal.say(_failing(name, what, trouble))


def _failing(pipeline: str, what: str, trouble: Trouble) -> str:
    """Say what fails at present.

    >>> from lakehouse_assets.compute.troubles import Trouble
    >>> _failing("weather", "weather", Trouble("key", "the key is twice", "2026-11-26T06:00:00+00:00", 4))
    'failing: weather since 2026-11-26 06:00:00, 4 times in a row: the key is twice'
    """
    name = pipeline if what == pipeline else f"{pipeline} ({what})"
    return f"failing: {name} since {trouble.since[:19].replace('T', ' ')}, {trouble.times}: {trouble.what}"
