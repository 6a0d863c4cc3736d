"""Define how large, how dirty and where a simulated tenant is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from lakehouse_assets.errors import BadRequest

KEY = "fake-admin-key-of-the-simulator"
"""The key that may see everything, unless another one is set; it opens nothing but a simulator."""
RESTRICTED_KEY = "fake-restricted-key-of-the-simulator"
"""The key of somebody who may not use the admin's methods."""
CONVERSION_RATIO = 50
"""One click in so many converts, unless a number of conversions is set."""
NOW_UTC = time(6, 30)
"""Time of day at which the virtual clock stands at first: 9:30 in the tenant's zone."""
LAST_YEAR = 2099
MOST_CLICKS, MOST_CONVERSIONS = 10_000_000, 500_000
"""Of a day; a conversion's number has to fit into its id."""


@dataclass(frozen=True)
class SimulatorSpec:
    """Say what a simulator is asked for; equal specs give equal worlds.

    Attributes:
        seed: start of every draw.
        start: first day with traffic, in UTC.
        days: whole days of history when the clock is first read; the world goes on from there as the clock moves.
        clicks_per_day: clicks of each UTC day.
        conversions_per_day: conversions of the clicks of each UTC day; None for one click in fifty.
        offers: how many offers there are.
        affiliates: how many affiliates there are.
        advertisers: how many advertisers there are.
        managers: how many managers there are.
        zone: the tenant's zone, in which naive times are written.
        faults: names of switches, each with its options if need be: `server-error:skip=3,times=2`.
        key: what the admin's key is.
        edit_minutes: how long an edit of a conversion takes to apply.

    Raises:
        BadRequest: a number is out of range.
    """

    seed: int = 7
    start: date = date(2026, 3, 2)
    days: int = 14
    clicks_per_day: int = 1000
    conversions_per_day: int | None = None
    offers: int = 24
    affiliates: int = 30
    advertisers: int = 8
    managers: int = 5
    zone: str = "Europe/Moscow"
    faults: tuple[str, ...] = field(default=())
    key: str = KEY
    edit_minutes: int = 5

    def __post_init__(self) -> None:
        for problem, wrong in self._problems().items():
            if wrong:
                raise BadRequest(message=f"a simulator cannot be started: {problem}")

    def _problems(self) -> dict[str, bool]:
        things = (self.offers, self.affiliates, self.advertisers, self.managers)
        return {
            "seed must be 0 or more": self.seed < 0,
            "days must be 0 or more, and end before the year 2100": not (
                self.days >= 0 and self.start.year + self.days // 365 < LAST_YEAR
            ),
            "rows per day must be 1 to 10 million": not 1 <= self.clicks_per_day <= MOST_CLICKS,
            "there cannot be more conversions than clicks, nor more than 500,000 a day": not (
                0 <= self.conversions <= min(self.clicks_per_day, MOST_CONVERSIONS)
            ),
            "there must be 8 or more offers, affiliates, and 2 or more advertisers and managers": (
                min(things[:2]) < 8 or min(things[2:]) < 2  # noqa: PLR2004 - as the sentence says
            ),
            "the key must not be empty": not self.key,
        }

    @property
    def conversions(self) -> int:
        """Return how many conversions the clicks of a day lead to."""
        if self.conversions_per_day is not None:
            return self.conversions_per_day
        return max(1, self.clicks_per_day // CONVERSION_RATIO)

    @property
    def first_now(self) -> datetime:
        """Return the instant at which the virtual clock stands at first."""
        return datetime.combine(self.start + timedelta(days=self.days), NOW_UTC, UTC)
