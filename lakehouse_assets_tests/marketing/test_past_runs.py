"""Runs whose clock is of an earlier day than the account's, and days of the past that are pulled later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lakehouse_assets_tests.marketing.account import REPORT, Pulled, account

FIRST, NOW = datetime(2026, 3, 12, 8, tzinfo=UTC), datetime(2026, 3, 18, 8, tzinfo=UTC)
RATES = "SELECT CAST(rate_date AS VARCHAR) AS day, currency, rate FROM marketing_lakehouse.currency_rates ORDER BY 1, 2"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """Nine o'clock of March 12, and nothing more until the account's clock stands at March 18."""
    folder = tmp_path_factory.mktemp("past")
    with account(folder, "mixed-currencies", days=10, clicks_per_day=80, conversions_per_day=40) as case:
        lake = Pulled(case, folder / "lake")
        lake.run(FIRST)
        case.simulator.clock.set(NOW)
        yield lake


def test_what_the_account_knows_of_today_is_not_dated_back(lake: Pulled) -> None:
    """A run as of March 11 leaves the rates of the 12th what they were, and what it is told is of the 18th."""
    before = {(row["day"], row["currency"]): row["rate"] for row in lake.rows(RATES)}
    done = lake.command("run", "marketing", "--as-of", "2026-03-11T08:00:00Z")
    assert done.code == 0, done.err
    after = {(row["day"], row["currency"]): row["rate"] for row in lake.rows(RATES)}
    assert {day for day, _ in after} == {"2026-03-12", "2026-03-18"}
    assert before.items() <= after.items()


def test_a_run_of_the_past_says_what_is_forgotten(lake: Pulled) -> None:
    """On March 18 the account tells no click of the 5th; to call that zero clicks would be wrong."""
    done = lake.command("run", "marketing", "--as-of", "2026-03-11T08:00:00Z")
    assert "clicks of 2026-03-05: the API has forgotten" in done.out
    assert "Pulled as of 2026-03-11 08:00 UTC: requests" in done.out


def test_a_clock_ahead_of_the_accounts_is_refused(lake: Pulled) -> None:
    """Also of a simulated one."""
    done = lake.command("run", "marketing", "--as-of", "2026-03-18T09:00:00Z")
    assert done.code == 2
    assert "2026-03-18 09:00 UTC is in the future: it is 2026-03-18 08:00 UTC" in done.err


def test_days_are_pulled_later_though_others_between_were_never(lake: Pulled) -> None:
    """Totals are compared of the days that were asked for; changes bring conversions of others, without totals."""
    done = lake.command(
        "backfill", "marketing", "--from", "2026-03-11", "--to", "2026-03-12", "--as-of", NOW.isoformat()
    )
    assert done.code == 0, done.err
    clicks = sum(row["click_count"] for row in lake.rows(REPORT) if row["datestamp"] == "2026-03-12")
    berlin = datetime(2026, 3, 11, 23, tzinfo=UTC), datetime(2026, 3, 12, 23, tzinfo=UTC)
    assert clicks == len(list(lake.case.simulator.world.clicks(*berlin)))
    latest = lake.lake / "reports" / "Sub5-latest.csv"
    assert latest.read_bytes() == (lake.lake / "reports" / "Sub5-2026-03-12.csv").read_bytes()
