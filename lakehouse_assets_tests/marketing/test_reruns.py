"""A run that breaks off, is tried again or comes twice leaves the report that one whole run would have left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets_tests.marketing.cases.commands import commands
from lakehouse_assets_tests.marketing.cases.rough import NINE, TWO, Pulled, pulled
from lakehouse_assets_tests.marketing.cases.rows import sorted_rows
from lakehouse_assets_tests.operations.conftest import Cli

NEW_NAME = "Renamed Example"
CLICKS = "SELECT sum(click_count) AS clicks FROM affise_data_fusion.daily_report_sub5_output"


def test_an_outage_in_the_middle_of_the_pull_loses_nothing(cli: Cli, tmp_path: Path) -> None:
    """The API goes away after the clicks of one day; the run fails, and the next one has the clicks of all days."""
    with commands(cli, tmp_path, clicks_per_day=60) as there:
        faults, world = there.case.simulator.faults, there.case.simulator.world
        faults.turn_on("server-error:endpoint=stats/clicks,skip=8,times=0")
        assert there.run(LAKEHOUSE_AFFISE__TRIES="1").code == 1
        faults.turn_off("server-error")
        assert there.run().code == 0
        truth = list(world.clicks(datetime(2026, 3, 2, tzinfo=UTC), NINE.replace(minute=0)))
        assert there("sql", CLICKS, "--format", "csv").out == f"clicks\n{len(truth)}\n"


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """Two runs of a day, between which the first advertiser is renamed."""
    with pulled(tmp_path_factory.mktemp("renamed"), clicks_per_day=120) as seen:
        world = seen.case.simulator.world
        first = world.advertisers(NINE)[0].advertiser_id
        world.change("advertisers", first, NINE + timedelta(hours=1), title=NEW_NAME)
        report, rows = seen.lake.tick(TWO), sorted_rows(seen.lake.report(TWO))
        yield replace(seen, reports=(*seen.reports, report), tables=(*seen.tables, rows), ticks=(NINE, TWO))


def test_two_runs_of_a_day_are_right(renamed: Pulled) -> None:
    """After each of them the report is what the oracle says, row by row."""
    assert list(renamed.tables) == renamed.expected()


def test_an_advertiser_that_is_renamed_splits_no_rows(renamed: Pulled) -> None:
    """Days that were over keep the name; today has the new one for the clicks before the renaming too."""
    first = renamed.case.simulator.world.advertisers(NINE)[0]
    names = defaultdict(set)
    for row in renamed.tables[-1]:
        if row["advertiser_id"] == first.advertiser_id:
            names[row["datestamp"]].add(row["advertiser_name"])
    today = NINE.date()
    assert names.pop(today) == {NEW_NAME}
    assert set(map(frozenset, names.values())) == {frozenset({first.title})}
    assert any(row["advertiser_id"] == first.advertiser_id for row in renamed.tables[0] if row["datestamp"] == today)


def test_the_same_tick_again_changes_nothing(renamed: Pulled) -> None:
    """All that is pulled is known: no row is inserted or updated in any table, and gold stays as it is."""
    lake = renamed.lake
    report = lake.tick(TWO)
    changed = {name: (one.counts.inserted, one.counts.updated) for name, one in report.tables.items()}
    assert {name: counts for name, counts in changed.items() if counts != (0, 0)} == {}
    assert report.tables["conversions"].counts.unchanged > 0
    assert sorted_rows(lake.report(TWO)) == renamed.tables[-1]
    built = lake.caught_up.built
    assert (built.inserted, built.updated, built.deleted) == (0, 0, 0)
