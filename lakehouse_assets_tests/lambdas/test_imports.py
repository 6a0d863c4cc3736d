"""What a function takes along: its image, and the time until it answers for the first time, follow from it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.reports import LOAD
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lake import LakeDriver, csv_file

EVENTS = Path(__file__).parents[1] / "events"
FUNCTIONS = sorted(path.parent.name for path in Path("lambdas").glob("*/handler.py"))
OURS = ("lakehouse_assets", "lambdas", "glue", "stepfunctions")
ENGINES = {"duckdb", "deltalake", "pyiceberg", "pyarrow", "pandas", "numpy", "pyspark", "sqlalchemy"}
NEVER = {"dagster", "boto3", "typer", "rich", "lakehouse_assets.compute.local", "lakehouse_assets.graph"}
MOST = {"loadoutcome": 22, "planrun": 37, "rendermodel": 31}
"""Modules of ours that a handler may reach when it is imported; packages that hold nothing do not count."""
CODE = """
import json, os, sys
from lambdas.{function}.handler import handler
event = json.loads(sys.argv[1])
if event is not None:
    handler(event, None)
files = {{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}}
print(json.dumps([name for name, file in files.items() if file is None or os.path.getsize(file)]))
"""


def loaded(function: str, event: dict[str, Any] | None = None) -> set[str]:
    """Modules that a new interpreter holds when it has imported a handler, and called it when there is an event."""
    command = [sys.executable, "-c", CODE.format(function=function), json.dumps(event)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(("function", "most"), MOST.items(), ids=MOST.keys())
def test_a_function_imports_what_it_does(function: str, most: int) -> None:
    """Not the house: so many of our modules at most."""
    ours = sorted(name for name in loaded(function) if name.partition(".")[0] in OURS)
    assert f"lambdas.{function}.logic" in ours
    assert len(ours) <= most, ours


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_imports_an_engine_before_it_is_called(function: str) -> None:
    """Nor Dagster, an AWS client, the command line, or the adapter of this machine at any time."""
    assert loaded(function) & (ENGINES | NEVER) == set()


def test_a_function_that_opens_no_table_never_loads_an_engine(tmp_path: Path) -> None:
    """Reading a report, moving files and declaring tables need neither DuckDB nor delta-rs, also when they work."""
    lake = LakeDriver(tmp_path)
    entries = lake.drop(csv_file("orders", "orders/a.csv", "x\n"))
    manifest = lake.work(entries).manifest
    folder = RunFolder(FolderStore(lake.root), "ecommerce", "run-1")
    folder.write("manifest", manifest.to_dict())
    folder.keep(LOAD, LoadReport("run-1", "duckdb", "load"))
    here = {
        "lake": str(lake.root),
        "landing": str(lake.landing),
        "run_id": "run-1",
        "manifest_key": folder.key_of("manifest"),
        "refused": "",
    }
    for function in ("loadoutcome", "moves3objects", "declaretables"):
        event = json.loads((EVENTS / f"{function}.json").read_text("utf-8")) | here
        assert loaded(function, event) & (ENGINES | NEVER) == set()
    assert not (lake.landing / "orders/a.csv").exists()
