"""A group of gold with a value that has no room is kept out and named with the rows behind it; the rest is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.engines import sieve
from lakehouse_assets.engines.gold import Built, Manner, build
from lakehouse_assets.engines.slices import Slices
from lakehouse_assets.errors import ValueUnfit
from lakehouse_assets.sql.affected import window_values
from lakehouse_assets.sql.models import sources
from lakehouse_assets_tests.engines.test_gold import DAY, NINES, again, gold_files, shop
from lakehouse_assets_tests.lake import PIPELINE, LakeDriver, never
from lakehouse_assets_tests.load.drops import Both, file_of

Rewrite = Callable[[str], str]


def narrow(model: str) -> str:
    """A model whose sums have room for no more than one row has."""
    return model.replace("DECIMAL(38, 2)", "DECIMAL(18, 2)")


def built(
    lake: LakeDriver, name: str, rewrite: Rewrite = narrow, window: tuple[Any, ...] | None = None
) -> tuple[Built, list[dict[str, Any]]]:
    """Build a gold table by another model; what was done, and its rows by key."""
    engine, contract, model = lake.query(), lake.known[f"gold.{name}"], rewrite(model_sql(PIPELINE, name))
    amount = replace(contract.column("amount"), type="DECIMAL(18,2)")
    contract = replace(contract, columns=tuple(amount if c.name == "amount" else c for c in contract.columns))
    try:
        slices = Slices(window_values(contract, lake.known.values()))
        manner = Manner(slices=slices, sources=sources(contract, model, lake.known))
        done = build(engine, contract, model, window, never, manner)
        order = ", ".join(f'"{column}"' for column in contract.key)
        return done, engine.rows(f"SELECT * FROM {contract.catalog_name} ORDER BY {order}")
    finally:
        engine.close()


def buyers(folder: Path) -> Both:
    """Nine buyers with an order each, one of whom has two of the largest amount."""
    both = Both.at(folder)
    orders = [f"{n},o{n},u{n},{DAY}T10:00,{n}.50,{DAY}" for n in range(1, 10) if n != 5]
    again(both, file_of("orders", 1, [*orders, *(f"5,{key},u5,{DAY}T10:00,{NINES},{DAY}" for key in ("big1", "big2"))]))
    return both


SUMMED = (
    f"user_id u5: no room in `amount`; clean_orders order_id big1 (orders/1.csv, line 10) has total_amount {NINES}; "
    f"clean_orders order_id big2 (orders/1.csv, line 11) has total_amount {NINES}"
)


def test_a_sum_without_room_keeps_its_group_out_and_nothing_else(tmp_path: Path) -> None:
    """Each order of u5 has room and their sum has none: the rest is there, and both orders are named with file."""
    done, rows = built(buyers(tmp_path).lake, "user_orders")
    assert [row["user_id"] for row in rows] == [f"u{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9)]
    assert done.kept_out == (SUMMED,)


def test_what_is_kept_out_is_written_once_and_comes_in_when_it_is_mended(tmp_path: Path) -> None:
    """A second build, of everything or of a buyer, writes nothing and still tells; a smaller amount brings u5 in."""
    both = buyers(tmp_path)
    built(both.lake, "user_orders")
    before = gold_files(both.lake)
    for window in (None, ("u1",), ("u5",), ()):
        done, _ = built(both.lake, "user_orders", window=window)
        assert (done.commit, done.kept_out) == (None, (SUMMED,))
    assert gold_files(both.lake) == before
    again(both, file_of("orders", 2, [f"5,big1,u5,{DAY}T10:00,-1.00,{DAY}"], 5))
    done, rows = built(both.lake, "user_orders", window=("u5",))
    assert (done.inserted, done.kept_out) == (1, ())
    assert str(next(row["amount"] for row in rows if row["user_id"] == "u5")) == "9999999999999998.99"


def test_a_group_that_outgrows_its_column_leaves_the_table(tmp_path: Path) -> None:
    """The row that it had before is no longer true."""
    both = Both.at(tmp_path)
    again(both, file_of("orders", 1, [f"1,o1,u1,{DAY}T10:00,{NINES},{DAY}", f"2,o2,u2,{DAY}T10:00,1.00,{DAY}"]))
    assert len(built(both.lake, "user_orders")[1]) == 2
    again(both, file_of("orders", 2, [f"1,o3,u1,{DAY}T10:00,1.00,{DAY}"]))
    done, rows = built(both.lake, "user_orders", window=("u1", "u2"))
    assert ([row["user_id"] for row in rows], done.deleted, len(done.kept_out)) == (["u2"], 1, 1)


def test_a_product_without_room_within_a_sum_is_found(tmp_path: Path) -> None:
    """A multiple of the largest amount overflows in one row, before anything is summed."""

    def multiplied(model: str) -> str:
        product = "total_amount * CAST(1000000000000000000000 AS DECIMAL(38, 2))"
        return narrow(model).replace("sum(total_amount)", f"sum(CASE WHEN {product} > 0 THEN total_amount END)")

    both = Both.at(tmp_path)
    again(both, file_of("orders", 1, [f"{n},o{n},u{n},{DAY}T10:00,{n}.50,{DAY}" for n in range(1, 5)]))
    again(both, file_of("orders", 2, [f"5,big,u5,{DAY}T10:00,{NINES},{DAY}"]))
    done, rows = built(both.lake, "user_orders", multiplied)
    assert [(row["user_id"], str(row["amount"])) for row in rows] == [(f"u{n}", f"{n}.50") for n in range(1, 5)]
    place = "clean_orders order_id big (orders/2.csv, line 2)"
    assert done.kept_out == (f"user_id u5: no room in `amount`; {place} has total_amount {NINES}",)


def test_a_value_deep_in_a_model_keeps_out_its_day_and_no_other(tmp_path: Path) -> None:
    """Cents of a share have no room before departments are joined: the whole day goes, the other days stay."""
    both = shop(tmp_path, ["3.00", "5000.00"], [(0, 1), (1, 2)])
    other = "2025-04-02"
    again(both, file_of("orders", 2, [f"1,o7,u7,{other}T10:00,9.00,{other}"]))
    done, rows = built(both.lake, "daily_sales", lambda model: model.replace("DECIMAL(18, 0)", "DECIMAL(5, 0)"))
    assert [str(row["date"]) for row in rows] == [other]
    (said,) = done.kept_out
    place = "clean_orders order_id o1 (orders/1.csv, line 3)"
    assert said.startswith(f"date {DAY}: no room in `amount`; {place} has total_amount 5000.00; ")


def test_where_nearly_nothing_fits_it_is_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More groups than a build keeps out stop the table, as before, and nothing is written."""
    monkeypatch.setattr(sieve, "MOST_GROUPS", 2)
    lake = shop(tmp_path, ["3000.00", "5000.00", "7000.00"], []).lake
    with pytest.raises(ValueUnfit, match=r"stays as it was.*does not fit.*room.*`amount` DECIMAL"):
        built(lake, "user_orders", lambda model: model.replace("DECIMAL(38, 2)", "DECIMAL(5, 2)"))
    assert not [path for path in gold_files(lake) if path.suffix == ".parquet"]


def test_a_value_among_the_keys_stops_the_table(tmp_path: Path) -> None:
    """Groups that cannot be told apart cannot be kept out one by one."""
    lake = shop(tmp_path, ["3.00", "5000.00"], []).lake
    key = "CAST(CAST(total_amount AS DECIMAL(4, 2)) AS STRING)"
    with pytest.raises(ValueUnfit, match="stays as it was"):
        built(
            lake,
            "user_orders",
            lambda model: model.replace("SELECT\n  user_id", f"SELECT {key} AS user_id").replace(
                "BY user_id", f"BY {key}"
            ),
        )
