"""Times against ids: constant offsets pass, in zones with a change of clocks too, and all others block."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.affise.errors import ZoneOffset
from lakehouse_assets.affise.id_time import Clock, Clocks, agreed, id_time


def record(moment: datetime, offset: timedelta) -> dict[str, str]:
    """Return a record that was made at a moment and shows it so far off UTC."""
    shown = (moment + offset).replace(tzinfo=None)
    return {"id": f"{int(moment.timestamp()):08x}{'0' * 16}", "created_at": f"{shown:%Y-%m-%d %H:%M:%S}"}


def judged(zone: str, *records: object) -> Clock | None:
    """Return whose clock records show."""
    clocks = Clocks(zone)
    clocks.add(records)
    return clocks.verdict("clicks", "2026-03-29")


NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.integers(1_577_836_800, 2_051_222_400),
)
def test_times_of_a_zone_are_known_at_every_moment(zone: str, second: int) -> None:
    """Also in the hour that a clock shows twice, since the id says which of the two it is."""
    moment = datetime.fromtimestamp(second, UTC)
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert judged(zone, record(moment, offset)) == ("account" if offset else "both")
    assert judged(zone, record(moment, timedelta())) == ("utc" if offset else "both")


def test_a_mixture_blocks() -> None:
    """Half of the records follow the parameter and half do not: no day could be trusted."""
    with pytest.raises(ZoneOffset, match="1 times are UTC, and 2 are not"):
        judged("Europe/Berlin", *(record(NOON, timedelta(hours=hours)) for hours in (0, 2, 2)))


def test_another_zone_blocks_and_says_how_far_it_is_off() -> None:
    """The commonest offset is named, in minutes from UTC."""
    wrong = [record(NOON, timedelta(hours=3)), record(NOON, timedelta(hours=3)), record(NOON, timedelta(hours=-4))]
    with pytest.raises(ZoneOffset, match=r"3 times are off, 2 of them by \+180 minutes"):
        judged("Europe/Berlin", *wrong)


def test_a_few_seconds_are_no_offset() -> None:
    """The id is made a moment before the record is stamped."""
    assert judged("Europe/Berlin", record(NOON, timedelta(hours=2, seconds=4))) == "account"


@pytest.mark.parametrize(
    "odd",
    [{}, [], {"id": "x", "created_at": "2026-03-29 12:00:00"}, {"id": "0" * 24}, {"id": "0" * 24, "created_at": "-"}],
)
def test_records_that_do_not_tell_do_not_block(odd: object) -> None:
    """They are judged by the rules of silver."""
    assert judged("Europe/Berlin", odd) is None
    assert judged("Europe/Berlin", odd, record(NOON, timedelta())) == "utc"


@pytest.mark.parametrize(("hour", "offset"), [(12, "Z"), (12, "+00:00"), (14, "+02:00")])
def test_a_time_that_says_its_offset_is_compared_too(hour: int, offset: str) -> None:
    """Noon is noon; ten hours later blocks as any other time does."""
    told = {"id": record(NOON, timedelta())["id"], "created_at": f"2026-03-29T{hour}:00:00{offset}"}
    assert judged("Europe/Berlin", told) == "utc"
    with pytest.raises(ZoneOffset, match=r"off, 1 of them by \+600 minutes"):
        judged("Europe/Berlin", record(NOON - timedelta(hours=10), timedelta()) | {"created_at": told["created_at"]})


def test_slices_of_a_run_agree() -> None:
    """Those that do not tell agree with all; two that contradict each other block."""
    assert agreed("clicks", "Europe/London", ["both", None, "account"]) == "account"
    assert agreed("clicks", "Europe/London", [None]) is None
    with pytest.raises(ZoneOffset, match="some slices are UTC, others are not"):
        agreed("clicks", "Europe/London", ["utc", "account"])


def test_an_id_of_another_shape_has_no_time() -> None:
    """Nothing is read out of it."""
    assert [id_time(value) for value in ("", "5f5b1e8a", "z" * 24, 7, None)] == [None] * 5
