"""Tables of no contract: `lakehouse plan` lists them, and `lakehouse drop` removes them, and no other table."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.catalog import catalog_of, iceberg_uri
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import FIRST, Cli, Shop, open_shop

ROWS = pa.table({"id": ["1"]})


def left_behind(lake: str, options: dict[str, str] | None = None) -> None:
    """A gold table and a Delta table that no contract names, as renamed models leave them."""
    catalog = catalog_of(lake)
    place = f"{iceberg_uri(lake)}/ecommerce_gold/old_buyers"
    table = catalog.open().create_table(catalog.identifier("ecommerce_gold", "old_buyers"), ROWS.schema, place)
    table.append(ROWS)
    write_deltalake(f"{lake}/lakehouse-dwh/old_silver", ROWS, storage_options=options)


@pytest.fixture(scope="module")
def untidy(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A lake with one run, and both of them."""
    shop = open_shop(tmp_path_factory.mktemp("untidy"))
    left_behind(str(shop.lake))
    return shop


def strange(cli: Cli, *at: object) -> list[str]:
    """What the plan lists."""
    found: list[str] = json.loads(cli("plan", "ecommerce", "--json", *at).out)["of_no_contract"]
    return found


def test_the_plan_lists_them_with_the_way_out(cli: Cli, untidy: Shop) -> None:
    """Those and no others, though control and reference tables lie beside them."""
    assert strange(cli, *untidy.at) == ["ecommerce_gold.old_buyers", "lakehouse-dwh/old_silver"]
    said = cli("plan", "ecommerce", *untidy.at).out
    assert "Of no contract: ecommerce_gold.old_buyers; " in said
    assert "drop ecommerce_gold.old_buyers` removes it" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("ecommerce_gold.daily_sales", "is a table of a contract, and such a table is not dropped"),
        ("clean_orders", "is a table of a contract, and such a table is not dropped"),
        ("ecommerce_rejects", "is a table of a contract, and such a table is not dropped"),
        ("nothing", "there are: `ecommerce_gold.old_buyers`, `lakehouse-dwh/old_silver`"),
        ("../..", "is no table without a contract"),
        ("old_buyers", "nobody can be asked here whether to drop `ecommerce_gold.old_buyers`: "),
    ],
)
def test_what_is_not_dropped(cli: Cli, untidy: Shop, asked: str, said: str) -> None:
    """A table of a contract with or without --yes, one that is not there, and any while nobody can say yes."""
    refused = cli("drop", asked, *untidy.at, *([] if "asked here" in said else ["--yes"]))
    assert (refused.code, said in refused.err) == (2, True)
    assert len(strange(cli, *untidy.at)) == 2


def test_a_pipeline_that_is_not_set_keeps_its_tables(cli: Cli, untidy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tables would look like strangers, so none is listed or dropped."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.marketing")
    refused = cli("drop", "daily_sales", "--yes", *untidy.at)
    assert (refused.code, "which LAKEHOUSE_PIPELINES does not name" in refused.err) == (2, True)
    assert (untidy.lake / "ecommerce_gold" / "daily_sales").is_dir()


def test_entry_and_files_go_and_the_others_stay(cli: Cli, tmp_path: Path) -> None:
    """The catalog forgets the table, its folder is gone, and everything else of the lake answers as before."""
    shop = open_shop(tmp_path)
    left_behind(str(shop.lake))
    for name in ("ecommerce_gold.old_buyers", "old_silver"):
        done = cli("drop", name, "--yes", *shop.at)
        assert (done.code, done.out.startswith("Dropped `")) == (0, True)
    assert not (shop.lake / "ecommerce_gold" / "old_buyers").exists()
    assert not (shop.lake / "lakehouse-dwh" / "old_silver").exists()
    assert strange(cli, *shop.at) == []
    assert [entry.name for entry in catalog_of(str(shop.lake)).entries()] == [
        "daily_sales",
        "product_daily",
        "user_orders",
    ]
    assert cli("checks", *shop.at).code == 0


def test_in_a_bucket(cli: Cli, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found by their files and in Glue, and both are gone afterwards."""
    from lakehouse_assets.storage.lake import open_lake

    for key, text in FIRST.items():
        open_store(f"{s3}/landing").put(key, text.encode())
    monkeypatch.setenv("LAKEHOUSE_HISTORY", str(tmp_path))
    at = ("--lake", f"{s3}/lake", "--landing", f"{s3}/landing")
    assert main(["run", "ecommerce", *at, "--max-reject-ratio", "1"]) == 0
    left_behind(f"{s3}/lake", open_lake(f"{s3}/lake").storage_options)
    assert strange(cli, *at) == ["ecommerce_gold.old_buyers", "lakehouse-dwh/old_silver"]
    for name in ("old_buyers", "old_silver"):
        assert cli("drop", name, "--yes", *at[:2]).code == 0
    assert strange(cli, *at) == []
    assert open_store(f"{s3}/lake").folders("ecommerce_gold") == ("daily_sales", "product_daily", "user_orders")
