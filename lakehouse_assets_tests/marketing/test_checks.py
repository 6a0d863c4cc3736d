"""Each check of the marketing pipeline passes on what is right, and is seen to fail on what is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets.affise.simulator.shapes.writing import Style
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import GOLD, add_row, failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import KNOWN_STATUSES, ticks

ZONE = "Europe/Moscow"
PULL = ticks(date(2026, 3, 12), 1, ZONE)[0].at


def built(root: Path, case: Any, at: datetime, zone: str = ZONE, lake: Marketing | None = None) -> Marketing:
    """A lake after one more tick."""
    lake = lake or Marketing(root, case, zone=zone)
    lake.tick(at)
    for name in GOLD:
        lake.gold(name, at)
    return lake


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marketing]:
    """A clean tenant's lake after its first tick, which tests only look at."""
    folder = tmp_path_factory.mktemp("clean")
    with tenant(folder, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        yield built(folder, case, PULL)


def test_nothing_fails_where_nothing_is_wrong(clean: Marketing) -> None:
    """Neither what stops a run nor what warns."""
    with opened(clean) as engine:
        assert failing(clean, engine, PULL) == {}


NOW = "TIMESTAMP '2026-03-12 05:30:00'"
ROWS: dict[str, tuple[str, dict[str, str], str, set[str]]] = {
    "a click twice": (
        "clicks", {}, "click_date = DATE '2026-03-11'",
        {"clicks.keys_unique", "hourly_totals.closed_days_differ", "daily_report_sub5_output.totals_match_silver"},
    ),
    "a click of a closed day that the API does not count": (
        "clicks", {"click_id": "'a'"}, "click_date = DATE '2026-03-11'",
        {"hourly_totals.closed_days_differ", "daily_report_sub5_output.totals_match_silver"},
    ),
    "money that the API does not count": (
        "hourly_totals", {"hour_start": NOW, "total_date": "DATE '2026-03-11'", "clicks": "0", "hosts": "0",
                          "conversions": "0", "revenue": "CAST(1 AS DECIMAL(18, 6))"}, "TRUE",
        {"hourly_totals.closed_days_differ"},
    ),
    "a click that the API counts today": (
        "hourly_totals", {"hour_start": NOW, "total_date": "DATE '2026-03-12'", "clicks": "1", "hosts": "0",
                          "conversions": "0", "revenue": "CAST(0 AS DECIMAL(18, 6))",
                          "payouts": "CAST(0 AS DECIMAL(18, 6))"}, "TRUE",
        {"hourly_totals.today_differs"},
    ),
    "a click with another offset among the rest": (
        "clicks", {"click_id": "'a'", "utc_offset_minutes": "0"}, "click_date = DATE '2026-03-09'",
        {"clicks.offset_constant", "hourly_totals.closed_days_differ", "daily_report_sub5_output.totals_match_silver"},
    ),
    "a conversion with another offset among the rest": (
        "conversions", {"conversion_id": "'a'", "utc_offset_minutes": "0"}, "conversion_date = DATE '2026-03-09'",
        {"conversions.offset_constant", "hourly_totals.closed_days_differ",
         "daily_report_sub5_output.totals_match_silver"},
    ),
    "a row of the report twice": (
        "daily_report_sub5_output", {}, "click_count > 0",
        {"daily_report_sub5_output.keys_unique", "daily_report_sub5_output.totals_match_silver",
         "daily_affiliate_performance.totals_match_report"},
    ),
    "an affiliate's day with another number of clicks": (
        "daily_affiliate_performance", {"affiliate_id": "1"}, "TRUE",
        {"daily_affiliate_performance.totals_match_report"},
    ),
    "revenue that is not in silver": (
        "daily_report_sub5_output",
        {**dict.fromkeys(["click_count", "host_count", "approved", "declined_conversions", "pending_conversions"], "0"),
         **dict.fromkeys(["earnings", "payouts"], "CAST(0 AS DECIMAL(18, 6))"), "sub5": "'no such one'",
         "approved_revenue": "CAST(1 AS DECIMAL(18, 6))"}, "approved > 0",
        {"daily_report_sub5_output.totals_match_silver", "daily_affiliate_performance.totals_match_report"},
    ),
    "a provisional hour twice": ("intraday_performance", {}, "TRUE", {"intraday_performance.keys_unique"}),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_one_wrong_row_is_found(clean: Marketing, case: str) -> None:
    """It is found by the checks that it breaks, and by no other one."""
    table, changed, where, expected = ROWS[case]
    with opened(clean) as engine:
        add_row(clean, engine, table, changed, where)
        assert failing(clean, engine, PULL).keys() == expected


def test_days_without_rows_are_named(clean: Marketing) -> None:
    """Three days after the last tick two days are missing, and yesterday has fewer clicks than a week before."""
    with opened(clean) as engine:
        found = failing(clean, engine, datetime(2026, 3, 15, 6, tzinfo=UTC), blocking=False)
        assert [row["missing_day"] for row in found["daily_report_sub5_output.day_missing"]] == [
            date(2026, 3, 13), date(2026, 3, 14),
        ]  # fmt: skip
        assert "daily_report_sub5_output.freshness" in found
        late = failing(clean, engine, datetime(2026, 3, 20, 6, tzinfo=UTC), blocking=False)
        assert late["daily_report_sub5_output.volume_of_weekday"] == [
            {"day": date(2026, 3, 19), "clicks": 0, "usual_clicks": clicks_of_a_day(clean)}
        ]


def clicks_of_a_day(lake: Marketing) -> float:
    """The clicks of the day a week before, as silver has them."""
    day = "DATE '2026-03-12'"
    return float(lake.rows(f"SELECT count(*) AS n FROM marketing_lakehouse.clicks WHERE click_date = {day}")[0]["n"])


def test_a_source_that_counts_otherwise_is_an_error_on_closed_days_and_a_warning_on_this_one(tmp_path: Path) -> None:
    """`stats/custom` counts a click more in each hour."""
    with tenant(tmp_path, "custom-disagrees", days=2, clicks_per_day=50, conversions_per_day=5) as case:
        lake = built(tmp_path, case, PULL)
        with opened(lake) as engine:
            assert failing(lake, engine, PULL, blocking=True).keys() == {"hourly_totals.closed_days_differ"}
            assert failing(lake, engine, PULL, blocking=False).keys() == {"hourly_totals.today_differs"}


def test_a_currency_without_any_rate_stops_the_run_by_name(tmp_path: Path) -> None:
    """Until a rate is pulled; then amounts of earlier days have the rate of a later day, with a warning."""
    with tenant(
        tmp_path, "mixed-currencies", "rate-missing", days=2, clicks_per_day=50, conversions_per_day=20
    ) as case:
        lake = Marketing(tmp_path, case, zone=ZONE)
        lake.tick(PULL)
        with opened(lake) as engine:
            found = failing(lake, engine, PULL, blocking=True)
        del found["daily_report_sub5_output.totals_match_silver"]  # gold is not there yet
        assert {name: [row["currency"] for row in rows] for name, rows in found.items()} == {
            "conversions.currency_unknown": ["EUR"]
        }
        case.simulator.faults.turn_off("rate-missing")
        later = ticks(date(2026, 3, 12), 1, ZONE)[1].at
        built(tmp_path, case, later, lake=lake)
        with opened(lake) as engine:
            assert failing(lake, engine, later, blocking=True) == {}
            rows = failing(lake, engine, later)["conversions.rate_of_a_later_day"]
        assert "EUR" in {row["currency"] for row in rows}
        assert all(row["conversion_date"] < row["rate_of"] == date(2026, 3, 12) for row in rows)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu"])
def test_a_zone_that_is_half_an_hour_off_stops_nothing(tmp_path: Path, zone: str) -> None:
    """Its days begin within an hour, which is pulled as a whole, and compared as the API counts it."""
    pull = ticks(date(2026, 3, 12), 1, zone)[0].at
    with tenant(tmp_path, days=9, clicks_per_day=120, conversions_per_day=20, zone=zone) as case:
        lake = built(tmp_path, case, pull, zone)
        with opened(lake) as engine:
            assert failing(lake, engine, pull, blocking=True) == {}
            assert "hourly_totals.today_differs" not in failing(lake, engine, pull)
        first = "SELECT min(created_at) AS at FROM marketing_lakehouse.clicks WHERE click_date = DATE '2026-03-06'"
        began = lake.rows(first)[0]["at"].replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert (began.date(), began.hour) == (date(2026, 3, 6), 0)


def test_everything_dirty_at_once_stops_nothing(tmp_path: Path) -> None:
    """Unknown affiliates, empty days and first rates are warned of; what would stop the export holds."""
    zone, pull = "Europe/Berlin", ticks(date(2026, 3, 28), 1, "Europe/Berlin")[0].at
    with tenant(tmp_path, *DIRTY, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        lake = built(tmp_path, case, pull, zone)
        with opened(lake) as engine:
            assert failing(lake, engine, pull, blocking=True) == {}
            warned = failing(lake, engine, pull)
        assert [row["affiliate_id"] for row in warned["daily_report_sub5_output.affiliates_unknown"]] == [990001]
        assert warned.keys() == {"daily_report_sub5_output.affiliates_unknown", "conversions.rate_of_a_later_day"}


def test_earnings_that_are_not_revenue_less_payouts_are_warned_of(
    clean: Marketing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept as the API says them; none is warned of where it says what they are."""
    assert "earnings_differ" not in clean.reported.tables["conversions"].warnings
    monkeypatch.setattr(Style, "earnings", lambda *_: 1)
    with tenant(tmp_path, days=2, clicks_per_day=50, conversions_per_day=20) as case:
        report = Marketing(tmp_path, case, zone=ZONE).tick(PULL)
        assert report.tables["conversions"].warnings["earnings_differ"] > 20


def test_a_state_that_nobody_knows_is_rejected_by_its_code(tmp_path: Path) -> None:
    """As many conversions are rejected as are in such a state, and none of the other ones."""
    with tenant(tmp_path, "status-forms", days=2, clicks_per_day=50, conversions_per_day=20) as case:
        begin = datetime(2026, 3, 5, 21, tzinfo=UTC)
        conversions = list(case.simulator.world.conversions(begin, PULL))
        strange = [one for one in conversions if one.at(PULL).status not in KNOWN_STATUSES]
        report = Marketing(tmp_path, case, zone=ZONE).tick(PULL).tables["conversions"]
        assert report.rejects == {"status_unknown": len(strange)}
        assert strange
        assert report.counts.valid == len(conversions) - len(strange)
