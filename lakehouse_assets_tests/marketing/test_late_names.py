"""What becomes known late of affiliates, advertisers and offers reaches rows of days that no fact changes any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.simulator.shapes.names import Names
from lakehouse_assets.affise.simulator.tenant import Tenant
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, tables, ticks

ZONE, START = "Europe/Moscow", datetime(2026, 3, 2, tzinfo=UTC)
HIDDEN: dict[str, Callable[[Any], bool]] = {
    "affiliates": lambda one: one.affiliate_id == 603,
    "offers": lambda one: one.offer_id == 936,
    "advertisers": lambda one: one.title.endswith(" 3"),
}
KINDS = (
    pytest.param(("affiliates", "offers", "advertisers"), id="all at once"),
    # The quick form is all of them at once.
    *(pytest.param((kind,), id=kind, marks=pytest.mark.nightly) for kind in HIDDEN),
)
WARNED = {
    "affiliates": {"daily_report_sub5_output.affiliates_unknown"},
    "offers": {"daily_report_sub5_output.offers_unknown", "daily_report_sub5_output.advertisers_unknown"},
    "advertisers": {"daily_report_sub5_output.advertisers_unknown"},
}
"""Holds what is warned of while they are hidden: nobody knows the advertiser of clicks on an unknown offer."""


def hide(world: Any, kinds: tuple[str, ...], until: datetime, patch: pytest.MonkeyPatch) -> None:
    """Let the lists of a tenant lack something of some kinds until an instant; facts name it all the same."""
    listed = {name: getattr(world, name) for name in HIDDEN}

    def shown(kind: str, at: datetime) -> list[Any]:
        return [one for one in listed[kind](at) if at >= until or not HIDDEN[kind](one)]

    def names(tenant: Tenant) -> Names:
        now = tenant.clock.now
        return Names(world.all_offers(now), listed["affiliates"](now), listed["advertisers"](now), world.managers(now))

    patch.setattr(Tenant, "names", names)
    for kind in kinds:
        patch.setattr(world, kind, partial(shown, kind))
        assert len(shown(kind, until)) == len(shown(kind, START)) + 1


@pytest.mark.parametrize("kinds", KINDS)
def test_rows_of_old_days_take_names_that_become_known_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, ...]
) -> None:
    """Nine days later, when no window holds these days, their rows have the names, and the oracle says the same."""
    first, second = ticks(date(2026, 3, 6), 1, ZONE)[0], ticks(date(2026, 3, 15), 1, ZONE)[0]
    with tenant(tmp_path, days=3, clicks_per_day=60, conversions_per_day=0) as case:
        hide(case.simulator.world, kinds, second.at, monkeypatch)
        lake, account = Marketing(tmp_path, case, zone=ZONE), Account(ZONE, regions=regions(), redacted=str)
        expected = tables(case.simulator.world, (first, second), account)
        warnings = set[str]().union(*map(WARNED.__getitem__, kinds)), set[str]()
        for pull, table, warned in zip((first, second), expected, warnings, strict=True):
            lake.tick(pull.at)
            found = sorted(lake.report(pull.at), key=lambda row: [str(row[name]) for name in KEY])
            assert found == sorted(map(plain, table), key=lambda row: [str(row[name]) for name in KEY])
            with opened(lake) as engine:
                unknown = failing(lake, engine, pull.at, blocking=False).keys()
            assert {name for name in unknown if name.endswith("_unknown")} == warned
