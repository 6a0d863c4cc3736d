"""Bronze alone is enough: a lake that is made from its pages at once has the gold of the one that grew tick by tick."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.affise.bronze import ROOT, SliceManifest, manifests
from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import GOLD
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

ZONE = "Europe/Berlin"


def all_slices(lake: Marketing) -> Iterator[SliceManifest]:
    """Every complete slice in bronze, of whatever endpoint, day and run."""
    for day in sorted((lake.root / ROOT).glob("*/*")):
        yield from manifests(lake.value.store, day.parent.name, date.fromisoformat(day.name))


@pytest.mark.nightly  # quick: `operations/test_rebuild.py` makes a lost table of the shop anew
def test_gold_of_a_lake_that_is_made_from_bronze_is_the_same_row_by_row(tmp_path: Path) -> None:
    """After two ticks over five days of everything dirty, some days of which only late changes reached."""
    pulls = [tick for day in (10, 14) for tick in ticks(date(2026, 3, day), 1, ZONE, hours=(9,))]
    with tenant(tmp_path, *DIRTY, days=2, clicks_per_day=60, conversions_per_day=20) as case:
        grown = Marketing(tmp_path / "grown", case, zone=ZONE)
        for pull in pulls:
            grown.tick(pull.at)
            for name in GOLD:
                grown.gold(name, pull.at)
        made = Marketing(tmp_path / "made", case, zone=ZONE)
        shutil.copytree(grown.root / "bronze", made.root / "bronze")
        made.load_slices(list(all_slices(grown)), pulls[-1].at)
        for name in GOLD:
            assert made.gold(name, pulls[-1].at) == grown.gold(name, pulls[-1].at)
