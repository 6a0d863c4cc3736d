"""The Sub5 oracle against reports that were worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lakehouse_assets_tests.affise.small_world import (
    ACME,
    ADA,
    MEDIA,
    QUEST,
    Converted,
    SmallWorld,
    at,
    changed,
    click,
    version,
    visitor,
)
from lakehouse_assets_tests.oracle.sub5 import COUNTS, MONEY, Account, Row, Tick, UnknownCurrencyError, tables, ticks

UTC_ACCOUNT = Account(regions={"DE": "Western Europe"})
MORNING, NOON = "2026-03-10T09:00", "2026-03-10T14:00"


def reported(world: SmallWorld, *moments: str, account: Account = UTC_ACCOUNT) -> list[Row]:
    """The table after the last of these ticks."""
    return list(tables(world, [Tick(at(moment)) for moment in moments], account))[-1]


def sums(row: Row, *names: str) -> list[Any]:
    """Some values of a row."""
    return [row[name] for name in names]


def converted(*versions: Any, name: str = "c1", **fields: Any) -> Converted:
    """A conversion with these versions."""
    return Converted(name, versions, **fields)


def test_a_row_has_every_column_of_the_report() -> None:
    """A click and a confirmed conversion of one group are one row with all names."""
    world = SmallWorld([click("k1", "2026-03-10T07:10")], [converted(version("2026-03-10T07:20", "confirmed"))])
    assert reported(world, MORNING) == [
        {
            "datestamp": date(2026, 3, 10), "affiliate_id": 7, "affiliate_name": "media",
            "affiliate_manager": "Ada Example", "advertiser_id": "acme", "advertiser_name": "Acme",
            "account_manager": None, "offer_title": "Quest",
            "offer_status": "active", "offer_privacy": "public", "offer_id": 1, "country": "DE", "sub5": "push",
            "sub6": "", "os": "iOS", "os_version": "14.0", "click_count": 1, "host_count": 1, "approved": 1,
            "conversions_count": 1, "declined_conversions": 0, "pending_conversions": 0, "earnings": Decimal(1),
            "payouts": Decimal(2), "approved_revenue": Decimal(3), "declined_revenue": Decimal(0),
            "approved_earnings": Decimal(1), "approved_payouts": Decimal(2), "pending_revenue": Decimal(0),
            "region": "Western Europe", "currency": "USD",
        }
    ]  # fmt: skip


def test_facts_meet_on_their_group_and_keep_their_row_alone() -> None:
    """Two clicks of one group are a row; a conversion of another sub5 is one without clicks."""
    world = SmallWorld(
        [click("k1", "2026-03-10T07:10"), click("k2", "2026-03-10T07:11", is_unique=False)],
        [converted(version("2026-03-10T07:20", "declined"), visitor=visitor(sub5=""))],
    )
    rows = [sums(row, "sub5", "click_count", "host_count", "declined_conversions") for row in reported(world, MORNING)]
    assert rows == [["", 0, 0, 1], ["push", 2, 1, 0]]


CONFIRMED = {
    "approved": 1, "conversions_count": 1, "approved_revenue": 3, "approved_earnings": 1, "approved_payouts": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "counted"),
    [
        ("confirmed", CONFIRMED),
        ("declined", {"declined_conversions": 1, "declined_revenue": 3}),
        ("pending", {"pending_conversions": 1, "pending_revenue": 3}),
        ("hold", {"pending_conversions": 1, "pending_revenue": 3}),
        ("not_found", {}),
    ],
)  # fmt: skip
def test_a_status_counts_where_it_belongs(status: str, counted: dict[str, int]) -> None:
    """Earnings and payouts are of all statuses, everything else of its own."""
    (row,) = reported(SmallWorld([], [converted(version("2026-03-10T07:20", status))]), MORNING)
    parts = {name: value for name, value in row.items() if name in (*COUNTS, *MONEY) and value}
    assert parts == {"earnings": 1, "payouts": 2, **counted}


def test_the_running_hour_waits_for_the_next_tick() -> None:
    """At 9:30 what happened from 9:00 on is not in; at 14:00 it is."""
    world = SmallWorld([click("k1", "2026-03-10T08:59:59"), click("k2", "2026-03-10T09:00")])
    assert [row["click_count"] for row in reported(world, "2026-03-10T09:30")] == [1]
    assert [row["click_count"] for row in reported(world, "2026-03-10T09:30", NOON)] == [2]


def test_a_conversion_counts_once_in_its_latest_state() -> None:
    """Pending in the morning, confirmed with another payout at noon."""
    one = converted(version("2026-03-10T07:20", "pending"), version("2026-03-10T10:00", "confirmed", payouts="2.5"))
    (morning,), (noon,) = tables(SmallWorld([], [one]), [Tick(at(MORNING)), Tick(at(NOON))], UTC_ACCOUNT)
    assert sums(morning, "pending_conversions", "approved", "payouts") == [1, 0, Decimal(2)]
    assert sums(noon, "pending_conversions", "approved", "payouts") == [0, 1, Decimal("2.5")]


def test_a_late_change_is_known_though_its_day_is_not_pulled_any_more() -> None:
    """A conversion of day 1 that is confirmed on day 30 counts on its own day."""
    one = converted(version("2026-03-01T07:20", "hold"), version("2026-03-31T08:00", "confirmed"))
    pulls = ["2026-03-01T09:00", "2026-03-30T09:00", "2026-03-31T09:00"]
    assert sums(reported(SmallWorld([], [one]), *pulls[:2])[0], "datestamp", "approved") == [date(2026, 3, 1), 0]
    assert sums(reported(SmallWorld([], [one]), *pulls)[0], "datestamp", "approved") == [date(2026, 3, 1), 1]


def test_a_change_between_two_pulls_far_apart_is_known() -> None:
    """The day before the previous pull's is the earliest whose changes are asked for."""
    one = converted(version("2026-03-01T07:20", "hold"), version("2026-03-15T00:00", "confirmed"))
    assert reported(SmallWorld([], [one]), "2026-03-16T09:00", "2026-03-30T09:00")[0]["approved"] == 1
    assert reported(SmallWorld([], [one]), "2026-03-17T09:00", "2026-03-30T09:00") == []


def test_a_sweep_finds_what_no_change_told() -> None:
    """Before the first pull's window there is what a sweep reaches."""
    world = SmallWorld([], [converted(version("2026-02-01T07:20", "confirmed"))])
    assert reported(world, MORNING) == []
    (swept,) = list(tables(world, [Tick(at(MORNING), sweep_days=62)], UTC_ACCOUNT))
    assert [row["datestamp"] for row in swept] == [date(2026, 2, 1)]


def test_clicks_of_before_the_window_are_never_known() -> None:
    """The first pull reaches back to the beginning of the sixth day before; older clicks are gone for good."""
    world = SmallWorld([click("k1", "2026-03-03T23:59:59"), click("k2", "2026-03-04T00:00")])
    assert [row["datestamp"] for row in reported(world, MORNING, NOON)] == [date(2026, 3, 4)]


def test_a_state_that_nobody_knows_is_not_counted() -> None:
    """Such a record is rejected: what was known before stays."""
    one = converted(version("2026-03-10T07:20", "pending"), version("2026-03-10T10:00", "on_review"))
    assert reported(SmallWorld([], [one]), MORNING, NOON)[0]["pending_conversions"] == 1
    assert reported(SmallWorld([], [one]), NOON) == []


def test_names_are_those_of_the_last_pull_of_the_day() -> None:
    """A rename at noon holds for its own day and later, not for the day before, whenever that is built."""
    world = SmallWorld([click(day, f"2026-03-{day}T07:00") for day in ("09", "10", "11")])
    world.things = {"advertisers": [("2026-03-10T12:00", [changed(ACME, title="Acme Group")])]}
    pulls = ["2026-03-09T09:00", MORNING, NOON, "2026-03-11T09:00"]
    names = [row["advertiser_name"] for row in reported(world, *pulls)]
    assert names == ["Acme", "Acme Group", "Acme Group"]


def test_before_the_first_pull_names_are_those_of_the_first() -> None:
    """A day from before anything was pulled has the names that were found first."""
    world = SmallWorld([click("k1", "2026-03-05T07:00")])
    world.things = {"offers": [("2026-03-10T12:00", [changed(QUEST, title="Quest II")])]}
    assert [row["offer_title"] for row in reported(world, MORNING, NOON)] == ["Quest"]


def test_a_click_belongs_to_the_advertiser_that_the_offer_had_at_the_end_of_its_day() -> None:
    """Reassigned at noon: clicks of the day are the new one's; a conversion says itself whose it is."""
    world = SmallWorld([click("k1", "2026-03-10T07:00")], [converted(version("2026-03-10T07:20", "confirmed"))])
    globex = changed(ACME, advertiser_id="globex", title="Globex")
    world.things = {
        "offers": [("2026-03-10T12:00", [changed(QUEST, advertiser_id="globex")])],
        "advertisers": [("2026-01-01", [ACME, globex])],
    }
    rows = [sums(row, "advertiser_name", "click_count", "approved") for row in reported(world, MORNING, NOON)]
    assert rows == [["Acme", 0, 1], ["Globex", 1, 0]]


def test_what_is_gone_from_a_list_keeps_its_name() -> None:
    """A deleted offer's facts have the last names that were pulled."""
    world = SmallWorld([click("k1", "2026-03-10T10:00")])
    world.things = {"offers": [("2026-03-10T12:00", [])]}
    assert reported(world, MORNING, NOON)[0]["offer_title"] == "Quest"


def test_a_fact_of_somebody_unknown_keeps_its_row() -> None:
    """Ids stay, names are missing, and so is the advertiser of a click on an offer that is not known."""
    (row,) = reported(SmallWorld([click("k1", "2026-03-10T07:00", offer_id=99, affiliate_id=98)]), MORNING)
    assert sums(row, "offer_id", "affiliate_id", "advertiser_id") == [99, 98, None]
    assert sums(row, "offer_title", "affiliate_name", "affiliate_manager", "advertiser_name") == [None] * 4


@pytest.mark.parametrize(
    ("login", "name", "shown"), [("", "House", "House"), (" ", None, "affiliate 7"), ("media", "House", "media")]
)
def test_an_affiliate_is_called_by_login_or_name_or_id(login: str, name: str | None, shown: str) -> None:
    """What is blank is passed over."""
    world = SmallWorld([click("k1", "2026-03-10T07:00")])
    world.things = {"affiliates": [("2026-01-01", [changed(MEDIA, login=login, name=name)])]}
    assert reported(world, MORNING)[0]["affiliate_name"] == shown


@pytest.mark.parametrize(("first", "last", "shown"), [("Ada", "", "Ada"), ("", "Ex", "Ex"), ("", "", None)])
def test_a_manager_is_called_by_the_names_that_there_are(first: str, last: str, shown: str | None) -> None:
    """Missing parts are left out."""
    world = SmallWorld([click("k1", "2026-03-10T07:00")])
    world.things = {"managers": [("2026-01-01", [changed(ADA, first_name=first, last_name=last)])]}
    assert reported(world, MORNING)[0]["affiliate_manager"] == shown


def test_a_day_is_the_accounts_day() -> None:
    """At 23:30 UTC it is the next day in Berlin already."""
    world = SmallWorld([click("k1", "2026-03-09T22:30"), click("k2", "2026-03-09T23:30")])
    days = [row["datestamp"] for row in reported(world, MORNING, account=Account("Europe/Berlin"))]
    assert days == [date(2026, 3, 9), date(2026, 3, 10)]


def test_amounts_are_rounded_one_by_one_half_away_from_zero() -> None:
    """Two of 0.0000005 are two millionths, and a loss of half a millionth is a whole one."""
    world = SmallWorld(
        [], [converted(version("2026-03-10T07:20", "confirmed", "0.0000005", "0.000001"), name=name) for name in "ab"]
    )
    (row,) = reported(world, MORNING)
    assert sums(row, "approved_revenue", "payouts", "earnings") == [Decimal("0.000002")] * 2 + [Decimal("-0.000002")]


def test_amounts_in_another_currency_are_converted_at_the_first_rate_of_their_day() -> None:
    """One euro is 1.25 dollars in the morning of the 10th: 3 of them are 3.75, whatever the rate is at noon."""
    world = SmallWorld([], [converted(version("2026-03-10T07:20", "confirmed", currency="EUR"))])
    morning, noon = {"USD": Decimal(1), "EUR": Decimal("0.8")}, {"USD": Decimal(1), "EUR": Decimal("0.5")}
    world.quotes = [("2026-01-01", morning), ("2026-03-10T12:00", noon)]
    assert reported(world, MORNING, NOON)[0]["approved_revenue"] == Decimal("3.75")


def test_a_day_without_a_rate_has_the_last_one_before_or_the_next() -> None:
    """Conversions of the 5th (before any pull) and of the 12th (no pull on it) have the rates of the 10th."""
    two = [
        converted(version(f"2026-03-{day}T07:20", "confirmed", currency="EUR"), name=day) for day in ("05", "12")
    ]  # fmt: skip
    world = SmallWorld([], two)
    world.quotes = [
        ("2026-01-01", {"USD": Decimal(1), "EUR": Decimal("0.8")}),
        ("2026-03-11", {"USD": Decimal(1), "EUR": Decimal("0.5")}),
    ]
    assert [row["approved_revenue"] for row in reported(world, MORNING, "2026-03-14T09:00")] == [Decimal("3.75")] * 2


def test_a_currency_without_any_rate_is_an_error() -> None:
    """There is never a silent one to one."""
    world = SmallWorld([], [converted(version("2026-03-10T07:20", "confirmed", currency="XTS"))])
    with pytest.raises(UnknownCurrencyError):
        reported(world, MORNING)


def test_ticks_are_in_the_zones_time() -> None:
    """9:00 and 14:00 in Berlin are an hour earlier in UTC once its clocks have changed."""
    found = [tick.at for tick in ticks(date(2026, 3, 28), 2, "Europe/Berlin")]
    assert found == [at(f"2026-03-{moment}:00") for moment in ("28T08", "28T13", "29T07", "29T12")]
