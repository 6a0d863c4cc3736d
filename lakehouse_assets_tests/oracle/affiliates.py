"""What affiliates bring per day, from what was ever pulled of a simulated tenant's truth; see `sub5` for what that is.

Every conversion counts in its latest known state. Money is exchanged one amount at a time, as in the report. A rate is
the quotient of two exact numbers, None where the lower one is zero.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from lakehouse_assets_tests.oracle.sub5 import Known, Row, affiliate_name, rounded

STATES = ("confirmed", "pending", "hold", "declined", "not_found")
MONEY = ("revenue", "payouts", "earnings")


def performance(known: Known) -> list[Row]:
    """The whole table as of the latest pull, sorted by day and affiliate."""
    rows: dict[tuple[date, int], Row] = defaultdict(_blank)
    for click in known.clicks.values():
        row = rows[known.account.day_of(click.created_at), click.affiliate_id]
        row["click_count"] += 1
        row["host_count"] += click.is_unique
    for conversion, version in known.conversions.values():
        day = known.account.day_of(conversion.created_at)
        row = rows[day, conversion.affiliate_id]
        row[f"{version.status}_conversions"] += 1
        for name in MONEY:
            row[f"{version.status}_{name}"] += known.exchanged(rounded(getattr(version, name)), version.currency, day)
    return [_shown(known, day, affiliate_id, row) for (day, affiliate_id), row in sorted(rows.items())]


def _blank() -> Row:
    counts = dict.fromkeys(("click_count", "host_count", *(f"{state}_conversions" for state in STATES)), 0)
    return {**counts, **{f"{state}_{name}": Decimal("0.000000") for state in STATES for name in MONEY}}


def _shown(known: Known, day: date, affiliate_id: int, row: Row) -> Row:
    """The row with its key, names and rates."""
    one, clicks, confirmed = (
        known.named("affiliate", affiliate_id, day),
        row["click_count"],
        row["confirmed_conversions"],
    )
    return row | {
        "datestamp": day,
        "affiliate_id": affiliate_id,
        "affiliate_name": None if one is None else affiliate_name(one),
        "affiliate_manager": known.manager(one, day),
        "conversion_rate": _share(confirmed, clicks),
        "approval_rate": _share(confirmed, confirmed + row["declined_conversions"]),
        "host_rate": _share(row["host_count"], clicks),
        "epc": _share(row["confirmed_payouts"], clicks),
        "currency": known.account.currency,
    }


def _share(part: Decimal | int, whole: int) -> float | None:
    return float(Decimal(part) / whole) if whole else None
