"""What the times of files are worth that other machines set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.core.file_times import FIRST, LAST, believed, doubts, moment_of
from lakehouse_assets.core.manifest import FileEntry

NOW = datetime(2025, 4, 2, 12, tzinfo=UTC)


def changed(modified: datetime, name: str = "a") -> FileEntry:
    """A landed file with this time."""
    return FileEntry("orders", f"orders/{name}.csv", "e", 1, modified)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_any_number_of_seconds_is_a_moment_in_order(one: float, other: float) -> None:
    """A file system may hold any; a later one never comes before an earlier one."""
    first, second = map(moment_of, sorted((one, other)))
    assert FIRST <= first <= second <= LAST


def test_a_time_to_come_counts_as_now_and_any_other_as_it_is() -> None:
    """Also the smallest difference, and the oldest file there is."""
    times = [NOW, NOW - timedelta(microseconds=1), FIRST]
    assert believed(map(changed, times), NOW) == tuple(map(changed, times))
    assert believed(map(changed, [NOW + timedelta(microseconds=1), LAST]), NOW) == (changed(NOW), changed(NOW))


def test_what_is_not_believed_is_told() -> None:
    """A minute is a difference of clocks; more is named, and so is what was no date before it became the nearest."""
    ahead = NOW + timedelta(minutes=1)
    assert doubts([changed(NOW), changed(ahead)], NOW) == []
    assert doubts([changed(ahead + timedelta(seconds=1)), changed(FIRST, "b"), changed(LAST, "c")], NOW) == [
        "orders/a.csv has the time 2025-04-02 12:01 UTC, which is to come; it counts as changed now",
        "orders/b.csv has a time that is no date; it counts as older than all others",
        "orders/c.csv has a time that is no date; it counts as changed now",
    ]


def test_many_files_are_counted() -> None:
    """Ten are named, so that what a run says of itself stays small."""
    told = doubts([changed(LAST, str(number)) for number in range(12)], NOW)
    assert (len(told), told[-1]) == (11, "and 2 files more")
