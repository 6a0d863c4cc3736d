"""Hold what a run over days would pull, as a pipeline that pulls works it out without asking anything. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Outlook:
    """Say what a run over days would pull, and what it could not pull any more.

    Attributes:
        slices: how many slices it would pull, by what they are of.
        days: what is to be said of a day, in words.
        notes: what is to be said of all days, in sentences.
    """

    slices: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[date, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
