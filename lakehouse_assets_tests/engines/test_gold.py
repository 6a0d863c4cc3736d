"""Gold against the oracle, whatever sequence of loads led to it and however often gold was built on the way."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.engines.gold import Built, Manner, build
from lakehouse_assets.engines.slices import SLICE_ROWS, Slices, cut
from lakehouse_assets.errors import ModelFailed
from lakehouse_assets.load.ledger import backlog
from lakehouse_assets.sql.affected import window_values
from lakehouse_assets.sql.gold import MAX_WINDOW
from lakehouse_assets_tests import oracle
from lakehouse_assets_tests.lake import PIPELINE, LakeDriver, never
from lakehouse_assets_tests.load.drops import Both, Drop, drops, file_of
from lakehouse_assets_tests.oracle import File, State
from lakehouse_assets_tests.oracle.loading import SOME_DAY

MODELS = {"daily_sales": oracle.daily_sales, "product_daily": oracle.product_daily, "user_orders": oracle.user_orders}
DAY = "2025-04-01"


def as_the_oracle_says(lake: LakeDriver, state: State) -> None:
    """Every gold table, brought up to date, is what the oracle makes of silver."""
    for name, expected in MODELS.items():
        assert (name, lake.gold(name)) == (name, expected(state))


def from_scratch(lake: LakeDriver, name: str) -> list[dict[str, Any]]:
    """The model over all of silver at once, ordered by key."""
    engine, contract = lake.query(), lake.known[f"gold.{name}"]
    rows = engine.rows(model_sql(PIPELINE, name), {"everything": True, contract.window_source: ()})
    engine.close()
    return sorted(rows, key=lambda row: [row[k] for k in contract.key])


def gold_files(lake: LakeDriver) -> set[Path]:
    """Data files and snapshots of gold."""
    return set((lake.root / "ecommerce_gold").rglob("*.*"))


def again(both: Both, *files: File) -> None:
    """One more run over these files."""
    both.load(Drop(SOME_DAY, files, 0))


NINES = "9999999999999999.99"


def test_sums_have_room_for_what_the_rows_may_hold(tmp_path: Path) -> None:
    """Three orders of the largest amount by one buyer on one day, two with items, and a small one of another buyer."""
    both = Both.at(tmp_path)
    orders = [f"{n},o{n},u1,{DAY}T10:00,{NINES},{DAY}" for n in (1, 2, 3)] + [f"4,o4,u2,{DAY}T10:00,0.01,{DAY}"]
    items = [f"i{n},o{n % 2 + 1},u1,,p{n},1,,{DAY}T10:00,{DAY}" for n in (1, 2, 3)]
    again(both, file_of("products", 1, ["p1,1,Books,Atlas", "p2,1,Books,Map", "p3,2,Food,Tea"]))
    again(both, file_of("orders", 1, orders), file_of("order_items", 1, items))
    as_the_oracle_says(both.lake, both.state)
    assert {row["user_id"]: str(row["amount"]) for row in both.lake.gold("user_orders")} == {
        "u1": "29999999999999999.97",
        "u2": "0.01",
    }


@given(drops(), st.lists(st.booleans(), min_size=4, max_size=4))
@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])  # shrinking would take minutes
def test_gold_catches_up_with_any_sequence_of_loads(sequence: list[Drop], builds: list[bool]) -> None:
    """Built after each load or after some, it equals the oracle and a rebuild from scratch."""
    with tempfile.TemporaryDirectory() as folder:
        both = Both.at(folder)
        for drop, is_built in zip(sequence, builds, strict=False):
            both.load(drop)
            if is_built:
                as_the_oracle_says(both.lake, both.state)
        as_the_oracle_says(both.lake, both.state)
        assert from_scratch(both.lake, "daily_sales") == both.lake.gold("daily_sales")


def shop(folder: Path, amounts: list[str], items: list[tuple[int, int]]) -> Both:
    """Orders o0, o1, … of these amounts, products of forty departments, and items as (order, product)."""
    both = Both.at(folder)
    products = [f"p{n},{n:02},D{n},Thing" for n in range(40)]
    orders = [f"1,o{n},u{n},{DAY}T10:00,{amount},{DAY}" for n, amount in enumerate(amounts)]
    lines = [f"i{n},o{order},u1,,p{product},1,1,{DAY}T10:00,{DAY}" for n, (order, product) in enumerate(items)]
    again(both, file_of("products", 1, products), file_of("orders", 1, orders), file_of("order_items", 1, lines))
    return both


@pytest.mark.parametrize("amount", ["0.01", "-0.01", "-100.01", "0.39", "9999999999999994.99"])
def test_amounts_are_split_to_the_cent(tmp_path: Path, amount: str) -> None:
    """Cents over forty departments, refunds and huge amounts: the parts are the oracle's and add up exactly."""
    both = shop(tmp_path, [amount, "5.00"], [(0, n % 40) for n in range(70)])
    found = both.lake.gold("daily_sales")
    assert found == oracle.daily_sales(both.state)
    assert sum((row["amount"] for row in found), Decimal(0)) == Decimal(amount) + 5
    assert (found[0]["department_id"], found[0]["amount"]) == ("(none)", 5)


def test_a_product_without_department_is_unknown(tmp_path: Path) -> None:
    """Blank departments have a name of their own, so that no key is NULL."""
    both = shop(tmp_path, ["3.00"], [(0, 0)])
    again(both, file_of("products", 2, ["p0,,,Thing"], 5))
    assert [(row["department_id"], row["department"]) for row in both.lake.gold("daily_sales")] == [("(unknown)",) * 2]


def test_a_renamed_department_changes_the_days_that_sold_it(tmp_path: Path) -> None:
    """A new version of a product reaches back to orders of days that no file of the run names."""
    both = shop(tmp_path, ["3.00"], [(0, 0)])
    as_the_oracle_says(both.lake, both.state)
    again(both, file_of("products", 2, ["p0,00,Renamed,Thing"], 5))
    as_the_oracle_says(both.lake, both.state)
    assert [row["department"] for row in both.lake.gold("daily_sales")] == ["Renamed"]


def test_an_order_that_moves_leaves_its_old_day_and_buyer(tmp_path: Path) -> None:
    """Its day and its buyer had no other order, so their rows go."""
    both = shop(tmp_path, ["3.00"], [(0, 0)])
    as_the_oracle_says(both.lake, both.state)
    again(both, file_of("orders", 2, ["1,o0,u9,2025-04-02T10:00,4.00,2025-04-02"]))
    as_the_oracle_says(both.lake, both.state)
    assert [row["user_id"] for row in both.lake.gold("user_orders")] == ["u9"]


def test_an_item_that_moves_to_another_order_changes_both_days(tmp_path: Path) -> None:
    """The day of the order that lost it is looked at again too."""
    both = shop(tmp_path, ["3.00"], [(0, 0), (0, 1)])
    again(both, file_of("orders", 2, ["1,o7,u7,2025-04-02T10:00,7.00,2025-04-02"]))
    as_the_oracle_says(both.lake, both.state)
    again(both, file_of("order_items", 3, ["i1,o7,u1,,p1,1,1,2025-04-02T10:00,2025-04-02"]))
    as_the_oracle_says(both.lake, both.state)


def test_more_touched_values_than_can_be_listed_rebuild_the_table(tmp_path: Path) -> None:
    """Listed or not, users that were touched change, vanish and stay as the oracle says."""
    both = Both.at(tmp_path)
    for day, (user, count) in enumerate([("u", MAX_WINDOW), ("u", MAX_WINDOW + 1), ("v", MAX_WINDOW)], start=1):
        at = f"2025-04-0{day}"
        orders = [f"1,o{n},{user}{n % 1001},{at}T10:00,{n}.01,{at}" for n in range(count)]
        again(both, file_of("orders", day, orders))
        assert both.lake.gold("user_orders") == oracle.user_orders(both.state)


def test_the_ledger_lists_no_more_than_gold_would(tmp_path: Path) -> None:
    """Too many users are NULL, few dates are listed; a small run after it does not make the users listable again."""
    both = Both.at(tmp_path)
    again(both, file_of("orders", 1, [f"1,o{n},u{n},{DAY}T10:00,1.00,{DAY}" for n in range(MAX_WINDOW + 1)]))
    again(both, file_of("orders", 2, [f"1,x,u0,{DAY}T11:00,1.00,{DAY}"]))
    ledger = "SELECT touched_dates, touched_users FROM delta_lakehouse.ecommerce_run_ledger WHERE kind = 'touched'"
    listed = [(row["touched_dates"], row["touched_users"]) for row in both.lake.rows(f"{ledger} ORDER BY run_id")]
    day = date.fromisoformat(DAY)
    assert listed == [([day], None), ([day], ["u0"])]
    assert behind(both.lake, "user_orders") is None
    assert behind(both.lake, "daily_sales") == (day,)


def behind(lake: LakeDriver, gold: str) -> tuple[Any, ...] | None:
    """The window of a gold table."""
    return backlog(lake.known["control.ecommerce_run_ledger"], lake.value, lake.known[f"gold.{gold}"]).window


def test_gold_lies_in_the_lake_whatever_its_path(tmp_path: Path) -> None:
    """A blank in the lake's path is a blank in the paths of its gold."""
    both = shop(tmp_path / "my shop", ["3.00"], [(0, 0)])
    as_the_oracle_says(both.lake, both.state)
    assert [path.name for path in tmp_path.iterdir()] == ["my shop"]
    assert gold_files(both.lake)


def test_a_build_reports_the_rows_and_bytes_that_it_wrote(tmp_path: Path) -> None:
    """The bytes are those of the new data file on disk; a build without a change has no commit."""
    lake = shop(tmp_path, ["3.00", "4.00"], []).lake
    first = built(lake, "user_orders")
    (data,) = [path for path in gold_files(lake) if path.suffix == ".parquet"]
    assert first.commit is not None
    assert (first.commit.rows, first.commit.added_files, first.commit.removed_files) == (2, 1, 0)
    assert first.commit.added_bytes == data.stat().st_size
    assert built(lake, "user_orders").commit is None


def built(lake: LakeDriver, name: str, size: int = SLICE_ROWS) -> Built:
    """Build all of a gold table, in slices of so many rows read."""
    engine, manner = lake.query(), Manner(slices=slices(lake, name, size))
    try:
        return build(engine, lake.known[f"gold.{name}"], model_sql(PIPELINE, name), None, never, manner)
    finally:
        engine.close()


WEEK = [f"1,o{n},u{n % 3},2025-04-0{n + 1}T10:00,{n}.50,2025-04-0{n + 1}" for n in range(7)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_slices_are_the_whole_table_in_one_commit(tmp_path: Path, name: str, size: int) -> None:
    """Of nothing, and again over a table that holds other rows, as the oracle says; the last finds no difference."""
    both = Both.at(tmp_path)
    again(both, file_of("products", 1, ["p0,1,D,Thing"]), file_of("orders", 2, WEEK))
    again(both, file_of("order_items", 3, [f"i{n},o{n},u,,p0,1,1,{DAY}T10:00,{DAY}" for n in range(6)]))
    for expected in (1, 2):
        done = built(both.lake, name, size)
        assert done.commit is not None
        assert done.rows == len(MODELS[name](both.state))
        table = both.lake.value.iceberg(both.lake.known[f"gold.{name}"])
        assert len(table.snapshots()) == expected
        again(both, file_of("orders", 3 + expected, [row.replace(".50", ".75") for row in WEEK[:2]], expected))
        again(both, file_of("order_items", 5 + expected, [f"i0,o6,u,,p0,1,1,{DAY}T10:00,{DAY}"], expected))
    built(both.lake, name, size)
    assert both.lake.gold(name) == MODELS[name](both.state)
    assert built(both.lake, name, size).commit is None


def sliced(lake: LakeDriver, name: str, size: int) -> int:
    """Into how many slices a build of so many rows each is cut."""
    engine, contract = lake.query(), lake.known[f"gold.{name}"]
    try:
        return len(list(cut(engine, contract, model_sql(PIPELINE, name), slices(lake, name, size))))
    finally:
        engine.close()


def slices(lake: LakeDriver, name: str, size: int) -> Slices:
    """Slices of a gold table's window."""
    return Slices(window_values(lake.known[f"gold.{name}"], lake.known.values()), size)


IGNORED = ('"date" IN (:touched_dates)', f"DATE '{DAY}' IN (:touched_dates)")
"""Turns the window of daily_sales into a condition that has nothing to do with its rows."""


def test_rows_outside_of_the_part_that_is_built_are_refused(tmp_path: Path) -> None:
    """They would stand in the table twice; the sentence names one, and nothing is committed."""
    both = shop(tmp_path, ["3.00"], [(0, 0)])
    again(both, file_of("orders", 2, ["1,o7,u7,2025-04-02T10:00,7.00,2025-04-02"]))
    both.lake.gold("daily_sales")
    before, engine = gold_files(both.lake), both.lake.query()
    model = model_sql(PIPELINE, "daily_sales").replace(*IGNORED)
    said = r"gives 1 row outside of it, such as `date` `2025-04-02`, which would stand in the table twice; write WHERE"
    with pytest.raises(ModelFailed, match=rf"gold table `ecommerce_gold.daily_sales` cannot be built: .*{said}"):
        build(engine, both.lake.known["gold.daily_sales"], model, (date(2025, 4, 1),), never)
    engine.close()
    assert gold_files(both.lake) == before


def test_rows_outside_of_a_slice_are_refused(tmp_path: Path) -> None:
    """A table that is built whole in slices would have them once for each slice."""
    both = shop(tmp_path, ["3.00"], [(0, 0)])
    again(both, file_of("orders", 2, ["1,o7,u7,2025-04-02T10:00,7.00,2025-04-02"]))
    engine, manner = both.lake.query(), Manner(slices=slices(both.lake, "daily_sales", 1))
    model = model_sql(PIPELINE, "daily_sales").replace(*IGNORED)
    with pytest.raises(ModelFailed, match="gives 1 row outside of it, such as `date` `2025-04-02`"):
        build(engine, both.lake.known["gold.daily_sales"], model, None, never, manner)
    engine.close()


def test_a_slice_has_at_least_one_value_of_the_window(tmp_path: Path) -> None:
    """Seven days and thirteen rows read are seven slices of two rows, and two of seven; three buyers are three."""
    both = Both.at(tmp_path)
    again(both, file_of("products", 1, ["p0,1,D,Thing"]), file_of("orders", 2, WEEK))
    again(both, file_of("order_items", 3, [f"i{n},o{n},u,,p0,1,1,{DAY}T10:00,{DAY}" for n in range(5)]))
    assert [sliced(both.lake, "daily_sales", size) for size in (1, 2, 7, 13)] == [7, 7, 2, 1]
    assert sliced(both.lake, "user_orders", 1) == 3


def test_without_a_difference_nothing_is_written(tmp_path: Path) -> None:
    """Silver changed in a column that gold does not show: no data file and no snapshot."""
    both = shop(tmp_path, ["3.00"], [(0, 0)])
    as_the_oracle_says(both.lake, both.state)
    before = gold_files(both.lake)
    again(both, file_of("orders", 2, [f"77,o0,u0,{DAY}T10:00,3.00,{DAY}"], 5))
    as_the_oracle_says(both.lake, both.state)
    assert len(before) > 2
    assert both.lake.silver()["orders"]["o0"]["order_num"] == "77"
    assert gold_files(both.lake) == before
