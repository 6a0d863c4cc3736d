"""Decide whether the run of a tick has come, from what the lake keeps: the tick's claim, and the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from lakehouse_assets.compute.missed_ticks import Asked, nobody_came, not_ended
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.errors import BadRequest


def asked(event: Mapping[str, Any]) -> Asked:
    """Return which tick an event asks about: the one so many minutes before it was asked.

    Raises:
        BadRequest: the event is none of a schedule that asks.
    """
    try:
        minutes = int(event["minutes"])
        tick = utc_moment(event["asked_at"]).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
        return Asked(event["pipeline"], event["job"], event["schedule"], tick, minutes)
    except (KeyError, ValueError, TypeError) as error:
        raise BadRequest(message=f"the event names no tick: {error}") from error


def missed(of: Asked, claim: Mapping[str, Any] | None, entries: Iterable[Mapping[str, Any]]) -> str | None:
    """Return in a sentence what is missing; None where the tick's run has ended, well or not: that was told already.

    Args:
        of: the tick.
        claim: who has taken the tick; None where nobody has.
        entries: the pipeline's history since the tick.
    """
    if claim is None:
        return nobody_came(of)
    if any(entry.get("run_id") == claim["run_id"] for entry in entries):
        return None
    return not_ended(of, str(claim["run_id"]))
