"""Pulling from tenants of all kinds: faults on the way, clocks and spans that differ, what cannot be pulled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.affise.bronze import records_of
from lakehouse_assets.affise.endpoints import CHANGES, CLICKS, CONVERSIONS, click_source
from lakehouse_assets.affise.errors import ApiRefused, KeyRefused, ZoneOffset
from lakehouse_assets.affise.id_time import agreed
from lakehouse_assets.affise.slices import change_slices
from lakehouse_assets.errors import ApiUnavailable
from lakehouse_assets_tests.affise.tenant import TODAY, YESTERDAY, Case, tenant
from lakehouse_assets_tests.affise.wire import answer, client, listed, serving


@pytest.mark.parametrize(
    "fault",
    ["too-many-requests", "server-error:times=3", "status-2-in-200:times=2", "truncated-json", "reset-mid-body",
     "slow-response:seconds=1"],
)  # fmt: skip
def test_faults_in_the_middle_of_a_slice_change_nothing(fault: str, tmp_path: Path) -> None:
    """The second page meets them; every record is there once."""
    name, _, options = fault.partition(":")
    with tenant(tmp_path, f"{name}:skip=1,endpoint=clicks{options and ','}{options}") as case:
        puller = case.puller()
        puller.api._patience = puller.api._patience.__class__(1, 0.5, tries=4)  # noqa: SLF001 - one more try than usual
        puller.day(CLICKS, YESTERDAY, case.now)
        assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
        assert case.simulator.faults.fired()[name] >= 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [("redirect-to-https", ApiRefused), ("restricted-key-403", ApiRefused), ("clicks-gone", ApiRefused),
     ("server-error:times=0,endpoint=clicks", ApiUnavailable)],
)  # fmt: skip
def test_what_cannot_be_pulled_leaves_nothing_visible(fault: str, error: type[Exception], tmp_path: Path) -> None:
    """It is a typed error; what an earlier run pulled stays as it was."""
    with tenant(tmp_path) as case:
        case.pull(CONVERSIONS, YESTERDAY, "before")
        puller = case.puller()
        case.simulator.faults.turn_on(fault)
        with pytest.raises(error):
            puller.day(CLICKS, YESTERDAY, case.now)
        assert case.visible(CLICKS, YESTERDAY) == []
        assert case.visible(CONVERSIONS, YESTERDAY) == case.conversions(YESTERDAY)


@pytest.mark.parametrize("fault", ["next-page-null", "exact-multiple", "page-beyond-end-404", "limit-refused"])
def test_ends_of_lists_are_found_in_all_their_forms(fault: str, tmp_path: Path) -> None:
    """No page beyond the end is asked for, and no limit above 500."""
    with tenant(tmp_path, fault) as case:
        case.pull(CLICKS, YESTERDAY)
        assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
        assert len(case.asked("stats/clicks")) == 2


@pytest.mark.parametrize(
    ("faults", "zone", "clock"),
    [
        ((), "Europe/Moscow", "account"),
        (("created-at-follows-timezone",), "Europe/Moscow", "utc"),
        (("daylight-saving",), "Europe/Berlin", "account"),
    ],
)
def test_whose_clock_times_show_is_told_by_ids(faults: tuple[str, ...], zone: str, clock: str, tmp_path: Path) -> None:
    """Over a change of clocks too: in Berlin, 28 days after the start, an hour is left out."""
    with tenant(tmp_path, *faults, days=30) as case:
        days = [case.now.date() - timedelta(days=number) for number in range(1, 5)]
        made = [one for day in days for one in case.pull(CLICKS, day, zone=zone).manifests]
        assert {one.clock for one in made} == {clock}
        assert agreed("clicks", zone, [one.clock for one in made] + [None]) == clock


def test_a_wrong_zone_blocks(case: Case) -> None:
    """Times of Moscow are an hour or two off those of Berlin; nothing becomes visible."""
    with pytest.raises(ZoneOffset, match=r"as those of UTC or of Europe/Berlin: .*by \+180 minutes"):
        case.pull(CLICKS, YESTERDAY, zone="Europe/Berlin")
    assert case.visible(CLICKS, YESTERDAY) == []


def test_an_account_that_reads_spans_otherwise_gives_the_same_days(tmp_path: Path) -> None:
    """`date_to` is learnt from two small questions."""
    with tenant(tmp_path, "date-to-exclusive") as case:
        assert case.puller().account.date_to == "exclusive"
        case.pull(CLICKS, YESTERDAY)
        case.pull(CLICKS, TODAY)
        assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
        assert case.visible(CLICKS, TODAY) == case.clicks(TODAY, hours=6)


def test_a_conversion_that_changes_late_is_among_the_changes(case: Case) -> None:
    """One of the first day is declined two weeks later; the changes of that day hold it, and no wrong one."""
    name = case.conversions(case.now.date() - timedelta(days=14))[0]
    case.simulator.clock.advance(hours=1)
    case.simulator.world.edit(name, case.now, status="declined")
    case.simulator.clock.advance(hours=1)
    since = case.now - timedelta(hours=2)
    made = [case.puller().one(CHANGES, one) for one in change_slices(since, case.now)]
    pages = [page for one in made if one is not None for page in one.pages]
    found = {record["id"]: record for records in records_of(case.store, tuple(pages)) for record in records}
    assert found[name]["status"] == "declined"
    assert all(record["updated_at"] >= "2026-03-16" for record in found.values())


def test_an_account_without_clicks_counts_them_at_the_grain(tmp_path: Path) -> None:
    """Raw is the number of clicks, and uniq that of unique ones, of a whole day; today's totals are an open slice."""
    with tenant(tmp_path, "clicks-gone") as case:
        endpoint = click_source("custom")
        (made,) = case.pull(endpoint, YESTERDAY).manifests
        rows = [row for page in records_of(case.store, made.pages) for row in page]
        start = datetime.combine(YESTERDAY, datetime.min.time(), UTC)
        truth = list(case.simulator.world.clicks(start, start + timedelta(days=1)))
        (today,) = case.pull(endpoint, TODAY).manifests
    assert sum(int(row["traffic"]["raw"]) for row in rows) == len(truth) == 1000
    assert sum(int(row["traffic"]["uniq"]) for row in rows) == sum(one.is_unique for one in truth)
    assert {"day", "hour", "affiliate", "offer", "country", "sub5", "sub6", "os"} <= rows[0]["slice"].keys()
    assert (made.is_closed, today.is_closed) == (True, False)


def test_records_of_another_time_are_counted(case: Case) -> None:
    """An account may read days in a zone of its own, though UTC was asked: of 25 hours here, one is of another day."""
    at = datetime.combine(YESTERDAY, datetime.min.time(), UTC).timestamp()
    made = [f"{int(at + hour * 3600):08x}{hour + 1:016x}" for hour in range(-1, 24)]
    body = listed([{"id": name} for name in made], page=1, per_page=500, total_count=25)
    with serving(answer(body)) as wire:
        (found,) = replace(case.puller(), api=client(wire.url)).day(CONVERSIONS, YESTERDAY, case.now).manifests
    assert (found.outside, found.is_counted) == (1, True)
    assert case.pull(CONVERSIONS, YESTERDAY, "other").manifests[0].outside == 0


def test_clicks_that_the_api_forgets_are_not_taken_for_none(case: Case) -> None:
    """At 6:30, of the day a week ago hours up to 8 are gone or about to go; 9 to 23 are pulled, and 9 are lost."""
    week_ago = TODAY - timedelta(days=7)
    done = case.pull(CLICKS, week_ago)
    assert [made.hour for made in done.manifests] == list(range(9, 24))
    assert done.forgotten == tuple(f"h{hour:02d}" for hour in range(9))
    assert set(case.visible(CLICKS, week_ago)) == set(case.clicks(week_ago)) - set(case.clicks(week_ago, hours=9))
    assert len(case.pull(CLICKS, week_ago - timedelta(days=1)).forgotten) == 24
    assert case.pull(CLICKS, YESTERDAY).forgotten == ()


def test_a_key_that_nobody_knows_ends_a_pull(case: Case) -> None:
    """At its first request."""
    puller, spec = case.puller(), case.simulator.tenant.spec
    case.simulator.tenant.spec = replace(spec, key="another-one")
    with pytest.raises(KeyRefused, match="Token"):
        puller.day(CLICKS, YESTERDAY, case.now)
