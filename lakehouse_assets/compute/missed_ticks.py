"""Say that the run of a schedule's tick has not come: the same words and the same id, whoever finds it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lakehouse_assets.compute.notify import Notification, fit_subject
from lakehouse_assets.core.ticks import tick_name

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

    @property
    def shown(self) -> str:
        """Return the tick in words."""
        return f"the tick {self.tick:%Y-%m-%d %H:%M} UTC of {self.schedule}"


def nobody_came(of: Asked) -> str:
    """Say that no run has begun for a tick."""
    return f"No run has begun for {of.shown}, {of.minutes} minutes later. Look whether its schedule is enabled."


def not_ended(of: Asked, run_id: str) -> str:
    """Say that the run of a tick goes on, or has not even begun."""
    return f"The run {run_id} for {of.shown} has not ended after {of.minutes} minutes."


def message(of: Asked, sentence: str) -> Notification:
    """Return what people are told; of a tick once, as its id is the tick's."""
    subject = fit_subject(f"{of.pipeline}: no run for the tick of {of.tick:%H:%M} UTC")
    return Notification(f"{of.job}-{tick_name(of.tick)}", of.pipeline, MISSED, subject, sentence)
