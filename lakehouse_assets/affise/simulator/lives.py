"""Make the lives of conversions: the statuses that they have one after another, and when these change.

A life is drawn with the conversion. Where cases about lives occur, one conversion in a dozen has the life of the case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lakehouse_assets.affise.simulator.dice import Bools, Ints, below, draws, one_in, unit, weighted

STATUSES = ("confirmed", "pending", "declined", "not_found", "hold", "on_review")
"""All that a conversion may be; nobody outside knows the last one."""
CONFIRMED, PENDING, DECLINED, NOT_FOUND, HOLD, ON_REVIEW = range(len(STATUSES))
NONE = -1
DAY_S, HOUR_S, CHECK_S = 86400, 3600, 900
"""Holds are released by a check every 15 minutes."""
HOLD_DAYS, LONG_HOLD_DAYS, EDIT_DAYS, REVIEW_DAYS = 7, 30, 10, 4

# Each life: share of all, then the statuses one after another.
_LIVES = (
    (74.0, (CONFIRMED, NONE, NONE)),
    (4.0, (DECLINED, NONE, NONE)),
    (9.0, (PENDING, CONFIRMED, NONE)),
    (4.0, (PENDING, DECLINED, NONE)),
    (5.0, (HOLD, CONFIRMED, NONE)),
    (2.0, (HOLD, DECLINED, NONE)),
    (2.0, (CONFIRMED, DECLINED, NONE)),
    (0.0, (PENDING, CONFIRMED, DECLINED)),
    (0.0, (HOLD, CONFIRMED, NONE)),
    (0.0, (ON_REVIEW, CONFIRMED, NONE)),
    (0.0, (NOT_FOUND, NONE, NONE)),
    (0.0, (DECLINED, NONE, NONE)),
)
_CLAWED_BACK, _TWICE, _LONG_HOLD, _REVIEWED, _NOT_FOUND, _UNPAID = 6, 7, 8, 9, 10, 11
_CASES = {
    "pending-confirmed-declined": ((12, _TWICE),),
    "hold-thirty-days": ((14, _LONG_HOLD),),
    "status-forms": ((25, _REVIEWED), (25, _NOT_FOUND)),
    "declined-without-money": ((20, _UNPAID),),
}


@dataclass(frozen=True)
class Lives:
    """Hold what becomes of conversions.

    Attributes:
        statuses: the first, second and third status of each, or NONE.
        changed: the seconds at which the second and the third begin, 0 for never.
        edited: the second from which the payout is another one, 0 for never.
        hold_until: the second at which a hold ends, 0 for none.
        is_unpaid: whether it was declined for want of a payment, and so has no money.
    """

    statuses: Ints
    changed: Ints
    edited: Ints
    hold_until: Ints
    is_unpaid: Bools

    def statuses_at(self, second: int) -> Ints:
        """Return the status of each at a second."""
        status: Ints = self.statuses[0]
        for place in (0, 1):
            status = np.where(
                (self.changed[place] > 0) & (self.changed[place] <= second), self.statuses[place + 1], status
            )
        return status

    def updated_at(self, second: int, created: Ints) -> Ints:
        """Return when each was last changed, as far as that is known at a second."""
        latest = created
        for changed in (*self.changed, self.edited):
            latest = np.maximum(latest, np.where(changed <= second, changed, 0))
        return latest


def lives(seed: int, cases: frozenset[str], days: Ints, numbers: Ints, created: Ints, hold_days: Ints) -> Lives:
    """Draw the lives of conversions, which are named by the day of their click and their number on it.

    Args:
        seed: of the world.
        cases: what occurs in it.
        days: days of the clicks.
        numbers: numbers within these days.
        created: seconds of the conversions.
        hold_days: for how long their offers hold.
    """
    life = weighted(draws(seed, "life", days, numbers), tuple(share for share, _ in _LIVES))
    for case, rules in _CASES.items():
        for many, which in rules if case in cases else ():
            life = np.where(one_in(many, draws(seed, f"life {which}", days, numbers)), which, life)
    table = np.array([statuses for _, statuses in _LIVES], np.int64)
    statuses = table[life].T
    held = np.where(life == _LONG_HOLD, LONG_HOLD_DAYS, np.where(hold_days > 0, hold_days, HOLD_DAYS)) * DAY_S
    decided = HOUR_S + below(draws(seed, "decided", days, numbers), 71 * HOUR_S)
    second = created + np.select(
        [
            (life == _LONG_HOLD) | (statuses[0] == HOLD) & (statuses[1] == CONFIRMED),
            life == _CLAWED_BACK,
            life == _REVIEWED,
        ],
        [-(-held // CHECK_S) * CHECK_S, 5 * DAY_S + decided * 4, np.full(len(life), REVIEW_DAYS * DAY_S)],
        decided,
    )
    third = second + DAY_S + decided
    edited = np.zeros(len(life), np.int64)
    if "payout-edited-late" in cases:
        edited = np.where(one_in(10, draws(seed, "edited", days, numbers)), created + EDIT_DAYS * DAY_S, 0)
    return Lives(
        statuses=statuses,
        changed=np.stack([np.where(statuses[1] == NONE, 0, second), np.where(statuses[2] == NONE, 0, third)]),
        edited=edited,
        hold_until=np.where(statuses[0] == HOLD, created + held, 0),
        is_unpaid=life == _UNPAID,
    )


def lags(seed: int, cases: frozenset[str], days: Ints, numbers: Ints) -> Ints:
    """Draw how many seconds after its click each converts: mostly minutes, at times hours, a few days."""
    words = draws(seed, "lag", days, numbers)
    quick = 10 + (-325 * np.log1p(-unit(words))).astype(np.int64)
    spread = draws(seed, "long lag", days, numbers)
    kind = below(draws(seed, "lag kind", days, numbers), 100)
    lag = np.where(kind < 87, quick, np.where(kind < 97, below(spread, DAY_S), DAY_S + below(spread, 136 * HOUR_S)))  # noqa: PLR2004 - percent
    if "click-unknown" in cases:
        late = one_in(20, draws(seed, "late", days, numbers))
        lag = np.where(late, 170 * HOUR_S + below(spread, 20 * HOUR_S), lag)
    return lag
