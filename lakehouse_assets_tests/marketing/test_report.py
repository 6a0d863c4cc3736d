"""Gold is what the independent oracle works out from the tenant's truth, row by row, after every tick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing, plain, regions
from lakehouse_assets_tests.oracle.affiliates import performance
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, Known, Tick, ticks

BERLIN = [tick for day in (28, 29) for tick in ticks(date(2026, 3, day), 1, "Europe/Berlin", hours=(14,))]
MONTH = [*ticks(date(2026, 3, 28), 1, "Europe/Berlin"), BERLIN[-1], *ticks(date(2026, 4, 30), 1, "Europe/Berlin", (9,))]
TENANTS: Sequence[Any] = (
    pytest.param("Europe/Moscow", ticks(date(2026, 3, 12), 1, "Europe/Moscow"), (), id="clean"),
    pytest.param("Europe/Berlin", BERLIN, DIRTY, id="dirty"),
    # The quick form is `dirty`; `test_cases.py` compares the report of a month of late changes, at three ticks.
    pytest.param("Europe/Berlin", MONTH, DIRTY, id="dirty-month", marks=pytest.mark.nightly),
)


@pytest.mark.parametrize(("zone", "pulls", "faults"), TENANTS)
def test_gold_is_what_the_oracle_says_after_every_tick(
    tmp_path: Path, zone: str, pulls: list[Tick], faults: tuple[str, ...]
) -> None:
    """Of a tenant with nothing dirty, and of one with all of it over a change of clocks, and a month of late changes.

    `breadth` does the same for all of 60 days.
    """
    with tenant(tmp_path, *faults, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        lake = Marketing(tmp_path, case, zone=zone)
        known = Known(case.simulator.world, Account(zone, regions=regions(), redacted=lake.redacted))
        for pull in pulls:
            known.pull(pull)
            lake.tick(pull.at)
            assert sorted(lake.report(pull.at), key=place) == sorted(map(plain, known.table()), key=place)
            assert lake.gold("daily_affiliate_performance", pull.at) == performance(known)


def place(row: dict[str, Any]) -> list[str]:
    """The key of a row of the report, to sort by."""
    return [str(row[name]) for name in KEY]
