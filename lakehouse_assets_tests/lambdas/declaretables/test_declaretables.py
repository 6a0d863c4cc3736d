"""DeclareTables names the CREATE statements of tables whose contract is not the declared one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lakehouse_assets.contracts import Column, Contract, contracts
from lakehouse_assets.contracts.known import Known
from lakehouse_assets.engines import iceberg
from lakehouse_assets.errors import ContractBreaking
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets_tests.lake import LakeDriver
from lambdas.declaretables import logic
from lambdas.declaretables.handler import handler
from lambdas.declaretables.logic import due, remember

EVENT = json.loads((Path(__file__).parents[2] / "events/declaretables.json").read_text("utf-8"))


def test_a_new_lake_declares_every_table(tmp_path: Path) -> None:
    """Two databases and nine tables, all below the lake of the event; landing is no table."""
    answer = handler(EVENT | {"lake": tmp_path.as_uri()}, None)
    assert len(answer["statements"]) == 2 + 9
    assert all(f"LOCATION '{tmp_path.as_uri()}/" in text for text in answer["statements"][2:])
    assert set(answer["hashes"]) == {c.catalog_name for c in contracts("ecommerce").values() if c.layer != "landing"}


def test_asking_alone_declares_nothing(tmp_path: Path) -> None:
    """Until the caller says that the statements ran they are due."""
    first, second = (handler(EVENT | {"lake": str(tmp_path)}, None) for _ in range(2))
    assert first == second


def test_what_was_declared_is_not_due(tmp_path: Path) -> None:
    """Told the hashes, it has nothing more to run, then and later."""
    first = handler(EVENT | {"lake": str(tmp_path)}, None)
    told = handler(EVENT | {"lake": str(tmp_path), "declared": first["hashes"]}, None)
    assert told == handler(EVENT | {"lake": str(tmp_path)}, None) == {"statements": [], "hashes": {}, "done": True}


def test_a_changed_contract_is_due_alone(tmp_path: Path) -> None:
    """Only the table whose hash differs is declared again, and its database before it."""
    lake = open_lake(str(tmp_path))
    hashes = due("ecommerce", lake)["hashes"]
    remember("ecommerce", lake.store, hashes | {"ecommerce_gold.user_orders": "of another contract"})
    database, table = due("ecommerce", lake)["statements"]
    assert database == "CREATE DATABASE IF NOT EXISTS `ecommerce_gold`"
    assert table.startswith("CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`user_orders` (")


USERS = contracts("ecommerce")["gold.user_orders"]
GREW = (
    Column("note", "STRING", "what people say"),
    Column("worth", "DECIMAL(18,2)", "in euros"),
    Column("days", "ARRAY<DATE>", "when they came"),
    Column("price", "STRUCT<amount: DECIMAL(18,6), currency: STRING>", "what they paid"),
)


def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *columns: Column) -> Lake:
    """A lake whose tables were declared and whose gold table exists, before its contract got these columns."""
    made = LakeDriver(tmp_path)
    made.gold("user_orders")
    lake = made.value
    remember("ecommerce", lake.store, due("ecommerce", lake)["hashes"])
    known = Known({**contracts("ecommerce"), "gold.user_orders": grown(*columns)})
    monkeypatch.setattr(logic, "contracts", lambda _: known)
    return lake


def grown(*columns: Column) -> Contract:
    """The contract of a gold table with more columns."""
    return replace(USERS, columns=(*USERS.columns, *columns))


def test_a_table_is_given_the_columns_that_its_contract_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CREATE leaves a table that exists as it is, so an ALTER follows it; asked again it is the same."""
    lake = declared(tmp_path, monkeypatch, *GREW)
    first, second = (due("ecommerce", lake)["statements"] for _ in range(2))
    assert first[-1] == (
        "ALTER TABLE `ecommerce_gold`.`user_orders` ADD COLUMNS (`note` string, `worth` decimal(18,2), "
        "`days` array<date>, `price` struct<amount:decimal(18,6),currency:string>)"
    )
    assert first == second
    assert len(first) == 3


def test_a_table_that_has_the_columns_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that died after the ALTER and before it was remembered asks for no second one."""
    lake = declared(tmp_path, monkeypatch, *GREW)
    iceberg.ensure(grown(*GREW), lake)
    assert not [text for text in due("ecommerce", lake)["statements"] if text.startswith("ALTER")]


def test_a_table_is_given_the_digits_that_its_contract_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Athena widens a decimal of Iceberg by CHANGE COLUMN; a table that has the digits is left alone."""
    lake = declared(tmp_path, monkeypatch)
    wider = [replace(c, type="DECIMAL(38,2)") if c.name == "worth" else c for c in grown(*GREW).columns]
    iceberg.ensure(grown(*GREW), lake)
    known = Known({**contracts("ecommerce"), "gold.user_orders": replace(USERS, columns=tuple(wider))})
    monkeypatch.setattr(logic, "contracts", lambda _: known)
    assert due("ecommerce", lake)["statements"][2:] == [
        "ALTER TABLE `ecommerce_gold`.`user_orders` CHANGE COLUMN `worth` `worth` decimal(38,2)"
    ]
    iceberg.ensure(known["gold.user_orders"], lake)
    assert len(due("ecommerce", lake)["statements"]) == 2


def test_a_column_that_rows_cannot_do_without_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is not altered into something its rows break."""
    lake = declared(tmp_path, monkeypatch, replace(GREW[0], required=True))
    with pytest.raises(ContractBreaking, match="its table lacks `note`, which is required"):
        due("ecommerce", lake)
