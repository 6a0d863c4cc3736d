"""What single records of the API become: what they lack is not made up."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse_assets.affise.records.clicks import click
from lakehouse_assets.affise.records.conversions import conversion
from lakehouse_assets.affise.records.totals import hourly_total

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
