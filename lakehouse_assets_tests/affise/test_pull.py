"""Pulling days of a simulated tenant: all records once, whatever happens between pages, calls and runs."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from lakehouse_assets.affise.bronze import manifests, read_page, records_of
from lakehouse_assets.affise.endpoints import CHANGES, CLICKS, CONVERSIONS, click_source
from lakehouse_assets.affise.errors import ApiRefused, KeyRefused, PageDamaged, ZoneOffset
from lakehouse_assets.affise.id_time import agreed
from lakehouse_assets.affise.pull import Cursor
from lakehouse_assets.affise.slices import Slice, change_slices
from lakehouse_assets.errors import ApiUnavailable, SliceIncomplete, StateDamaged
from lakehouse_assets.formats.compression import unpacked
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.protocol import Field
from lakehouse_assets.progress import Progress
from lakehouse_assets_tests.affise.tenant import TODAY, YESTERDAY, Case, documents, tenant
from lakehouse_assets_tests.affise.wire import answer, client, listed, serving


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """A tenant without faults."""
    with tenant(tmp_path) as made:
        yield made


def test_a_day_has_all_its_records_once(case: Case) -> None:
    """Those that the tenant really has, in two pages of clicks and one of conversions."""
    clicks, conversions = (case.pull(endpoint, YESTERDAY) for endpoint in (CLICKS, CONVERSIONS))
    assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
    assert case.visible(CONVERSIONS, YESTERDAY) == case.conversions(YESTERDAY)
    assert [len(made.pages) for done in (clicks, conversions) for made in done.manifests] == [2, 1]
    assert clicks.manifests[0].distinct == clicks.manifests[0].total == 1000


@pytest.mark.parametrize(
    "fault", ["insert-between-pages", "delete-between-pages", "total-count-changes", "click-on-two-pages"]
)
def test_what_moves_between_pages_is_pulled_again(fault: str, tmp_path: Path) -> None:
    """The second pull is right, and only its pages count; those of the first stay, and nobody sees them."""
    with tenant(tmp_path, fault) as case:
        (made,) = case.pull(CLICKS, YESTERDAY).manifests
        assert (made.pulls, made.is_counted, made.records) == (2, True, 1000)
        assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
    assert len(list(documents(tmp_path))) == 4


def test_a_closed_slice_that_never_fits_is_an_error(tmp_path: Path) -> None:
    """Three pulls of two pages; nothing becomes visible, and the next run can begin anew."""
    with tenant(tmp_path, "total-count-changes:times=0") as case:
        with pytest.raises(SliceIncomplete, match=r"`clicks` 2026-03-15: 1,000 distinct .* after 3 pulls"):
            case.pull(CLICKS, YESTERDAY)
        assert len(case.asked("stats/clicks")) == 6
        assert case.visible(CLICKS, YESTERDAY) == []
        case.simulator.faults.turn_off("total-count-changes")
        case.pull(CLICKS, YESTERDAY)
        assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)


def test_an_open_slice_that_grows_is_a_warning(tmp_path: Path) -> None:
    """The running hour of a busy tenant: it is there, and says that it could not be counted."""
    with tenant(tmp_path, "total-count-changes:times=0", clicks_per_day=40_000) as case:
        made = case.puller().one(CLICKS, Slice(TODAY, 6, is_open=True))
    assert made is not None
    assert (made.hour, made.is_closed, made.is_counted, made.pulls) == (6, False, False, 3)
    assert made.warning is not None
    assert "the count went from" in made.warning
    assert manifests(case.store, "clicks", TODAY) == [made]


def test_near_real_time_has_the_running_hour_as_it_is_now(case: Case) -> None:
    """At 6:30 it is the seventh slice, and open."""
    done = case.puller().day(CLICKS, TODAY, case.now, intraday=True)
    assert [(made.hour, made.is_closed) for made in done.manifests][-2:] == [(5, True), (6, False)]


def test_the_running_hour_waits_for_the_next_tick(case: Case) -> None:
    """At 6:30 hours 0 to 5; at 11:30 clicks of 6 to 10 only, since hours that are counted do not change."""
    first = case.pull(CLICKS, TODAY, "morning")
    assert [made.hour for made in first.manifests] == [0, 1, 2, 3, 4, 5]
    assert case.visible(CLICKS, TODAY) == case.clicks(TODAY, hours=6)
    case.simulator.clock.advance(hours=5)
    before = len(case.asked("stats/clicks"))
    second = case.pull(CLICKS, TODAY, "noon")
    assert [made.hour for made in second.manifests] == [6, 7, 8, 9, 10]
    assert second.skipped == ("h00", "h01", "h02", "h03", "h04", "h05")
    assert len(case.asked("stats/clicks")) - before == 5
    assert case.visible(CLICKS, TODAY) == case.clicks(TODAY, hours=11)


def test_clicks_of_a_counted_day_are_not_asked_again(case: Case) -> None:
    """Conversions are, as they change."""
    for run_id in ("morning", "noon"):
        for endpoint in (CLICKS, CONVERSIONS):
            case.pull(endpoint, YESTERDAY, run_id)
    assert len(case.asked("stats/clicks")) == 2
    assert [len(case.visible(CONVERSIONS, YESTERDAY, run)) for run in ("morning", "noon")] == [
        len(case.conversions(YESTERDAY))
    ] * 2


def test_a_large_day_is_pulled_by_hour(case: Case) -> None:
    """The first page says how large it is; then there are 24 slices of the same records."""
    done = case.pull(CLICKS, YESTERDAY, large=999)
    assert [made.hour for made in done.manifests] == list(range(24))
    assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)


@pytest.mark.parametrize("large", [10_000, 999])
def test_any_volume_fits_into_short_calls(case: Case, large: int) -> None:
    """Calls without time take one page each and hand on a cursor that is JSON; the slices are the same in the end."""
    cursor, calls = None, 0
    while True:
        done = case.puller(large=large).day(CLICKS, YESTERDAY, case.now, cursor=cursor, seconds=0)
        calls += 1
        if done.cursor is None:
            break
        cursor = Cursor.from_dict(json.loads(json.dumps(done.cursor.to_dict())))
    assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
    assert calls == (2 if large > 1000 else 24)
    assert not list(case.folder.rglob("*.bookmark.json"))


def test_a_run_that_is_repeated_asks_nothing_again(case: Case) -> None:
    """Its slices are there; only what a new client learns about the account is asked."""
    done = case.pull(CLICKS, YESTERDAY)
    before = len(case.asked("stats/clicks"))
    assert case.pull(CLICKS, YESTERDAY) == done
    assert len(case.asked("stats/clicks")) == before


@dataclass
class Dying:
    """A store whose process dies at one of its writes."""

    store: Any
    writes: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def put(self, key: str, data: bytes, **conditions: Any) -> str:
        """Write, or die."""
        if self.writes == 0:
            raise KeyboardInterrupt
        self.writes -= 1
        return str(self.store.put(key, data, **conditions))


@pytest.mark.parametrize("writes", range(4))
def test_a_run_that_dies_at_any_write_is_caught_up(case: Case, writes: int) -> None:
    """Two pages and a manifest: before the last write nobody sees anything, and afterwards everything."""
    with pytest.raises(KeyboardInterrupt) if writes < 3 else pytest.MonkeyPatch.context():
        case.pull(CLICKS, YESTERDAY, store=Dying(case.store, writes))
    assert len(case.visible(CLICKS, YESTERDAY)) == (1000 if writes == 3 else 0)
    case.pull(CLICKS, YESTERDAY)
    assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)


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


def test_a_note_that_nobody_wrote_is_named(case: Case) -> None:
    """With the way out."""
    key = "bronze/affise/clicks/2026-03-15/run-0/day.manifest.json"
    case.store.put(key, b"{}")
    with pytest.raises(StateDamaged, match=f"`{key}` cannot be used: .*pull its day again"):
        case.pull(CLICKS, YESTERDAY)


def test_money_has_the_digits_that_the_api_sent(tmp_path: Path) -> None:
    """Every number of a page stands in bronze as it stands in the answer, whatever form money has."""
    number = re.compile(rb"(?<=[:\[,])-?[0-9][0-9.eE+-]*(?=[,}\]])")
    with tenant(tmp_path, "money-forms") as case:
        case.pull(CONVERSIONS, YESTERDAY)
        query = f"date_from={YESTERDAY}&date_to={YESTERDAY}&timezone=UTC&limit=500&page=1"
        url = f"{case.simulator.url}/3.0/stats/conversions?{query}"
        body = requests.get(url, headers={"API-Key": case.simulator.key}, timeout=5).content
    (file,) = (tmp_path / "bronze/affise/conversions/2026-03-15").rglob("*.json.gz")
    kept = gzip.decompress(file.read_bytes())
    sent = number.findall(body[body.index(b'"conversions":') :].rpartition(b'"pagination"')[0])
    assert sent == number.findall(kept[kept.index(b'"records":') :].rpartition(b"]}")[0] + b"]")
    assert len(sent) > 100


def test_pages_are_read_by_the_format_of_json_pages(case: Case) -> None:
    """Its reader takes them as they are in the lake: packed, with the records below `records`."""
    (made,) = case.pull(CONVERSIONS, YESTERDAY).manifests
    fields = (Field("id", ("id",)), Field("offer", ("offer", "id")), Field("money", ("revenue",)))
    reader, key = JsonPages(fields, ("records",)), made.pages[0].key
    (batch,) = reader.batches(key, unpacked(key, case.store.chunks(key)), 0)
    assert sorted(batch.column("id").to_pylist()) == case.conversions(YESTERDAY)


def test_a_page_says_what_was_asked_and_answered(case: Case) -> None:
    """The facts by which a page can be judged years later."""
    case.pull(CLICKS, YESTERDAY)
    first, second = sorted(documents(case.folder / "bronze/affise/clicks"), key=lambda page: page["page"])
    facts = {name: value for name, value in second.items() if not name.endswith(("_at", "_hash", "_sha256", "records"))}
    assert facts == {
        "endpoint": "clicks", "path": "/3.0/stats/clicks", "tenant": case.simulator.url[7:], "run_id": "run-1",
        "slice": "day", "window_from": "2026-03-15T00:00:00+00:00", "window_to": "2026-03-16T00:00:00+00:00",
        "timezone": "UTC", "page": 2, "per_page": 500, "total_count": 1000, "next_page": None, "http_status": 200,
        "body_status": 1,
        "params": [["date_from", "2026-03-15"], ["date_to", "2026-03-15"], ["timezone", "UTC"], ["limit", "500"],
                   ["page", "2"]],
        "rest": {"status": 1, "statusCode": 200, "pagination": {"page": 2, "per_page": 500, "total_count": 1000}},
    }  # fmt: skip
    assert first["params_hash"] != second["params_hash"]
    assert first["requested_at"] <= first["received_at"] <= second["requested_at"]


def test_a_page_that_was_changed_is_noticed(case: Case) -> None:
    """A manifest names the etag of each page."""
    (made,) = case.pull(CONVERSIONS, YESTERDAY).manifests
    (case.folder / made.pages[0].key).write_bytes(gzip.compress(b'{"records":[]}'))
    with pytest.raises(PageDamaged, match=r"conversions/2026-03-15"):
        read_page(case.store, made.pages[0])


def test_who_waits_sees_how_far_it_is(case: Case) -> None:
    """What is pulled, and how many records of how many have come."""
    puller = case.puller()
    puller.day(CLICKS, YESTERDAY, case.now)
    assert str(puller.progress.now).startswith("pulling clicks of 2026-03-15: 2 files, ")
    assert str(puller.progress.now).endswith("1,000 of 1,000 rows")
    assert isinstance(puller.progress, Progress)


def test_a_key_that_nobody_knows_ends_a_pull(case: Case) -> None:
    """At its first request."""
    puller, spec = case.puller(), case.simulator.tenant.spec
    case.simulator.tenant.spec = replace(spec, key="another-one")
    with pytest.raises(KeyRefused, match="Token"):
        puller.day(CLICKS, YESTERDAY, case.now)


def test_runs_see_each_other_only_by_manifests(case: Case) -> None:
    """Those of a day are listed oldest first, of all runs or of one."""
    for run_id in ("b", "a"):
        case.pull(CONVERSIONS, YESTERDAY, run_id)
    assert [made.run_id for made in manifests(case.store, "conversions", YESTERDAY)] == ["b", "a"]
    assert [made.run_id for made in manifests(case.store, "conversions", YESTERDAY, "a")] == ["a"]
