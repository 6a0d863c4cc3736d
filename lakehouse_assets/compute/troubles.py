"""Decide what of the ends of runs is news: the first failure of a cause, other warnings, and the first success after.

Pure: what stood before and an end go in, what stands now and whether it is told come out. Not here: where that is kept
and how people are told (`telling`), and the words (`alerts`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from lakehouse_assets.compute.failed_checks import FailedCheck
from lakehouse_assets.compute.reports import RunReport

SEEN = 50
"""How many ends are remembered by id, so that one that is judged again is answered as it was."""
CAUSE_CHARS = 2_000
OF_RUNS = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*", re.IGNORECASE
)
"""Matches ids of runs and moments, which differ each time."""
COUNT = re.compile(r"(?<![\w./`:-])\d[\d,]*(?:\.\d+)?(?![\w/`:-])")
"""Matches a number that stands by itself, such as a count of rows; digits in names of files and dates are kept."""

How = Literal["failed", "warned", "good", "idle"]
"""Says how a run ended; an idle one has looked at nothing that may have been wrong."""


@dataclass(frozen=True)
class End:
    """Hold the end of a run, or a state that was looked at.

    Attributes:
        id: of the run; each end is judged once.
        how: it ended.
        at: ISO-8601.
        cause: what went wrong, the same text for what is the same; empty where nothing did.
        what: the same in words for people.
    """

    id: str
    how: How
    at: str
    cause: str = ""
    what: str = ""


@dataclass(frozen=True)
class Trouble:
    """Hold what goes wrong since when, ISO-8601, and how many times in a row it was met with this cause."""

    cause: str
    what: str
    since: str
    tries: int = 1

    @property
    def times(self) -> str:
        """Return in words how often it was met.

        >>> Trouble("key", "the key is twice", "2026-11-26T06:00:00+00:00", 4).times
        '4 times in a row'
        """
        return "once" if self.tries == 1 else f"{self.tries} times in a row"


@dataclass(frozen=True)
class Verdict:
    """Say whether an end is told, and what it has put right."""

    tell: bool
    recovered: Trouble | None = None


@dataclass(frozen=True)
class Standing:
    """Hold what people know: what fails, which warnings there are, and the ends that were judged, with the verdict."""

    failed: Trouble | None = None
    warned: Trouble | None = None
    seen: Mapping[str, Verdict] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(replace(self, seen=dict(self.seen)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read plain values."""
        seen = {name: Verdict(one["tell"], _trouble(one["recovered"])) for name, one in data["seen"].items()}
        return cls(_trouble(data["failed"]), _trouble(data["warned"]), seen)


def _trouble(data: Mapping[str, Any] | None) -> Trouble | None:
    return Trouble(**data) if data else None


def judged(standing: Standing, end: End) -> tuple[Standing, Verdict]:
    """Return what stands after an end, and whether it is told.

    A cause that was told is counted and not told again until it changes. Whoever failed before and ends well has
    recovered; a run that found nothing to do has nothing to say about warnings.

    Args:
        standing: what people know.
        end: of a run that was not judged before, else its verdict is that of then.
    """
    if end.id in standing.seen:
        return standing, standing.seen[end.id]
    failed, warned = standing.failed, standing.warned
    if end.how == "failed":
        after, verdict = replace(standing, failed=_again(failed, end)), Verdict(not _same(failed, end))
    else:
        known = _again(warned, end) if end.how == "warned" else (warned if end.how == "idle" else None)
        is_news = failed is not None or (end.how == "warned" and not _same(warned, end))
        after, verdict = replace(standing, failed=None, warned=known), Verdict(is_news, failed)
    seen = {**dict(list(standing.seen.items())[1 - SEEN :]), end.id: verdict}
    return replace(after, seen=seen), verdict


def _same(known: Trouble | None, end: End) -> bool:
    return known is not None and known.cause == end.cause


def _again(known: Trouble | None, end: End) -> Trouble:
    """Return a trouble as it is after one more end; it began with the first failure, whatever that was by."""
    since = known.since if known else end.at
    tries = known.tries + 1 if known else 1
    return Trouble(end.cause, end.what, since, tries)


def cause_in(report: RunReport, failed_checks: Sequence[FailedCheck]) -> str:
    """Return the cause of a run's failure or warnings, the same text for what people would call the same.

    Step and state are left out, as the runtimes name them differently; so are counts, moments and ids of runs. How many
    rows a check found counts by its digits: ten times as many are news.

    Args:
        report: of the run.
        failed_checks: of this run; of one that failed only those that block are its cause.
    """
    if report.status == "failed":
        failure = report.failure
        said = f"{failure.error}: {failure.message}" if failure else "it died"
        blocking = sorted(f"{c.table}.{c.check}" for c in failed_checks if c.severity == "ERROR")
        return plain(" | ".join([said, *blocking]))
    checks = sorted(f"{c.table}.{c.check} {'#' * len(str(c.failing or 0))} {c.description}" for c in failed_checks)
    return plain(" | ".join([*checks, *sorted(report.refusals)]))


def plain(text: str) -> str:
    """Return a text without what differs each time.

    >>> plain("run 5f0c1b1e-0f7a-4c59-9d5e-0123456789ab: 41 of 1,000 rows of `readings/2025-04-09.csv`")
    'run #: # of # rows of `readings/2025-04-09.csv`'
    """
    same = COUNT.sub("#", OF_RUNS.sub("#", text))
    if len(same) <= CAUSE_CHARS:
        return same
    return f"{same[:CAUSE_CHARS]}... {hashlib.sha256(same.encode()).hexdigest()}"  # a list may differ at its end only
