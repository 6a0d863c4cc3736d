"""`lakehouse plan` says what the next run would do and why, and the run does just that; planning writes nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from lakehouse_assets_tests.operations.conftest import SECOND, put
from lakehouse_assets_tests.operations.own_project import Project, open_project

RUN = ("run", "--max-reject-ratio", "1", "--json")
GOLD = ("daily_sales_0", "daily_sales_0_again", "product_daily_1", "product_daily_1_again")
COLUMN = """      - name: note
        logicalType: string
        physicalType: STRING
        description: A note
    quality:
"""


def state_of(project: Project) -> dict[Path, bytes]:
    """Every file and folder of the project, with what it holds."""
    paths = [path for path in project.folder.rglob("*") if "__pycache__" not in path.parts]
    return {path: path.read_bytes() if path.is_file() else b"" for path in paths}


def planned(project: Project) -> dict[str, Any]:
    """The plan as JSON, after which everything is as it was."""
    before = state_of(project)
    done = project.command("plan", "--json")
    assert done.code == 0, done.err
    assert state_of(project) == before
    document: dict[str, Any] = json.loads(done.out)
    return document | {"actions": {m["table"].partition(".")[2]: m["action"] for m in document["models"]}}


def why(plan: dict[str, Any], table: str) -> dict[str, Any]:
    """What is said of one gold table."""
    found: dict[str, Any] = next(m for m in plan["models"] if m["table"] == f"ecommerce_gold.{table}")
    return found


def test_the_plan_of_every_state_is_what_the_run_then_does(tmp_path: Path) -> None:
    """A new lake, a first drop, nothing new, a second drop, a changed model and contract: each by its files."""
    project = open_project(tmp_path, models=4)
    empty = planned(project)
    assert (empty["has_work"], set(empty["actions"].values())) == (False, {"none"})
    assert not (project.folder / "lake").exists()

    project.drop()
    first = planned(project)
    assert first["files"] == {"order_items": 1, "orders": 1, "products": 1}
    assert first["actions"] == dict.fromkeys(GOLD, "make")
    assert json.loads(project.command(*RUN).out)["status"] == "succeeded"

    quiet = planned(project)
    assert (quiet["has_work"], quiet["pending"], quiet["due"]) == (False, 1, 0)
    assert quiet["actions"] == dict.fromkeys(GOLD, "none")
    assert json.loads(project.command(*RUN).out)["status"] == "nothing_to_do"

    put(project.folder / "landing", SECOND)
    second = planned(project)
    assert (second["files"]["orders"], second["actions"]) == (2, dict.fromkeys(GOLD, "follow"))
    assert json.loads(project.command(*RUN).out)["status"] == "succeeded"

    project.select("product_daily_1", "count(i.id) AS items", "count(i.id) + 0 AS items")
    project.contract("daily_sales_0", "    quality:\n", COLUMN)
    file = project.package / "sql" / "daily_sales_0.sql"
    file.write_text(f"SELECT f.*, CAST(NULL AS VARCHAR) AS note FROM ({file.read_text('utf-8')}) AS f\n", "utf-8")
    changed = planned(project)
    assert changed["actions"] == dict.fromkeys(GOLD, "rebuild")
    assert why(changed, "daily_sales_0")["added"] == ["note STRING"]
    assert "its SELECT changed" in why(changed, "product_daily_1")["why"]
    assert "`ecommerce_gold.product_daily_1`, which it reads, changed" in why(changed, "product_daily_1_again")["why"]
    assert "delta_lakehouse.clean_orders_items" in why(changed, "product_daily_1")["statement"]
    assert why(changed, "daily_sales_0_again")["added"] == []
    ran = json.loads(project.command(*RUN).out)
    assert set(ran["rebuilt"]) == set(GOLD)
    assert planned(project)["has_work"] is False


def test_gold_that_its_catalog_has_lost_is_planned_anew_as_the_run_then_makes_it(tmp_path: Path) -> None:
    """The files of its tables are there, and no entry says so; the plan says why and writes nothing."""
    project = open_project(tmp_path)
    project.drop()
    assert project.command(*RUN).code == 0
    with closing(sqlite3.connect(project.folder / "lake" / "catalog.db")) as catalog, catalog:
        catalog.execute("DELETE FROM iceberg_tables")
    lost = planned(project)
    assert lost["actions"] == dict.fromkeys(GOLD[:2], "rebuild")
    assert "catalog.db` does not know it, though there are files in" in why(lost, "daily_sales_0")["why"]
    assert set(json.loads(project.command(*RUN).out)["rebuilt"]) == set(GOLD[:2])
    assert planned(project)["has_work"] is False


def test_people_read_which_columns_change_and_why(tmp_path: Path) -> None:
    """A removed column under the same major version is a run that would fail, and the plan says so."""
    project = open_project(tmp_path)
    project.drop()
    project.command(*RUN)
    text = (project.package / "contracts" / "daily_sales_0.yaml").read_text("utf-8")
    start = text.index("      - name: buyers\n")
    gone = text[start : text.index("      - name: items\n")]
    project.contract("daily_sales_0", gone, "")
    told = project.command("plan")
    assert told.code == 1
    assert (
        "✘ ecommerce_gold.daily_sales_0: the run would fail (contract `gold.daily_sales_0` was changed in" in told.out
    )
    assert "way (its table has `buyers` BIGINT, which is gone); raise its version to" in told.out
    assert "    column removed: buyers BIGINT\n" in told.out
    project.contract("daily_sales_0", "version: 1.", "version: 2.")
    reader = "ecommerce_gold.daily_sales_0_again: the run would fail (its SELECT gives no column `buyers`"
    assert f"✘ {reader}" in project.command("plan").out
    project.contract("daily_sales_0_again", gone, "")
    project.contract("daily_sales_0_again", "version: 1.", "version: 2.")
    told = project.command("plan", "--sql")
    assert told.code == 0
    assert "~ ecommerce_gold.daily_sales_0: rebuilt whole (its contract" in told.out
    assert "FROM delta_lakehouse.clean_orders" in told.out


def test_a_plan_of_what_is_not_there_is_bad_input_and_makes_nothing(tmp_path: Path) -> None:
    """A landing that is no folder, and a pipeline of another name."""
    project = open_project(tmp_path)
    nowhere = project.command("plan", "--landing", tmp_path / "nowhere")
    assert (nowhere.code, "is not a folder" in nowhere.err) == (2, True)
    other = project.command("plan", "shop")
    assert (other.code, "there is no pipeline `shop`; there are: many_models" in other.err) == (2, True)
    assert not (tmp_path / "lake").exists()
