"""An account that has forgotten clicks before anybody pulled them still counts them; they are compared with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.affise.endpoints import CUSTOM_CLICKS
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.checking import add_row, failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

ZONE = "Europe/Moscow"
FIRST, SECOND = (ticks(date(2026, 3, 12), 1, ZONE)[0].at + timedelta(days=n) for n in range(2))
CLOSED = "hourly_totals.closed_days_differ"
EARLY, LATE = "DATE '2026-03-07'", "DATE '2026-03-11'"
CLICKS_ONLY = {"conversions": "0", "revenue": "NULL", "payouts": "NULL"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marketing]:
    """A lake after the first tick of an account that remembers clicks for three days."""
    folder = tmp_path_factory.mktemp("forgetful")
    with tenant(folder, days=2, clicks_per_day=100, conversions_per_day=20) as case:
        made = Marketing(folder, case, zone=ZONE)
        made.click_days = 3
        made.tick(FIRST)
        yield made


def test_the_first_run_of_a_forgetful_account_stops_at_nothing(lake: Marketing) -> None:
    """Silver has no click of the days that the account has forgotten."""
    assert lake.rows(f"SELECT count(*) AS n FROM marketing_lakehouse.clicks WHERE click_date = {EARLY}") == [{"n": 0}]
    with opened(lake) as engine:
        assert CLOSED not in failing(lake, engine, FIRST, blocking=True)


@pytest.mark.parametrize(
    ("table", "changed", "where"),
    [
        ("hourly_totals", {"conversions": "1", "clicks": "0", "hosts": "0"}, f"total_date = {EARLY}"),
        ("hourly_totals", CLICKS_ONLY | {"hosts": "0", "clicks": "1"}, f"total_date = {LATE}"),
        ("hourly_totals", CLICKS_ONLY | {"hosts": "1", "clicks": "0"}, f"total_date = {LATE}"),
        ("clicks", {"click_id": "'a'"}, f"click_date = {LATE}"),
    ],
    ids=["conversions of a forgotten hour", "clicks of another", "unique ones of another", "a click too many"],
)
def test_all_that_is_not_forgotten_is_compared(
    lake: Marketing, table: str, changed: dict[str, str], where: str
) -> None:
    """Conversions are told for longer, and clicks of the last days are there."""
    with opened(lake) as engine:
        add_row(lake, engine, table, changed, where)
        assert CLOSED in failing(lake, engine, FIRST, blocking=True)


def test_what_was_pulled_in_time_is_compared_when_it_is_forgotten(tmp_path: Path) -> None:
    """On the second day the account has forgotten hours that the first run has."""
    with tenant(tmp_path, days=2, clicks_per_day=100, conversions_per_day=5) as case:
        made = Marketing(tmp_path, case, zone=ZONE)
        made.click_days = 3
        made.tick(FIRST)
        made.tick(SECOND)
        marked = (
            "SELECT count(*) AS n FROM marketing_lakehouse.hourly_totals WHERE clicks_are_forgotten AND total_date = "
        )
        assert [made.rows(marked + day)[0]["n"] for day in (EARLY, "DATE '2026-03-10'")] == [24, 0]
        with opened(made) as engine:
            assert CLOSED not in failing(made, engine, SECOND, blocking=True)


def test_clicks_that_are_only_counted_are_never_forgotten(tmp_path: Path) -> None:
    """The API counts them for as long as conversions, whatever it remembers of single ones."""
    with tenant(tmp_path, "clicks-gone", days=2, clicks_per_day=50, conversions_per_day=5) as case:
        made = Marketing(tmp_path, case, zone=ZONE)
        made.clicks, made.click_days = CUSTOM_CLICKS, 3
        made.tick(FIRST)
        marked = "SELECT count(*) AS n FROM marketing_lakehouse.hourly_totals WHERE clicks_are_forgotten"
        assert made.rows(marked) == [{"n": 0}]
