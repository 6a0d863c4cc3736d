"""What holds for any sequence of loads: every row is accounted for, and only the newest events matter."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.drops import ORDERS, Both, Drop, drops, file_of
from lakehouse_assets_tests.oracle.loading import SOME_DAY, File

MEATY = settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate])  # shrinking takes minutes
WAITS = file_of("order_items", 1, ["i1,o1,u1,,p1,1,0,2025-04-01T10:00,2025-04-01"])
BOOK = file_of("products", 1, ["p1,1,Books,Atlas"])


@given(drops())
@MEATY
def test_any_sequence_of_loads_is_what_the_oracle_says(sequence: list[Drop]) -> None:
    """Late parents, replays, ties, superseded and expired rows: counts and codes by run, and all tables after each."""
    with tempfile.TemporaryDirectory() as folder:
        both = Both.at(folder)
        for drop in sequence:
            both.load(drop)
            both.compare()


@given(st.permutations(range(12)), st.lists(st.integers(1, 11), min_size=1, max_size=3), st.permutations(range(9)))
@settings(MEATY, max_examples=2)
def test_neither_order_nor_cuts_matter_when_event_times_differ(
    order: list[int], cuts: list[int], times: list[int]
) -> None:
    """Versions of orders and items in any order, any files and any runs end where one file of each ends."""
    rows = [versions(n) for n in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        once, cut = LakeDriver(Path(folder) / "once"), LakeDriver(Path(folder) / "cut")
        once.load(*(files_of(0, rows, 0)))
        for number, (start, end) in enumerate(zip([0, *sorted(cuts)], [*sorted(cuts), 12], strict=True)):
            cut.load(*files_of(number, [rows[n] for n in order[start:end]], times[number]))
        assert cut.silver() == once.silver()
        assert (cut.pending(), cut.rejects()) == ({}, {})


def versions(n: int) -> tuple[str, str, str]:
    """The n-th version of everything: an order and an item of their own event time and content, and their product."""
    moment = f"2025-04-{n + 1:02}T10:00,2025-04-{n + 1:02}"
    order = f"1,o{n % 3},u{n % 2},{moment.split(',', maxsplit=1)[0]},{n}.25,{moment.split(',')[1]}"
    return f"p{n % 4},1,Books,Atlas", order, f"i{n % 5},o{(n * 5) % 3},u1,,p{(n * 7) % 4},{n + 1},1,{moment}"


def files_of(number: int, rows: list[tuple[str, str, str]], second: int) -> list[File]:
    """One file per dataset."""
    columns = zip(*rows, strict=True)
    return [
        file_of(name, number, lines, second)
        for name, lines in zip(("products", "orders", "order_items"), columns, strict=False)
    ]


@given(st.lists(st.lists(ORDERS, min_size=1, max_size=30), min_size=2, max_size=3))
@settings(MEATY, max_examples=3)
def test_the_same_content_under_another_name_writes_nothing(texts: list[list[str]]) -> None:
    """What is in silver already is unchanged or superseded, wherever it comes from."""
    with tempfile.TemporaryDirectory() as folder:
        lake = LakeDriver(Path(folder))
        lake.load(*(file_of("orders", n, lines, n) for n, lines in enumerate(texts)), max_reject_ratio=1.0)
        before = lake.silver()
        report = lake.load(file_of("orders", 9, list(dict.fromkeys(_winners(lake))), 9))
        assert lake.silver() == before
        assert report.tables["clean_orders"].counts.unchanged == len(before["orders"])
        assert report.tables["clean_orders"].added_files == 0


def _winners(lake: LakeDriver) -> list[str]:
    return [
        f"{r['order_num']},{r['order_id']},{r['user_id']},{r['order_timestamp']:%Y-%m-%dT%H:%M},{r['total_amount']},{r['date']}"
        for r in lake.silver()["orders"].values()
    ]


def test_a_file_with_pending_rows_may_land_again(tmp_path: Path) -> None:
    """Read again and tried again in one run, a row waits once, for what is missing then."""
    both = Both.at(tmp_path)
    both.load(Drop(SOME_DAY, (WAITS,), 0))
    both.load(Drop(SOME_DAY, (BOOK,), 1))
    both.compare()
    assert [codes for _, codes in both.lake.pending().values()] == [("unknown_order",)]


def test_a_row_that_gave_up_twice_is_one_reject(tmp_path: Path) -> None:
    """Its file landed again on the seventh day."""
    both = Both.at(tmp_path)
    both.load(Drop(SOME_DAY, (WAITS,), 0))
    both.load(Drop(SOME_DAY + timedelta(days=7), (), 1))
    both.compare()
    assert both.lake.rows("SELECT count(*) AS n FROM delta_lakehouse.ecommerce_rejects") == [{"n": 1}]


def test_an_item_of_a_rejected_order_waits(tmp_path: Path) -> None:
    """A row that breaks a rule is nobody's parent."""
    both = Both.at(tmp_path)
    rejected = file_of("orders", 1, ["1,o1,u1,2025-04-01T10:00,x,2025-04-01"])
    both.load(Drop(SOME_DAY, (WAITS, BOOK, rejected), 0))
    assert [codes for _, codes in both.lake.pending().values()] == [("unknown_order",)]


def test_a_few_rows_onto_many_find_their_old_days(tmp_path: Path) -> None:
    """A small run looks at some days of silver only, and tells moved, new, equal, older and tied rows apart."""
    both = Both.at(tmp_path)
    many = [f"1,o{n},u1,2025-{n % 9 + 1:02}-05T10:00,{n}.00,2025-{n % 9 + 1:02}-05" for n in range(90)]
    both.load(Drop(SOME_DAY, (file_of("orders", 1, many),), 0))
    few = [
        "1,o1,u1,2025-12-24T10:00,1.00,2025-12-24",
        "1,new,u1,2025-12-25T10:00,1.00,2025-12-25",
        many[2],
        "1,o3,u1,2025-01-01T10:00,3.00,2025-01-01",
        "1,o4,u1,2025-05-05T10:00,4.44,2025-05-05",
    ]
    both.load(Drop(SOME_DAY, (file_of("orders", 2, few, 1),), 0))
    both.compare()
    both.load(Drop(SOME_DAY, (file_of("orders", 3, [*few, "1,o4,u1,2025-05-05T10:00,5.55,2025-05-05"]),), 0))
    both.compare()


@pytest.mark.parametrize(("orders", "wins"), [(("o2", "o1"), "o1"), (("o1", "o2"), "o2")])
def test_the_later_line_of_a_file_wins_even_when_one_had_to_wait(
    tmp_path: Path, orders: tuple[str, str], wins: str
) -> None:
    """Two versions of one moment in one file, of which that of o2 is freed a run later."""
    both, at = Both.at(tmp_path), "2025-04-01T10:00,2025-04-01"
    items = file_of("order_items", 2, [f"i1,{order},u1,,p1,1,0,{at}" for order in orders])
    first, second = (file_of("orders", n, [f"1,o{n},u1,2025-04-01T10:00,1.00,2025-04-01"]) for n in (1, 2))
    both.load(Drop(SOME_DAY, (items, BOOK, first), 0))
    both.load(Drop(SOME_DAY, (second,), 0))
    both.compare()
    assert both.lake.silver()["order_items"]["i1"]["order_id"] == wins
