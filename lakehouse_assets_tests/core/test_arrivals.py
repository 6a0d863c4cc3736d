"""What the landing sensor decides, tick by tick."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse_assets.core.arrivals import (
    EMPTY,
    GIVEN_UP,
    MANIFEST_FILES,
    Cursor,
    Decision,
    LandingSnapshot,
    Offer,
    decide,
)
from lakehouse_assets.core.manifest import FileEntry

NOW = datetime(2025, 4, 2, 12, tzinfo=UTC)


def landed(name: str, *, etag: str = "e1", size_bytes: int = 10, age_seconds: float = 60) -> FileEntry:
    """One file in landing/orders, last changed that long before NOW."""
    return FileEntry("orders", f"orders/{name}.csv", etag, size_bytes, NOW - timedelta(seconds=age_seconds))


def tick(
    *entries: FileEntry, cursor: Cursor | None = None, under_way: tuple[str, ...] = (), after: float = 0
) -> Decision:
    """One decision, so many seconds after NOW, with a quiet period of 5 seconds; the cursor goes through its JSON."""
    remembered = Cursor.parse((cursor or Cursor()).dump())
    return decide(LandingSnapshot(entries, NOW + timedelta(seconds=after), 5.0), remembered, under_way)


def failing_ticks(*entries: FileEntry, count: int) -> list[Decision]:
    """Decisions of so many ticks, where every run ends and leaves its files in landing."""
    decisions = [tick(*entries)]
    while len(decisions) < count:
        decisions.append(tick(*entries, cursor=decisions[-1].cursor))
    return decisions


def test_quiet_files_are_offered_with_their_etags() -> None:
    """All files that have been left alone make up one offer of (key, etag) pairs."""
    offer = tick(landed("b", etag="eb"), landed("a", etag="ea")).offer
    assert offer
    assert offer.pairs == [["orders/a.csv", "ea"], ["orders/b.csv", "eb"]]


@pytest.mark.parametrize(("age", "taken"), [(4.9, False), (5.0, True), (-60.0, False)])
def test_a_file_that_may_still_be_written_waits(age: float, *, taken: bool) -> None:
    """Younger than the quiet period, or from the future and not seen before: not now; its companions do not wait."""
    decision = tick(landed("young", age_seconds=age), landed("old"))
    assert decision.offer
    assert (["orders/young.csv", "e1"] in decision.offer.pairs) is taken


def test_a_file_from_the_future_is_taken_when_it_was_seen_unchanged_for_the_quiet_period() -> None:
    """Its own time says nothing, so the first look at it counts; one that changed meanwhile begins anew."""
    ahead, changed = (landed("ahead", etag=etag, age_seconds=-1e6) for etag in ("e1", "e2"))
    first = tick(ahead)
    early, late = (tick(ahead, cursor=first.cursor, after=seconds) for seconds in (4.9, 5.0))
    other = tick(changed, cursor=first.cursor, after=5.0)
    assert [bool(d.offer) for d in (first, early, late, other)] == [False, False, True, False]
    assert late.cursor.ahead == first.cursor.ahead != other.cursor.ahead
    assert tick(cursor=late.cursor, after=9.0).cursor == Cursor()


def test_a_cursor_of_before_is_read() -> None:
    """Version 0.1.0 wrote the list of offers alone."""
    text = '[{"attempt": 2, "files": [["a.csv", "e", 1, "2025-04-01"]]}]'
    assert Cursor.parse(text) == Cursor((Offer((("a.csv", "e", 1, "2025-04-01"),), 2),))


def test_an_empty_file_is_ignored() -> None:
    """Zero bytes are never offered, and the reason says so."""
    decision = tick(landed("a", size_bytes=0))
    assert (decision.offer, decision.reason) == (None, f"1 {EMPTY}: orders/a.csv")


def test_what_is_left_alone_is_named() -> None:
    """Ten files at most, and how many more; beside the other reasons."""
    left = {f"orders/{number:02}.csv": "a pipe" for number in range(12)}
    landing = LandingSnapshot([landed("a", size_bytes=0)], NOW, 5.0, left_alone=left)
    reasons = decide(landing, Cursor(), ()).reason.split("; ")
    assert reasons[:2] == [f"1 {EMPTY}: orders/a.csv", "orders/00.csv is left alone: a pipe"]
    assert (len(reasons), reasons[-1]) == (12, "2 more left alone")


def test_an_empty_landing_says_so() -> None:
    """Nothing there is a reason of its own."""
    assert tick().reason == "landing is empty"


def test_one_manifest_is_under_way_at_a_time() -> None:
    """While the run goes on, a new file waits; when it ended, that file is the next offer."""
    first = tick(landed("a"))
    assert first.offer
    during = tick(landed("a"), landed("b"), cursor=first.cursor, under_way=(first.offer.key,))
    after = tick(landed("b"), cursor=during.cursor)
    assert during.offer is None
    assert after.offer
    assert after.offer.pairs == [["orders/b.csv", "e1"]]


def test_a_run_that_has_archived_its_files_is_still_under_way() -> None:
    """The offer of a living run is remembered whole although landing is empty."""
    first = tick(landed("a"))
    assert first.offer
    during = tick(cursor=first.cursor, under_way=(first.offer.key,))
    assert during.cursor == first.cursor


def test_the_cursor_forgets_what_left_landing() -> None:
    """Files that are archived are not remembered any more."""
    assert tick(cursor=tick(landed("a"), landed("b")).cursor).cursor == Cursor()


def test_a_failed_manifest_is_offered_again_three_times() -> None:
    """Four runs in all, each with a run key of its own; then nothing, with a reason."""
    decisions = failing_ticks(landed("a"), landed("b"), count=6)
    attempts = [d.offer.attempt if d.offer else None for d in decisions]
    assert attempts == [1, 2, 3, 4, None, None]
    assert len({d.offer.key for d in decisions if d.offer}) == 4
    assert decisions[-1].reason == f"2 {GIVEN_UP}: orders/a.csv, orders/b.csv"
    assert decisions[-1].stays == {"orders/a.csv": GIVEN_UP, "orders/b.csv": GIVEN_UP}


def test_new_files_do_not_join_a_failed_manifest() -> None:
    """What arrives after a failure is offered alone and first, so that it does not share the others' attempts."""
    failed = tick(landed("bad")).cursor
    new = tick(landed("bad"), landed("good"), cursor=failed)
    again = tick(landed("bad"), cursor=new.cursor)
    assert [d.offer and (d.offer.pairs, d.offer.attempt) for d in (new, again)] == [
        ([["orders/good.csv", "e1"]], 1),
        ([["orders/bad.csv", "e1"]], 2),
    ]


@pytest.mark.parametrize(
    "again", [landed("a", etag="e2"), landed("a", age_seconds=30)], ids=["other content", "same content, later"]
)
def test_a_reupload_under_the_same_name_is_new_work(again: FileEntry) -> None:
    """Other content or another time makes a first attempt with another run key, after a giving up too."""
    given_up = failing_ticks(landed("a"), count=5)
    decision = tick(again, cursor=given_up[-1].cursor)
    assert decision.offer
    assert decision.offer.attempt == 1
    assert decision.offer.key not in {d.offer.key for d in given_up if d.offer}


def test_the_run_key_does_not_depend_on_the_listing_order() -> None:
    """The same files at the same times give the same key, so that a repeated tick starts nothing twice."""
    first, second = tick(landed("a"), landed("b")).offer, tick(landed("b"), landed("a")).offer
    assert first
    assert second
    assert first.key == second.key


def test_an_offer_is_cut_and_the_rest_comes_next() -> None:
    """More files than one manifest takes make several."""
    entries = [landed(f"{number:05}") for number in range(MANIFEST_FILES + 1)]
    first = tick(*entries)
    assert first.offer
    second = tick(entries[-1], cursor=first.cursor)
    assert second.offer
    assert (len(first.offer.files), second.offer.pairs) == (2000, [["orders/02000.csv", "e1"]])
