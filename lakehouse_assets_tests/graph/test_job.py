"""The whole job on a small lake: everything runs, nothing runs twice, and a failed check is a gate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets_tests.graph.conftest import ROWS, Shop

STEPS = {
    "bronze__ecommerce_manifest",
    "ecommerce_silver",
    "ecommerce_silver_assertions",
    "gold__daily_sales",
    "gold__product_daily",
    "gold__user_orders",
    "ecommerce_gold_assertions",
    "archive__ecommerce_files",
}


def steps(result: dg.ExecuteInProcessResult, event: str) -> set[str]:
    """Steps of which Dagster noted this event."""
    return {str(e.step_key) for e in result.all_events if e.event_type_value == event}


def metadata(result: dg.ExecuteInProcessResult, *key: str) -> dict[str, Any]:
    """What the run showed about an asset, values only."""
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(key)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Check results by `layer/table:check`."""
    return {e.asset_check_key.to_user_string(): e for e in result.get_asset_check_evaluations()}


def answer(shop: Shop, shown: dg.MetadataValue[Any]) -> list[dict[str, Any]]:
    """What the SQL that a check shows gives, asked as `lakehouse sql` does."""
    text = str(shown.value).removeprefix("```sql").removesuffix("```")
    tables = {contract.catalog_name: contract for contract in contracts("ecommerce").values()}
    found = ask(QueryScope(lake_of(shop.settings), tables), text)
    return [dict(zip(found.columns, row, strict=True)) for batch in found.batches for row in batch]


def double_an_order(shop: Shop) -> None:
    """Write order 10 of silver once more, behind the load's back, as if the next file brought it."""
    table = table_location(contracts("ecommerce")["silver.clean_orders"], str(shop.settings.lake_root))
    order = DeltaTable(table).to_pyarrow_table(filters=[("order_id", "=", "10")])
    now = pa.array([datetime.now(UTC) + timedelta(days=1)], order.schema.field("_file_time").type)
    order = order.set_column(order.schema.get_field_index("_file_time"), order.schema.field("_file_time"), now)
    write_deltalake(table, order, mode="append")


@pytest.fixture
def loaded(shop: Shop) -> Shop:
    """A shop whose known files are in gold and in the archive."""
    shop.drop_all()
    assert shop.run().success
    return shop


def test_files_become_gold_and_leave_landing(shop: Shop) -> None:
    """One run takes the files through every step; what it shows are the counts of the input."""
    shop.drop_all()
    result = shop.run()
    assert steps(result, "STEP_SUCCESS") == STEPS
    assert metadata(result, "silver", "clean_orders")["rows_inserted"] == 2
    assert metadata(result, "gold", "daily_sales")["preview"].records[0].data["amount"] == "20.00"
    assert metadata(result, "archive", "ecommerce_files")["moved"] == 3
    assert shop.landed() == []


def test_landing_has_history(shop: Shop) -> None:
    """A planned run is an event of each landing dataset that has files, and of no other."""
    shop.drop("products.csv")
    shop.run()
    events = {name: shop.instance.get_latest_materialization_event(dg.AssetKey(["landing", name])) for name in
              ("products", "orders")}  # fmt: skip
    assert events["products"]
    assert events["orders"] is None


def test_landing_shows_what_came(shop: Shop) -> None:
    """How many files and bytes of a dataset, the newest one's time, and which."""
    size = shop.drop("products.csv").stat().st_size
    result = shop.run()
    event = shop.instance.get_latest_materialization_event(dg.AssetKey(["landing", "products"]))
    assert event
    assert event.asset_materialization
    shown: Any = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert (shown["files"], shown["bytes"], shown["run_id"]) == (1, size, result.run_id)
    assert shown["preview"].records[0].data["key"] == "products.csv"


def test_every_step_shows_its_duration_and_engine(shop: Shop) -> None:
    """Tables are made by one engine, which has one name; what moves files needs none."""
    shop.drop_all()
    result = shop.run()
    made = [e for e in result.get_asset_materialization_events() if e.asset_key.path[0] != "landing"]
    shown = {e.asset_key.path[0]: metadata(result, *e.asset_key.path) for e in made}
    engines = {layer: facts["engine"] for layer, facts in shown.items()}
    assert engines == {"bronze": "python", "silver": "duckdb", "gold": "duckdb", "archive": "python"}
    assert all(facts["seconds"] > 0 for facts in shown.values())


def test_rejected_rows_are_shown_with_their_check(shop: Shop) -> None:
    """The first of them, and the SQL that lists all of this run; the counts say where they are kept."""
    shop.drop(
        "orders/2025-04-01.csv", [*ROWS["orders/2025-04-01.csv"], ("", "3", "9", "2025-04-01", "1", "2025-04-01")]
    )
    result = shop.run_with({"max_reject_ratio": 1.0})
    names = [f"silver/clean_orders:{name}" for name in ("rejects", "reconciliation")]
    rejects, counted = (dict[str, Any](checks(result)[name].metadata) for name in names)
    (row,) = rejects["sample"].value.records
    assert (row.data["file"], row.data["line"]) == ("orders/2025-04-01.csv", 4)
    assert "order_id_missing" in row.data["codes"]
    assert answer(shop, rejects["sql"]) == [dict(row.data)]
    assert [(found["read"], found["rejected"]) for found in answer(shop, counted["sql"])] == [(3, 1)]


def test_every_check_of_the_graph_is_answered(shop: Shop) -> None:
    """No check of the definitions is left without a result by a run."""
    shop.drop_all()
    known = {key.to_user_string() for key in shop.definitions.resolve_asset_graph().asset_check_keys}
    assert set(checks(shop.run())) == known


def test_nothing_new_is_a_success_that_skips_everything(loaded: Shop) -> None:
    """The second run plans, finds nothing to do, and that is all."""
    result = loaded.run()
    assert result.success
    assert steps(result, "STEP_SKIPPED") == STEPS - {"bronze__ecommerce_manifest"}
    assert result.get_asset_materialization_events() == []


def test_freshness_compares_business_dates_with_the_run(loaded: Shop) -> None:
    """Orders of April 2025 are old today: the check warns and shows both dates, and nothing is stopped."""
    loaded.drop("products.csv")
    result = loaded.run()
    found = checks(result)["gold/daily_sales:freshness"]
    (row,) = found.metadata["sample"].value.records
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (row.data["newest"], row.data["as_of"]) == ("2025-04-01", f"{datetime.now(UTC):%Y-%m-%d}")
    assert result.success


@pytest.mark.parametrize(("as_of", "fresh"), [("2025-04-03", True), ("2025-04-04", False)])
def test_freshness_allows_two_days(shop: Shop, as_of: str, *, fresh: bool) -> None:
    """Two days before the run's clock are fresh, three are not."""
    shop.drop_all()
    result = shop.run_with({"as_of": f"{as_of}T06:00:00+00:00"})
    assert checks(result)["silver/clean_orders:freshness"].passed is fresh


def test_a_failed_assertion_stops_gold_and_archive(loaded: Shop) -> None:
    """A key that occurs twice in silver fails the run before gold; the new files stay in landing."""
    double_an_order(loaded)
    file = loaded.drop("products.csv")
    result = loaded.run()
    assert not result.success
    assert steps(result, "STEP_SUCCESS") == {"bronze__ecommerce_manifest", "ecommerce_silver"}
    assert steps(result, "STEP_FAILURE") == {"ecommerce_silver_assertions"}
    assert Path(file).exists()


def test_a_failed_check_says_what_it_found(loaded: Shop) -> None:
    """Failing count, sample rows and the SQL are with the result."""
    double_an_order(loaded)
    loaded.drop("products.csv")
    found = checks(loaded.run())["silver/clean_orders:keys_unique"]
    assert found.description == "broken by 1 row: no key occurs twice"
    assert found.metadata["failing"].value == 1
    assert found.metadata["sample"].value.records[0].data == {"order_id": "10", "n": 2}
    assert "HAVING count(*) > 1" in str(found.metadata["sql"].value)
