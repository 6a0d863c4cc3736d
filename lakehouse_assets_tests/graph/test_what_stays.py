"""What a run leaves behind is visible where people look: files not taken, rejects that are open, rows that wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.core.arrivals import EMPTY
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.graph.check_history import evaluation_of, latest_record
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import ROWS, Shop
from lakehouse_assets_tests.graph.test_sensor import tick

ORDERS: list[Any] = ROWS["orders/2025-04-01.csv"]  # type: ignore[assignment] # rows of texts
ITEMS: list[Any] = ROWS["order_items/2025-04-01.csv"]  # type: ignore[assignment]
PRODUCTS: list[Any] = ROWS["products.csv"]  # type: ignore[assignment]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop after two runs: the first met everything that can go wrong with files and rows, the second loaded well."""
    root = tmp_path_factory.mktemp("left")
    settings = Settings(lake=root / "lake", landing=root / "landing", quiet_seconds=0, duckdb_threads=1)
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral(tempdir=str(root)) as instance:
        patch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce")
        shop = Shop(settings, instance, build_definitions(settings))
        shop.drop_all()
        shop.drop("orders/2025-04-02.csv", [ORDERS[0], ("12", "3", "9", "2025-04-02T10:00:00", "no", "2025-04-02")])
        shop.drop("orders/2025-04-03.csv", [ORDERS[0], ("13", "4", "9", "2025-04-03T10:00:00", "0.00", "2025-04-03")])
        shop.drop("order_items/2025-04-02.csv", [ITEMS[0], ("102", "99", *ITEMS[1][2:])])
        for name, content in {"orders/noise.csv": b"\x00\xff\n", "orders/data.xlsx": b"x", "notes.txt": b"x"}.items():
            (shop.landing / name).write_bytes(content)
        (shop.landing / "orders" / "empty.csv").touch()
        assert shop.run().success
        shop.drop("products.csv", [PRODUCTS[0], ("2", "Oats", "4", "dairy")])
        assert shop.run().success
        yield shop


def check(shop: Shop, name: str) -> dg.AssetCheckEvaluation:
    """The latest result of a check, `layer/table:check`."""
    asset, _, check_name = name.partition(":")
    key = dg.AssetCheckKey(dg.AssetKey.from_user_string(asset), check_name)
    found = evaluation_of(latest_record(shop.instance, key))
    assert found is not None
    return found


def files(found: dg.AssetCheckEvaluation) -> list[dict[str, Any]]:
    """The files that a result lists."""
    value: Any = found.metadata["files"].value
    return [dict(record.data) for record in value.records]


def test_refused_and_empty_files_stand_on_their_landing(left: Shop) -> None:
    """With the reason and the place where each is now; a later run in which nothing of the kind came leaves that."""
    found = check(left, "landing/orders:refused_files")
    listed = {row["key"]: row for row in files(found)}
    assert (found.passed, found.severity, set(listed)) == (
        False, dg.AssetCheckSeverity.WARN, {"orders/noise.csv", "orders/empty.csv"},
    )  # fmt: skip
    assert "is refused: its first line is no CSV header" in listed["orders/noise.csv"]["why"]
    assert (Path(left.settings.lake_root) / listed["orders/noise.csv"]["where"]).read_bytes() == b"\x00\xff\n"
    assert (Path(left.settings.lake_root) / listed["orders/empty.csv"]["where"]).stat().st_size == 0


def test_files_of_no_dataset_stand_on_the_landing_where_they_lie(left: Shop) -> None:
    """One in no dataset's folder is told with the first dataset, and none is told twice."""
    assert [row["key"] for row in files(check(left, "landing/orders:left_files"))] == ["orders/data.xlsx"]
    assert [row["key"] for row in files(check(left, "landing/order_items:left_files"))] == ["notes.txt"]
    assert check(left, "landing/products:left_files").passed


def test_the_archive_counts_what_went_to_quarantine(left: Shop) -> None:
    """Of the first run, whose file was refused."""
    archive = dg.AssetRecordsFilter(dg.AssetKey(["archive", "ecommerce_files"]))
    records = left.instance.fetch_materializations(archive, limit=10).records
    counts = [record.asset_materialization.metadata["refused"].value for record in records]  # type: ignore[union-attr]
    assert counts == [0, 1]


def test_the_sensor_names_what_no_run_is_asked_for(left: Shop) -> None:
    """In its reason to skip; an empty file that came since is on its landing too, without any run."""
    (left.landing / "orders" / "late.csv").touch()
    answer = tick(left)
    assert answer.skip_message == (
        f"1 {EMPTY}: orders/late.csv; notes.txt is left alone: it is of no dataset; "
        "orders/data.xlsx is left alone: it is of no dataset"
    )
    (told,) = answer.asset_events
    assert told.asset_check_key.to_user_string() == "landing/orders:left_files"
    assert [row["why"] for row in files(told)] == ["it is of no dataset", EMPTY]
    (left.landing / "orders" / "late.csv").unlink()


def test_rejects_are_those_that_are_open(left: Shop) -> None:
    """After a run that rejected none the check still fails, by code and age, says what was added, and is no news."""
    found = check(left, "silver/clean_orders:rejects")
    facts = {name: found.metadata[name].value for name in ("failing", "last_run")}
    assert (found.passed, facts) == (False, {"failing": 1, "last_run": 0})
    codes: Any = found.metadata["codes"].value
    assert [record.data for record in codes.records] == [{"code": "amount_invalid", "rows": 1}]
    assert {"oldest", "known_since"} <= found.metadata.keys()


def test_waiting_rows_and_warnings_stand_too(left: Shop) -> None:
    """An item whose order never came waits, and an order of nothing stays in the table, whatever the last run read."""
    names = ("silver/clean_orders_items:pending", "silver/clean_orders:amount_not_positive")
    facts = [check(left, name).metadata for name in names]
    assert [(one["failing"].value, one["last_run"].value) for one in facts] == [(1, 0), (1, 0)]
