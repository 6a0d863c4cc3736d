"""The commands of a lake cover a pipeline that pulls as they do one of files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lakehouse_assets_tests.marketing.account import REPORT, Pulled, account

NINE = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
ITS_OWN = ("--pipeline", "marketing")
STATUS = {"status-forms", "unknown-keys"}
"""States that nobody knows are rejected, keys that nobody has heard of are ignored."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """A lake after one run that has rejected some conversions."""
    folder = tmp_path_factory.mktemp("commands")
    with account(folder, *sorted(STATUS), days=14, clicks_per_day=60, conversions_per_day=60) as case:
        pulled = Pulled(case, folder / "lake")
        pulled.run(NINE, "--max-reject-ratio", "1")
        yield pulled


def test_a_replay_pulls_nothing(lake: Pulled) -> None:
    """It reads rejected records again as bronze has them; nobody is asked, and the watermark stays."""
    rejected = json.loads(lake.command("rejects", "list", *ITS_OWN, "--format", "json").out)
    assert {one["codes"] for one in rejected} == {"status_unknown"}
    before, asked = lake.watermark(), len(lake.case.simulator.requests())
    done = lake.command("rejects", "replay", *ITS_OWN, "--code", "status_unknown")
    count = sum(one["open"] for one in rejected)
    assert (done.code, f"Replayed {count} rows" in done.out) == (0, True), done.err
    assert (lake.watermark(), len(lake.case.simulator.requests())) == (before, asked)


def test_care_keeps_what_its_tables_hold(lake: Pulled) -> None:
    """Also of tables that are partitioned by the day that they are sorted by."""
    clicks = "SELECT count(*) AS n, count(DISTINCT click_id) AS ids FROM marketing_lakehouse.clicks"
    before = lake.rows(clicks), lake.rows(REPORT)
    for command in (("optimize",), ("vacuum", "--retention-hours", "0", "--force", "--delete")):
        done = lake.command(*command, *ITS_OWN)
        assert done.code == 0, done.err
    assert (lake.rows(clicks), lake.rows(REPORT)) == before


def test_its_checks_can_be_asked_apart_from_those_of_others(lake: Pulled) -> None:
    """What has never run in this lake is the other pipeline's; the check of its deadline waits for one."""
    done = lake.command("checks", *ITS_OWN, "--format", "json")
    states = json.loads(done.out)["checks"]
    assert done.code == 0, [state for state in states if not state["is_good"]]
    never = {state["check"] for state in states if state["status"] == "never run"}
    assert never == {"days_in_time"}


def test_the_plan_says_what_will_be_pulled(lake: Pulled) -> None:
    """A run that pulls always has work, and needs no files."""
    done = lake.command("plan", "marketing")
    assert done.code == 0
    days, pull = done.out.splitlines()[:2]
    assert days.startswith("marketing: 7 days, ")
    assert days.endswith(" (Europe/Berlin), in one run")
    assert pull.startswith("To pull: ")
    assert "Files: none" not in done.out
    assert "nothing to do" not in done.out


@pytest.mark.parametrize(("table", "day"), [("clicks", "click_date"), ("conversions", "conversion_date")])
def test_the_partitions_of_a_table_are_its_days(lake: Pulled, table: str, day: str) -> None:
    """They are named as their folders are, and are those on which the table has rows."""
    days = lake.rows(f"SELECT DISTINCT {day} AS day FROM marketing_lakehouse.{table} ORDER BY 1")
    shown = lake.command("sql", f"SHOW PARTITIONS marketing_lakehouse.{table}", "--format", "csv")
    assert shown.out.splitlines() == ["partition", *(f"{day}={one['day']}" for one in days)]
