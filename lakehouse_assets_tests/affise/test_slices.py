"""Slices of time: they cover the account's days up to the tick, once, whatever the clocks of its zone do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.affise.endpoints import CHANGES, CLICKS, CUSTOM_TOTALS, OFFERS
from lakehouse_assets.affise.slices import (
    HOUR,
    Slice,
    account_hours,
    as_of,
    change_slices,
    forgotten,
    params,
    slices,
    utc_days,
)  # fmt: skip

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati"]
DAY = date(2026, 11, 26)


def at(hour: int, minute: int = 0) -> datetime:
    """Return a time of the day, UTC."""
    return datetime(2026, 11, 26, hour, minute, tzinfo=UTC)


def test_a_closed_day_is_one_slice_and_today_its_closed_hours() -> None:
    """At 14:37 the hours 0 to 13 are closed; the running one waits, and tomorrow has nothing."""
    assert slices(DAY - timedelta(days=1), at(14, 37)) == (Slice(DAY - timedelta(days=1)),)
    assert [one.hour for one in slices(DAY, at(14, 37))] == list(range(14))
    assert slices(DAY + timedelta(days=1), at(14, 37)) == ()
    assert as_of(at(14, 37)) == at(14)


@pytest.mark.parametrize(("tick", "hours"), [(at(0), 0), (at(0, 59), 0), (at(1), 1), (at(23, 59), 23)])
def test_an_hour_is_closed_from_its_end_on(tick: datetime, hours: int) -> None:
    """To the second: at 01:00 hour 0 has ended."""
    assert len(slices(DAY, tick)) == hours


def test_a_day_is_closed_from_midnight_on() -> None:
    """Then it is one slice."""
    assert slices(DAY, datetime(2026, 11, 27, tzinfo=UTC)) == (Slice(DAY),)


def test_a_large_day_is_pulled_by_hour() -> None:
    """All 24, each closed."""
    made = slices(DAY, at(0) + timedelta(days=2), is_large=True)
    assert [one.name for one in made] == [f"h{hour:02d}" for hour in range(24)]


def test_what_is_known_is_not_asked_again() -> None:
    """Of a closed day the hours that are missing; of one that is known as a whole, nothing."""
    later = at(0) + timedelta(days=2)
    assert slices(DAY, later, known={"day"}) == ()
    assert [one.hour for one in slices(DAY, later, known={f"h{hour:02d}" for hour in range(22)})] == [22, 23]


def test_what_the_api_forgets_is_not_asked() -> None:
    """A day that begins before is pulled by the hours that do not; the others are lost, unless somebody has them."""
    later, oldest = at(0) + timedelta(days=2), at(20, 30)
    assert [one.hour for one in slices(DAY, later, oldest=oldest)] == [21, 22, 23]
    assert slices(DAY - timedelta(days=1), later, oldest=oldest) == ()
    assert slices(DAY + timedelta(days=1), later, oldest=oldest) == (Slice(DAY + timedelta(days=1)),)
    assert [one.hour for one in forgotten(DAY, known={"h19"}, oldest=oldest)] == [*range(19), 20]
    assert forgotten(DAY, known={"day"}, oldest=oldest) == ()


def test_near_real_time_takes_the_running_hour_too() -> None:
    """As an open slice, which may go on growing; a closed day has none."""
    assert slices(DAY, at(2, 10), intraday=True)[-1] == Slice(DAY, 2, is_open=True)
    assert slices(DAY, at(0) + timedelta(days=1), intraday=True) == (Slice(DAY),)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 11, 26), 24),
        ("America/New_York", date(2026, 3, 8), 23),
        ("UTC", date(2026, 3, 29), 24),
        ("Asia/Kolkata", date(2026, 11, 26), 25),
    ],
)
def test_days_with_a_change_of_clocks_have_23_or_25_hours(zone: str, day: date, hours: int) -> None:
    """Each hour is one of UTC; a zone with a half hour shares its first and last with its neighbours."""
    found = list(account_hours(day, zone))
    assert (len(found), len(set(found))) == (hours, hours)


@given(st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 8), st.integers(0, 2**31))
def test_slices_cover_the_days_of_an_account_once(zone: str, first: date, more: int, seed: int) -> None:
    """Any moment of its days that is before the end of the last closed hour is in exactly one slice."""
    last = first + timedelta(days=more)
    local = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    moment = local + (end - local) * (seed / 2**31)
    tick = end - (end - local) * ((seed % 997) / 997 / 2)
    made = [one for day in utc_days(first, last, zone) for one in slices(day, tick)]
    assert sum(one.start <= moment < one.end for one in made) == (moment < as_of(tick))
    assert made == sorted(made)
    assert all(one.end <= as_of(tick) for one in made)


@given(st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_no_day_is_pulled_that_has_nothing_of_the_account(zone: str, day: date) -> None:
    """The first and the last UTC day each share some time with the account's day; there are at most two."""
    found, hours = utc_days(day, day, zone), list(account_hours(day, zone))
    assert len(found) <= 2
    assert found == tuple(sorted({hour.date() for hour in hours}))


@given(st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_the_hours_of_a_day_have_no_hole(zone: str, day: date) -> None:
    """They follow each other, from the day's beginning to the beginning of the next one."""
    found = list(account_hours(day, zone))
    assert all(after - before == HOUR for before, after in pairwise(found))
    start, end = (datetime.combine(one, datetime.min.time(), ZoneInfo(zone)) for one in (day, day + timedelta(days=1)))
    assert found[0] <= start < found[0] + HOUR
    assert found[-1] < end <= found[-1] + HOUR


def test_every_question_asks_for_utc() -> None:
    """Of facts, changes and totals; a list has no time, and so no zone."""
    for endpoint in (CLICKS, CHANGES, CUSTOM_TOTALS):
        assert ("timezone", "UTC") in params(endpoint, Slice(DAY, 3), "inclusive")
    assert params(OFFERS, Slice(DAY), "inclusive") == ()


def test_a_span_of_one_day_is_written_as_the_account_reads_it() -> None:
    """`date_to` is the same day, or the next one where it does not belong to the span."""
    assert params(CLICKS, Slice(DAY, 3), "inclusive") == (
        ("date_from", "2026-11-26"), ("date_to", "2026-11-26"), ("hour", "3"), ("timezone", "UTC"),
    )  # fmt: skip
    assert ("date_to", "2026-11-27") in params(CLICKS, Slice(DAY), "exclusive")
    assert ("filter[date_to]", "2026-11-26") in params(CUSTOM_TOTALS, Slice(DAY), "inclusive")


def test_changes_are_asked_for_conversions_of_62_days() -> None:
    """Without dates the API answers those of the last week only, however late they changed."""
    found = dict(params(CHANGES, Slice(DAY), "inclusive"))
    assert (found["date_from"], found["update_from_date"], found["update_to_date"]) == (
        "2026-09-25", "2026-11-26", "2026-11-26",
    )  # fmt: skip
    made = change_slices(at(9) - timedelta(days=1), at(14))
    assert made == (Slice(DAY - timedelta(days=1), is_open=True), Slice(DAY, is_open=True))
