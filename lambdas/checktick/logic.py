"""Decide whether the run of a tick has come, from what the lake keeps: the tick's claim, and the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.core.ticks import tick_name
from lakehouse_assets.errors import BadRequest

MISSED = "tick_missed"
"""Names the kind of the message."""


@dataclass(frozen=True)
class Asked:
    """Hold which tick is asked about.

    Attributes:
        pipeline: whose tick.
        job: the pipeline's job, or a short run of it.
        schedule: the schedule's name.
        tick: its moment.
        minutes: how long ago that is.
    """

    pipeline: str
    job: str
    schedule: str
    tick: datetime
    minutes: int


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
    at = f"the tick {of.tick:%Y-%m-%d %H:%M} UTC of {of.schedule}"
    if claim is None:
        return f"No run has begun for {at}, {of.minutes} minutes later. Look whether its schedule is enabled."
    if any(entry.get("run_id") == claim["run_id"] for entry in entries):
        return None
    return f"The run {claim['run_id']} for {at} has not ended after {of.minutes} minutes."


def message(of: Asked, sentence: str) -> Notification:
    """Return what people are told."""
    subject = fit_subject(f"{of.pipeline}: no run for the tick of {of.tick:%H:%M} UTC")
    return Notification(f"{of.job}-{tick_name(of.tick)}", of.pipeline, MISSED, subject, sentence)
