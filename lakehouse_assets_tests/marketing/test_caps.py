"""How far caps are used is what the tenant's own `stats/caps` says, for caps of every kind."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import requests

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import Case, tenant
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

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


KINDS = ("conversions", "budget", "clicks")
USED = {("hour", "conversions"), ("all", "conversions"), ("all", "budget"), *product(("day", "month"), KINDS)}
"""Periods and types of which something is used in the clean tenant."""


def test_used_and_remaining_are_those_of_the_tenant(tmp_path: Path) -> None:
    """Every kind, period and zone of a cap, at two ticks of a tenant all of whose history was pulled."""
    zone, used = "Europe/Moscow", set()
    with tenant(tmp_path, days=2, offers=36, clicks_per_day=900, conversions_per_day=120) as case:
        lake = Marketing(tmp_path, case, zone=zone)
        for pull in (ticks(date(2026, 3, 5), 1, zone)[1], ticks(date(2026, 3, 6), 1, zone)[0]):
            lake.tick(pull.at)
            expected = told(case)
            assert counted(lake, lake.gold("offer_cap_usage", pull.at)) == expected
            used |= {(one[1], one[2]) for one in expected if one[-2]}
    assert used == USED


def test_caps_in_every_form_are_counted_alike(tmp_path: Path) -> None:
    """Goals and countries are absent, null, lists or objects, caps come twice, offers are gone, money is negative."""
    zone = "Europe/Berlin"
    with tenant(tmp_path, *DIRTY, days=5, offers=36, clicks_per_day=300, conversions_per_day=60) as case:
        lake, pull = Marketing(tmp_path, case, zone=zone), ticks(date(2026, 3, 7), 1, zone)[1]
        lake.tick(pull.at)
        assert counted(lake, lake.gold("offer_cap_usage", pull.at)) == told(case)
