"""What a tenant says of its caps over HTTP, and what gold says, in one form that can be compared."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import requests

from lakehouse_assets_tests.affise.tenant import Case
from lakehouse_assets_tests.marketing.lake import Marketing

MEMBERS = {"goal": "offer_cap_goals", "affiliate_id": "offer_cap_affiliates", "country": "offer_cap_countries"}


def told(case: Case) -> Counter[tuple[Any, ...]]:
    """What the tenant says: of each cap and what it counts by itself, who is counted, the most, used and left."""
    answer = requests.get(
        f"{case.simulator.url}/3.0/stats/caps",
        params={"limit": 500},
        headers={"API-Key": case.simulator.key},
        timeout=10,
    ).json()
    return Counter(
        (
            offer["id"], one["timeframe"], one["type"], tuple(sorted(one["goals"])),
            tuple(sorted(map(str, one["affiliates"]))), tuple(sorted(one["countries"])),
            *map(six, (one["value"], one["current_value"], max(0, one["value"] - one["current_value"]))),
        )
        for offer in answer["caps"] for one in offer["stats"]
    )  # fmt: skip


def six(amount: float) -> Decimal:
    """An amount that came as a float."""
    return Decimal(str(amount)).quantize(Decimal("0.000001"))


def counted(lake: Marketing, usage: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """What gold says, in the same form: a cap counts the one that it names by itself, or those that silver lists."""
    named: dict[tuple[Any, ...], set[str]] = {}
    for column, table in MEMBERS.items():
        for row in lake.rows(f'SELECT offer_id, cap_key, {column} AS one FROM marketing_lakehouse."{table}"'):
            named.setdefault((row["offer_id"], row["cap_key"], column), set()).add(str(row["one"]))

    def members(row: dict[str, Any], column: str) -> tuple[str, ...]:
        own = named.get((row["offer_id"], row["cap_key"], column), set())
        return (str(row[column]),) if row[column] else tuple(sorted(own))

    return Counter(
        (
            row["offer_id"], row["period"], row["type"], *(members(row, column) for column in MEMBERS),
            row["cap_value"], row["used"], row["remaining"],
        )
        for row in usage
    )  # fmt: skip
