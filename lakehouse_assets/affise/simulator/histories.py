"""Turn the drawn lives of conversions into their versions, and put edits into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lakehouse_assets.affise.simulator.conversions import SECOND_GOAL, UNIT, Money, Seeds
from lakehouse_assets.affise.simulator.lives import DECLINED, NONE, STATUSES, Lives
from lakehouse_assets.affise.simulator.truth import Version

UNPAID_REASON, UNPAID_COMMENT = "payment_not_found", "Payments not found"
DECLINE_REASON, DECLINE_COMMENT = "by_manager", "Declined by manager"


def instant(second: int) -> datetime:
    """Return the instant of a second since 1970."""
    return datetime.fromtimestamp(second, UTC)


@lru_cache(maxsize=100_000)
def money(units: int) -> Decimal:
    """Return an amount, exactly and without zeros at the end."""
    return (Decimal(units) / UNIT).normalize() + 0


@dataclass(frozen=True, slots=True)
class History:
    """Hold what was drawn for one conversion, in whole seconds and units of money."""

    goal: str
    statuses: tuple[tuple[int, int], ...]
    edited: int
    hold_until: int
    is_unpaid: bool
    reported: int
    revenue: int
    payouts: int
    edited_payouts: int

    def versions(self, currency: str) -> tuple[Version, ...]:
        """Return what holds of it one after another; the first version begins with its creation."""
        if len(self.statuses) == 1 and not self.edited:
            return (self._version(self.statuses[0][0], currency),)
        moments = sorted({second for second, _ in self.statuses} | {self.edited} - {0})
        return tuple(self._version(second, currency) for second in moments)

    def _version(self, second: int, currency: str) -> Version:
        status = next(status for since, status in reversed(self.statuses) if since <= second)
        payouts = self.edited_payouts if 0 < self.edited <= second else self.payouts
        declined = status == DECLINED
        return Version(
            at=instant(second),
            status=STATUSES[status],
            revenue=money(self.revenue),
            payouts=money(payouts),
            currency=currency,
            comment=(UNPAID_COMMENT if self.is_unpaid else DECLINE_COMMENT) if declined else "",
            decline_reason=(UNPAID_REASON if self.is_unpaid else DECLINE_REASON) if declined else "",
        )


def histories(seeds: Seeds, lives: Lives, amounts: Money) -> Iterator[History]:
    """Yield the history of each conversion."""
    columns = (
        seeds.numbers, seeds.created, *lives.statuses, *lives.changed, lives.edited, lives.hold_until, lives.is_unpaid,
        amounts.reported, amounts.revenue, amounts.payouts, amounts.edited,
    )  # fmt: skip
    for number, created, first, second, third, changed, again, edited, hold, unpaid, *sums in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        steps = ((created, first), (changed, second), (again, third))
        statuses = tuple(step for step in steps if step[1] != NONE)
        yield History("2" if number >= SECOND_GOAL else "1", statuses, edited, hold, unpaid, *sums)


def edited(versions: tuple[Version, ...], at: datetime, fields: Mapping[str, Any]) -> tuple[Version, ...]:
    """Return a history in which fields have other values from an instant on; what was drawn for later is void."""
    kept = [version for version in versions if version.at <= at]
    return (*kept, replace(kept[-1], at=at, **fields)) if kept else versions
