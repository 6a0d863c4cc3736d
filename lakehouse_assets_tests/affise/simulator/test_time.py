"""Days, hours and zones of requests and records, what is too old, and what is not there yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from lakehouse_assets_tests.affise.simulator.api import CLICKS, CONVERSIONS, DAY, Api, Row, serving

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""The days on which the clocks of Berlin change in 2026."""


def created(row: Row) -> datetime:
    """The instant in a record's id."""
    return datetime.fromtimestamp(int(row["id"][:8], 16), UTC)


def test_a_day_is_meant_in_the_zone_that_is_asked_for(plain: Api) -> None:
    """The same date is another window in UTC, in the tenant's zone, and in a third one."""
    begins = {
        "UTC": datetime(2026, 3, 13, 0, tzinfo=UTC),
        "": datetime(2026, 3, 12, 21, tzinfo=UTC),  # Moscow is three hours ahead
        "America/New_York": datetime(2026, 3, 13, 4, tzinfo=UTC),
    }
    for zone, begin in begins.items():
        rows = plain.rows(CLICKS, date_from="2026-03-13", date_to="2026-03-13", timezone=zone)
        assert min(map(created, rows)) == begin
        assert max(map(created, rows)) == begin + timedelta(days=1, seconds=-1)


def test_times_are_written_in_the_zone_of_the_tenant(plain: Api) -> None:
    """Whatever zone is asked for, `created_at` is three hours ahead of the id, and so is `click_time` of its own."""
    for row in plain.day(CONVERSIONS):
        assert datetime.fromisoformat(row["created_at"]) - created(row).replace(tzinfo=None) == timedelta(hours=3)
        clicked = datetime.fromtimestamp(int(row["clickid"][:8], 16), UTC).replace(tzinfo=None)
        assert datetime.fromisoformat(row["click_time"]) - clicked == timedelta(hours=3)


def test_an_hour_is_a_slice_of_its_day(plain: Api) -> None:
    """The 24 hours of a day together are the day, each by itself."""
    hours = [{row["id"] for row in plain.day(CLICKS, hour=hour)} for hour in range(24)]
    whole = {row["id"] for row in plain.day(CLICKS)}
    assert sum(map(len, hours)) == len(whole)
    assert set().union(*hours) == whole


def test_both_dates_are_asked_for_with_all_days_between(plain: Api) -> None:
    """`date_to` is the last day that is asked for."""
    rows = plain.rows(CONVERSIONS, date_from="2026-03-12", date_to="2026-03-14", timezone="UTC")
    assert {created(row).date() for row in rows} == {date(2026, 3, day) for day in (12, 13, 14)}


def test_clicks_are_served_for_seven_days_to_the_second(plain: Api) -> None:
    """The clock stands at 6:30 of the 16th: of the 9th there is what came from 6:30 on, and nothing of the 8th."""
    edge = plain.clock.now - timedelta(days=7)
    whole = plain.world.clicks(edge, datetime(2026, 3, 10, tzinfo=UTC))
    assert {row["id"] for row in plain.day(CLICKS, "2026-03-09")} == {one.click_id for one in whole}
    assert plain.day(CLICKS, "2026-03-08") == []


def test_nothing_is_served_before_it_happened_and_everything_after() -> None:
    """What a day holds grows with the clock."""
    with serving() as api:
        today = f"{api.clock.now.date()}"
        before = {row["id"] for row in api.day(CLICKS, today)}
        api.clock.advance(hours=2)
        after = api.day(CLICKS, today)
        new = [row for row in after if row["id"] not in before]
    assert before < {row["id"] for row in after}
    assert {created(row).hour for row in new} == {6, 7, 8}


def test_a_click_has_its_conversion_only_from_then_on() -> None:
    """`has_conversions` and `conversion_id` of a click change when it converts."""
    with serving() as api:
        now = api.clock.now
        clicks = api.world.clicks(now - timedelta(days=1), now)
        click = next(one for one in clicks if one.converted_at and one.converted_at > now + timedelta(hours=1))
        shown = []
        for _ in range(2):
            rows = api.rows(CLICKS, date_from="2026-03-15", date_to="2026-03-16", timezone="UTC")
            shown += [(row["has_conversions"], row["conversion_id"]) for row in rows if row["id"] == click.click_id]
            api.clock.set(click.converted_at or now)
    assert shown == [(False, ""), (True, click.conversion_id)]


def test_days_of_23_and_25_hours_are_whole() -> None:
    """The day of a zone with daylight saving has the clicks of 23 hours in spring, and of 25 in autumn."""
    for day, hours in ((SPRING, 23), (AUTUMN, 25)):
        with serving("daylight-saving", start=day - timedelta(days=2), days=4) as api:
            rows = api.rows(CLICKS, date_from=day, date_to=day, timezone="Europe/Berlin")
            begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
            expected = {one.click_id for one in api.world.clicks(begin, begin + timedelta(hours=hours))}
        assert {row["id"] for row in rows} == expected
        assert len({(created(row) - begin) // timedelta(hours=1) for row in rows}) == hours


def test_an_hour_that_comes_twice_is_told_by_the_id_alone() -> None:
    """In autumn two hours are both written 02; the offset to the id is two hours first, and then one."""
    with serving("daylight-saving", start=AUTUMN - timedelta(days=2), days=4) as api:
        rows = api.rows(CLICKS, date_from=AUTUMN, date_to=AUTUMN, timezone="Europe/Berlin")
    twice = [row for row in rows if row["created_at"].startswith("2026-10-25 02")]
    offsets = {created(row).hour: datetime.fromisoformat(row["created_at"]).hour - created(row).hour for row in twice}
    assert offsets == {0: 2, 1: 1}


def test_a_request_without_dates_is_about_the_last_week(plain: Api) -> None:
    """Conversions of today and the seven days before, in the tenant's zone."""
    days = {row["created_at"][:10] for row in plain.rows(CONVERSIONS)}
    assert (min(days), max(days)) == ("2026-03-09", "2026-03-16")
    assert DAY in days
