"""How far caps are used is what the tenant's own `stats/caps` says, for caps of every kind."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.marketing.usage import counted, told
from lakehouse_assets_tests.oracle.sub5 import ticks

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
