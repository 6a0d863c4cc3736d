"""Pulling days of a simulated tenant: all records once, whatever happens between pages, calls and runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.bronze import manifests
from lakehouse_assets.affise.endpoints import CLICKS, CONVERSIONS
from lakehouse_assets.affise.going import Cursor
from lakehouse_assets.affise.slices import Slice
from lakehouse_assets.errors import SliceIncomplete
from lakehouse_assets_tests.affise.tenant import TODAY, YESTERDAY, Case, documents, tenant


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
    """At 6:30 hours 0 to 5; at 11:30 clicks of 5 to 10 only, since hours that are counted do not change.

    What was over for less than an hour is pulled again: clicks may become visible late.
    """
    first = case.pull(CLICKS, TODAY, "morning")
    assert [made.hour for made in first.manifests] == [0, 1, 2, 3, 4, 5]
    assert case.visible(CLICKS, TODAY) == case.clicks(TODAY, hours=6)
    case.simulator.clock.advance(hours=5)
    before = len(case.asked("stats/clicks"))
    second = case.pull(CLICKS, TODAY, "noon")
    assert [made.hour for made in second.manifests] == [5, 6, 7, 8, 9, 10]
    assert second.skipped == ("h00", "h01", "h02", "h03", "h04")
    assert len(case.asked("stats/clicks")) - before == 6
    assert sorted(set(case.visible(CLICKS, TODAY))) == case.clicks(TODAY, hours=11)


def test_clicks_that_were_not_visible_yet_come_with_the_next_pull(case: Case) -> None:
    """A run whose clock is ahead of the account's counts an hour that is not over; the next one has all of it."""
    early = case.now.replace(minute=59)
    case.puller("early").day(CLICKS, TODAY, case.now)  # the account's clock is at half past
    ahead = replace(
        case.puller("ahead"), bronze=replace(case.puller("ahead").bronze, as_of=early + timedelta(minutes=5))
    )
    ahead.day(CLICKS, TODAY, early + timedelta(minutes=5))
    case.simulator.clock.advance(hours=2)
    case.pull(CLICKS, TODAY, "noon")
    assert set(case.clicks(TODAY, hours=8)) == set(case.visible(CLICKS, TODAY))


def test_clicks_of_counted_days_are_asked_again_on_demand(case: Case) -> None:
    """Unless the account has forgotten them, by its own clock."""
    case.pull(CLICKS, YESTERDAY, "first")
    again = case.puller("second").day(CLICKS, YESTERDAY, case.now, again=True)
    assert ([made.slice.name for made in again.manifests], again.skipped) == (["day"], ())
    puller = case.puller("third")
    late = replace(puller, account=replace(puller.account, present=case.now + timedelta(days=9)))
    forgotten = late.day(CLICKS, YESTERDAY, case.now, again=True)
    assert (forgotten.manifests, forgotten.skipped) == ((), ("day",))


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


@dataclass
class Overtaken:
    """A store on which somebody else finishes the slice just before its manifest is written."""

    store: Any
    meanwhile: Callable[[], object]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def put(self, key: str, data: bytes, **conditions: Any) -> str:
        """Write, after the other one has."""
        if key.endswith(".manifest.json"):
            self.meanwhile()
        return str(self.store.put(key, data, **conditions))


def test_two_calls_of_one_run_at_once_agree(case: Case) -> None:
    """A function that was tried again while it still ran: the first manifest stands, and both return it."""
    other = case.puller()
    store = Overtaken(case.store, lambda: other.day(CLICKS, YESTERDAY, case.now))
    (made,) = case.pull(CLICKS, YESTERDAY, store=store).manifests
    assert manifests(case.store, "clicks", YESTERDAY) == [made]
    assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)
    assert len(list(documents(case.folder))) == 4
