"""DeclareTables names the CREATE statements of tables whose contract is not the declared one."""

from __future__ import annotations

import json
from pathlib import Path

from lakehouse_assets.compute.storage import FolderStore
from lakehouse_assets.contracts import contracts
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
    assert told == handler(EVENT | {"lake": str(tmp_path)}, None) == {"statements": [], "hashes": first["hashes"]}


def test_a_changed_contract_is_due_alone(tmp_path: Path) -> None:
    """Only the table whose hash differs is declared again, and its database before it."""
    lake = FolderStore(tmp_path)
    hashes = due("ecommerce", lake, "s3://lake")["hashes"]
    remember("ecommerce", lake, hashes | {"ecommerce_gold.user_orders": "of another contract"})
    database, table = due("ecommerce", lake, "s3://lake")["statements"]
    assert database == "CREATE DATABASE IF NOT EXISTS `ecommerce_gold`"
    assert table.startswith("CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`user_orders` (")
