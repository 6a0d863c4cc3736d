"""LoadSmallBatch loads as the Glue job would, under the hold of its run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.compute.reports import LOAD
from lakehouse_assets.errors import BadRequest, FenceLost
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.machine_run import MachineRun
from lambdas.loadsmallbatch.handler import handler


@pytest.fixture
def run(tmp_path: Path) -> MachineRun:
    """A run that is planned: a product, two orders and two items."""
    (tmp_path / "landing").mkdir()
    drop_known_files(tmp_path / "landing")
    made = MachineRun(tmp_path, "e1")
    made.planned()
    return made


def test_the_load_reports_as_every_load_does(run: MachineRun) -> None:
    """The summary is small; the report is where later steps look for it, and the hold goes on."""
    answer = run.loaded()
    assert (answer["engine"], answer["rows"]["inserted"], answer["rows"]["rejected"]) == ("duckdb", 5, 0)
    store = FolderStore(run.root / "lake")
    kept = RunFolder(store, "ecommerce", "e1").report(LOAD, LoadReport)
    assert kept is not None
    assert kept.tables["clean_orders"].counts.inserted == 2
    Lease(store, "ecommerce").acquire("e1", fence=run.plan["fence"]).leave()


def test_a_run_whose_hold_is_over_loads_nothing(run: MachineRun) -> None:
    """It stops before it has read a file."""
    Lease(FolderStore(run.root / "lake"), "ecommerce").give_back("e1", run.plan["fence"])
    with pytest.raises(FenceLost):
        run.loaded()
    assert not (run.root / "lake" / "lakehouse-dwh" / "clean_orders").exists()


def test_arguments_that_are_none_are_refused(run: MachineRun) -> None:
    """As the job refuses them."""
    with pytest.raises(BadRequest, match="required: --run-id"):
        handler(run.event | {"arguments": {"--lake-root": "x", "--manifest-uri": "y"}}, None)
