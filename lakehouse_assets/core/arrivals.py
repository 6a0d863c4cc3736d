"""Decide what landing asks for: which files are ready, which of them a run carries already, what is tried again.

Belongs here: the landing sensor's decision, as values. Not here: listing, run history, Dagster (`graph/sensors.py`).

Files are offered to runs as manifests, one under way at a time: what arrives meanwhile makes up the next one. A file
that is still in landing after its run ended is offered again with the same companions. A file is known by name,
content and time, so the same name dropped again is new work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Self

from lakehouse_assets.core.manifest import FileEntry

RETRIES = 3
"""Limits how often a manifest is offered again after a run that left it in landing; then the daily run takes it."""

MANIFEST_FILES = 2000
"""Limits the files of one offer, because Dagster keeps the list with the run; the others come next."""

NAMED = 10
"""Limits how many files of a kind a tick names."""
GIVEN_UP = f"given up after {RETRIES + 1} runs, until it changes or the daily run takes it"
EMPTY = "empty and left for the daily run, which archives it"
"""Say of a file why no run is asked for."""

Identity = tuple[str, str, int, str]
"""Holds key, etag, size in bytes, and ISO time of last change."""


def identity(entry: FileEntry) -> Identity:
    """Return what makes a landed file this one and no other."""
    return entry.key, entry.etag, entry.size_bytes, entry.modified.isoformat()


@dataclass(frozen=True)
class Offer:
    """Hold the files that one run was asked for, and how often that was done."""

    files: tuple[Identity, ...]
    attempt: int = 1

    @property
    def key(self) -> str:
        """Return the run key: it is the same for the same files, times and attempt, and for nothing else."""
        text = json.dumps([self.attempt, *sorted(self.files)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def pairs(self) -> list[list[str]]:
        """Return what the plan step takes: key and etag of each file."""
        return [[key, etag] for key, etag, *_ in self.files]

    def within(self, present: Collection[Identity]) -> Offer:
        """Return what is left of the offer where only some files are."""
        return Offer(tuple(file for file in self.files if file in present), self.attempt)


@dataclass(frozen=True)
class Cursor:
    """Hold what the sensor remembers: the offers whose files are still in landing, so it never outgrows landing.

    Attributes:
        offers: these offers.
        ahead: files in landing whose time is in the future, and when they were first seen, which stands for it.
    """

    offers: tuple[Offer, ...] = ()
    ahead: tuple[tuple[Identity, datetime], ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Read what `dump` wrote; at first nothing is remembered.

        >>> Cursor.parse(Cursor((Offer((("a.csv", "e", 1, "2025-04-01"),), 2),)).dump()).offers[0].attempt
        2
        """
        found = json.loads(text) if text else []
        offers, ahead = (found, []) if isinstance(found, list) else (found["offers"], found["ahead"])
        return cls(
            tuple(Offer(tuple((k, e, s, m) for k, e, s, m in o["files"]), o["attempt"]) for o in offers),
            tuple(((k, e, s, m), datetime.fromisoformat(seen)) for k, e, s, m, seen in ahead),
        )

    def dump(self) -> str:
        """Write the cursor as JSON: the list of offers, or an object with it when a file is ahead of its time."""
        offers = [{"attempt": offer.attempt, "files": sorted(offer.files)} for offer in self.offers]
        ahead = [[*file, seen.isoformat()] for file, seen in self.ahead]
        return json.dumps({"offers": offers, "ahead": ahead} if ahead else offers)


@dataclass(frozen=True)
class LandingSnapshot:
    """Hold one look at landing: what it holds, when, and how long a file must have been left alone to be whole.

    Attributes:
        entries: files that can be taken.
        now: when it was, UTC.
        quiet_seconds: how long a file must have been left alone.
        seen: when files whose time is in the future were first seen; of one that it lacks that is now.
        left_alone: what cannot be taken now, by key, with why.
    """

    entries: Sequence[FileEntry]
    now: datetime
    quiet_seconds: float
    seen: Mapping[Identity, datetime] = field(default_factory=dict)
    left_alone: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def identities(self) -> frozenset[Identity]:
        """Return the identities of all files in landing."""
        return frozenset(identity(entry) for entry in self.entries)

    def ready(self) -> frozenset[Identity]:
        """Return the files to take: not empty, and left alone for the quiet period."""
        return frozenset(
            identity(entry)
            for entry in self.entries
            if entry.size_bytes and (self.now - self._changed(entry)).total_seconds() >= self.quiet_seconds
        )

    def ahead(self) -> tuple[tuple[Identity, datetime], ...]:
        """Return the files whose time is in the future, and when they were first seen."""
        files = (entry for entry in self.entries if entry.modified > self.now)
        return tuple(sorted((identity(entry), self._changed(entry)) for entry in files))

    def _changed(self, entry: FileEntry) -> datetime:
        """Return when a file was last changed, as far as that can be believed."""
        return entry.modified if entry.modified <= self.now else self.seen.get(identity(entry), self.now)


@dataclass(frozen=True)
class Decision:
    """Hold what to do at this tick: the offer to make or None, what to remember, and why in words.

    `stays` are files that no run is asked for, by key, with why; None while a run is under way, which may take them.
    """

    offer: Offer | None
    cursor: Cursor
    reason: str
    stays: Mapping[str, str] | None = None


def decide(landing: LandingSnapshot, cursor: Cursor, under_way: Collection[str]) -> Decision:
    """Decide what the sensor does at this tick.

    Args:
        landing: what is there now.
        cursor: what was remembered at the last tick.
        under_way: those of the cursor's run keys whose run has not ended.
    """
    landing = replace(landing, seen=dict(cursor.ahead))
    decision = _decide(landing, cursor, under_way)
    is_open = decision.offer is not None or any(offer.key in under_way for offer in cursor.offers)
    remembered = replace(decision.cursor, ahead=landing.ahead())
    return replace(decision, cursor=remembered, stays=None if is_open else _stays(landing, decision))


def _stays(landing: LandingSnapshot, decision: Decision) -> dict[str, str]:
    """Return what of landing no run is asked for, by key, with why."""
    given_up = {key: GIVEN_UP for offer in decision.cursor.offers for key, *_ in offer.files}
    return {**landing.left_alone, **{key: EMPTY for key, *_ in _empty(landing)}, **given_up}


def _decide(landing: LandingSnapshot, cursor: Cursor, under_way: Collection[str]) -> Decision:
    going_on = tuple(offer for offer in cursor.offers if offer.key in under_way)
    left = (offer.within(landing.identities) for offer in cursor.offers if offer not in going_on)
    ended = tuple(offer for offer in left if offer.files)
    if going_on:
        words = "a run is under way; what arrives meanwhile comes next"
        return Decision(None, Cursor((*going_on, *ended)), words)
    return _next(landing, ended)


def _next(landing: LandingSnapshot, ended: tuple[Offer, ...]) -> Decision:
    """Return the next offer when no run is under way: new files first, then what an ended run left behind."""
    known = {file for offer in ended for file in offer.files}
    new = tuple(sorted(landing.ready() - known))[:MANIFEST_FILES]
    if new:
        offer = Offer(new)
        return Decision(offer, Cursor((*ended, offer)), f"new in landing: {len(new)}")
    for position, offer in enumerate(ended):
        if offer.attempt <= RETRIES:
            again = Offer(offer.files, offer.attempt + 1)
            others = (*ended[:position], *ended[position + 1 :])
            return Decision(
                again, Cursor((*others, again)), f"still in landing: {len(again.files)}, attempt {again.attempt}"
            )
    return Decision(None, Cursor(ended), _why_nothing(landing, ended))


def _why_nothing(landing: LandingSnapshot, ended: Sequence[Offer]) -> str:
    young = len(landing.identities - landing.ready() - _empty(landing))
    found = [f"{young} not left alone for long enough"] if young else []
    found += _named(EMPTY, [key for key, *_ in _empty(landing)])
    found += _named(GIVEN_UP, [key for offer in ended for key, *_ in offer.files])
    return "; ".join([*found, *_left_alone(landing)]) or "landing is empty"


def _named(words: str, keys: Sequence[str]) -> list[str]:
    """Return what is said of some files, the first of which are named; nothing of none."""
    more = f", and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return [f"{len(keys)} {words}: {', '.join(sorted(keys)[:NAMED])}{more}"] if keys else []


def _left_alone(landing: LandingSnapshot) -> list[str]:
    """Return a sentence for each of the first files that are left alone, and one for the others."""
    keys = sorted(landing.left_alone)
    further = [f"{len(keys) - NAMED} more left alone"] if len(keys) > NAMED else []
    return [f"{key} is left alone: {landing.left_alone[key]}" for key in keys[:NAMED]] + further


def _empty(landing: LandingSnapshot) -> frozenset[Identity]:
    return frozenset(identity(entry) for entry in landing.entries if not entry.size_bytes)
