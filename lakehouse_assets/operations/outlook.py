"""Say what a run over days would pull: the words that `lakehouse plan` and `lakehouse backfill` share."""

from __future__ import annotations

from datetime import datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from lakehouse_assets.core.outlook import Outlook
from lakehouse_assets.core.request import Window
from lakehouse_assets.operations.terminal import say
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.pipeline import Pipeline


def outlook_of(
    settings: Settings, pipeline: Pipeline, window: Window, now: datetime, *, again: bool = False
) -> Outlook:
    """Return what a run over these days would pull, or pull again; nothing for a pipeline that pulls nothing."""
    from lakehouse_assets.storage.lake import lake_of

    if pipeline.outlook is None:
        return Outlook()
    found: Outlook = resolve_name(pipeline.outlook)(
        settings, lake_of(settings).store, pipeline.zone_in(settings), window, now, again=again
    )
    return found


def say_days(name: str, window: Window, zone: str, found: Outlook) -> None:
    """Print which days a run is of, and how many slices it would pull."""
    days = window.days
    say(f"{name}: {counted(len(days), 'day')}, {days[0]} to {days[-1]} ({zone}), in one run")
    if found.slices:
        slices = (f"{counted(count, 'slice')} of {what}" for what, count in found.slices.items())
        say(f"To pull: {', '.join(slices)}")


def counted(count: int, what: str) -> str:
    """Return a number with a noun.

    >>> counted(1, "day"), counted(1200, "row")
    ('1 day', '1,200 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"
