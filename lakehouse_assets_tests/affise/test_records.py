"""What single records of the API become: what they lack is not made up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lakehouse_assets.affise.records.clicks import click
from lakehouse_assets.affise.records.conversions import conversion
from lakehouse_assets.affise.records.people import affiliate
from lakehouse_assets.affise.records.totals import counted_clicks, hourly_total

PAGE = {"as_of": "2026-03-16T06:30:00.000000Z", "zone": "UTC", "endpoint": "conversions"}


def row(status: str, **money: Any) -> dict[str, Any]:
    """The row of a conversion of five o'clock."""
    record = {"id": "69b78e50a1144ecc56000000", "created_at": "2026-03-16 05:00:00", "status": status}
    (found,) = conversion(record | money, PAGE)
    return found


@pytest.mark.parametrize("money", [{}, {"revenue": None}, {"revenue": ""}, {"revenue": True}])
def test_money_that_is_missing_is_nothing_where_the_conversion_was_declined(money: dict[str, Any]) -> None:
    """Of any other state it stays missing, for a rule to reject the row: zero would be an amount."""
    assert row("declined", **money)["revenue"] == row("3", **money)["revenue"] == "0.000000"
    assert [row(status, **money)["revenue"] for status in ("confirmed", "pending", "hold", "1")] == [None] * 4


@pytest.mark.parametrize(("made", "is_open"), [("05:59:59", None), ("06:00:00", "true"), ("06:29:59", "true")])
def test_what_happened_in_the_running_hour_says_so(made: str, is_open: str | None) -> None:
    """The reports of ticks leave it out until its hour is over, and it is pulled again."""
    record = {"id": "", "created_at": f"2026-03-16 {made}", "status": "confirmed"}
    rows = [*conversion(record, PAGE), *click(record, PAGE | {"endpoint": "clicks"})]
    assert [one["hour_is_open"] for one in rows] == [is_open, is_open]


def test_totals_end_with_the_days_that_a_run_asks_for() -> None:
    """A page of them has a whole day of UTC; in Berlin its last hour is of the next day."""
    page = PAGE | {"zone": "Europe/Berlin", "until": "2026-03-15T23:00:00Z"}
    hours = [{"slice": {"day": "2026-03-15", "hour": hour}, "traffic": {"raw": "1", "uniq": "1"}} for hour in (22, 23)]
    found = [one["hour_start"] for record in hours for one in hourly_total(record, page)]
    assert found == ["2026-03-15T22:00:00Z"]


TOLD = {
    "slice": {"day": "2026-03-16", "hour": 5, "offer": {"id": 1}, "affiliate": {"id": 2}, "advertiser": {"id": "a"}},
    "traffic": {"raw": 3, "uniq": 2},
}


def test_money_of_totals_may_be_text() -> None:
    """As in conversions: what affiliates get is 1.50 and 0.25, what advertisers pay 2."""
    actions = {
        "confirmed": {"count": "1", "revenue": "1.50", "charge": "2"},
        "hold": {"count": 1, "revenue": Decimal("0.25")},
    }
    (found,) = hourly_total(TOLD | {"actions": actions}, PAGE)
    assert (found["conversions"], found["payouts"], found["revenue"]) == ("2", "1.750000", "2.000000")


@pytest.mark.parametrize(
    ("name", "one", "other"), [("os", "", "Unknown"), ("country", None, "Undefined"), ("os_version", "-", "")]
)
def test_groups_that_only_cleaning_makes_equal_stay_two(name: str, one: Any, other: Any) -> None:
    """So that neither's clicks are lost; the report adds them."""
    (first,), (second,) = (
        counted_clicks(TOLD | {"slice": {**TOLD["slice"], name: value}}, PAGE) for value in (one, other)
    )
    assert first["group_key"] != second["group_key"]
    assert first[name] == second[name] is None


@pytest.mark.parametrize("told", ["2026-03-16T05:00:00Z", "2026-03-16T05:00:00+00:00", "2026-03-16T08:00:00+03:00"])
def test_a_time_that_says_its_offset_is_that_moment(told: str) -> None:
    """Its day is known too, and its id says that nothing is off."""
    record = {"id": f"{1_773_637_200:08x}{'0' * 16}", "created_at": told, "status": "confirmed"}
    for (found,) in (conversion(record, PAGE), click(record, PAGE)):
        assert (found["created_at"], found["utc_offset_minutes"]) == ("2026-03-16T05:00:00Z", "0")
        assert found.get("click_date", found.get("conversion_date")) == "2026-03-16"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(" ", "Tester ", (None, "Tester")), ("Undefined", "-", (None, None)), ("Ann", "Lee", ("Ann", "Lee"))],
)
def test_names_of_managers_are_no_placeholders(first: str, last: str, expected: tuple[str | None, str | None]) -> None:
    """Nor do they begin or end with blanks."""
    told = {"id": "1", "first_name": first, "last_name": last}
    (found,) = affiliate({"id": 7, "login": " Undefined", "name": "-", "manager": told}, PAGE)
    assert (found["manager_first_name"], found["manager_last_name"]) == expected
    assert found["display_name"] == "affiliate 7"
