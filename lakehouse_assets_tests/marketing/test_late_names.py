"""What becomes known late of affiliates and offers reaches the rows of days that no fact changes any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, tables, ticks

ZONE = "Europe/Moscow"
HIDDEN: dict[str, Callable[[Any], bool]] = {
    "affiliates": lambda one: one.affiliate_id == 603,
    "offers": lambda one: one.offer_id == 936,
}
WARNED = {
    "affiliates": {"daily_report_sub5_output.affiliates_unknown"},
    "offers": {"daily_report_sub5_output.offers_unknown", "daily_report_sub5_output.advertisers_unknown"},
}
"""Holds what is warned of while they are hidden: nobody knows the advertiser of clicks on an unknown offer."""


def hide(world: Any, kind: str, until: datetime) -> int:
    """Let the lists of a tenant lack something until an instant; say how much that is."""
    listed = getattr(world, kind)

    def shown(at: datetime) -> list[Any]:
        return [one for one in listed(at) if at >= until or not HIDDEN[kind](one)]

    setattr(world, kind, shown)
    return len(listed(until)) - len(shown(until.replace(year=2000)))


@pytest.mark.parametrize("kind", HIDDEN)
def test_rows_of_old_days_take_names_that_become_known_late(tmp_path: Path, kind: str) -> None:
    """Nine days later, when no window holds these days, their rows have the names, and the oracle says the same."""
    first, second = ticks(date(2026, 3, 6), 1, ZONE)[0], ticks(date(2026, 3, 15), 1, ZONE)[0]
    with tenant(tmp_path, days=3, clicks_per_day=60, conversions_per_day=0) as case:
        assert hide(case.simulator.world, kind, second.at)
        lake, account = Marketing(tmp_path, case, zone=ZONE), Account(ZONE, regions=regions(), redacted=str)
        expected = tables(case.simulator.world, (first, second), account)
        for pull, table, warned in zip((first, second), expected, (WARNED[kind], set[str]()), strict=True):
            lake.tick(pull.at)
            found = sorted(lake.report(pull.at), key=lambda row: [str(row[name]) for name in KEY])
            assert found == sorted(map(plain, table), key=lambda row: [str(row[name]) for name in KEY])
            with opened(lake) as engine:
                unknown = failing(lake, engine, pull.at, blocking=False).keys()
            assert {name for name in unknown if name.endswith("_unknown")} == warned
