"""A run that failed is executed again from its failure, as the UI's button does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from deltalake import DeltaTable

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.graph.alerts import Watch
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets_tests.graph.conftest import Shop
from lakehouse_assets_tests.graph.test_job import double_an_order, steps


@dataclass
class Failing:
    """A shop with a history on disk, a job that may be executed again, and a run that a duplicate key stopped."""

    shop: Shop
    job: ReconstructableJob
    failed: str

    def again(self) -> dg.ExecuteJobResult:
        """Execute the run again from its failure."""
        options = dg.ReexecutionOptions.from_failure(self.failed, self.shop.instance)
        with dg.execute_job(self.job, self.shop.instance, reexecution_options=options) as result:
            return result

    def repair(self) -> None:
        """Take the duplicate away."""
        place = table_location(contracts("ecommerce")["silver.clean_orders"], str(self.shop.settings.lake_root))
        table = DeltaTable(place)
        table.restore(table.version() - 1)

    def told(self, run_id: str) -> str | None:
        """The kind of message that is told of a run."""
        run = self.shop.instance.get_run_by_id(run_id)
        assert run is not None
        return Watch("ecommerce", lake_of(self.shop.settings)).tell(self.shop.instance, run)


@pytest.fixture
def failing(kept: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
    """The second run fails in the assertions of silver; its file stays in landing."""
    monkeypatch.setenv("LAKEHOUSE_LAKE", str(kept.settings.lake))
    monkeypatch.setenv("LAKEHOUSE_LANDING", str(kept.settings.landing))
    monkeypatch.delitem(sys.modules, "lakehouse_assets.definitions", raising=False)
    pointer = CodePointer.from_module("lakehouse_assets.definitions", "defs", str(tmp_path))
    job = ReconstructableRepository(pointer).get_reconstructable_job("ecommerce")
    kept.drop_all()
    assert kept.run().success
    kept.drop("products.csv")
    double_an_order(kept)
    with dg.execute_job(job, kept.instance, run_config=kept.quiet) as result:
        assert not result.success
        yield Failing(kept, job, result.run_id)


def test_it_goes_on_under_a_lease_of_its_own_and_its_success_is_told(failing: Failing) -> None:
    """A try that fails alike is counted; somebody else holds the pipeline in between; what failed and follows runs."""
    store = lake_of(failing.shop.settings).store
    assert failing.told(failing.failed) == "run_failed"
    assert failing.told(failing.again().run_id) is None
    with Lease(store, "ecommerce").acquire("somebody-else") as held:
        fence = held.fence
    failing.repair()
    result = failing.again()
    done = steps(result, "STEP_SUCCESS")  # type: ignore[arg-type] # it has the same events
    assert ("ecommerce_silver" in done, "ecommerce_silver_assertions" in done) == (False, True)
    assert failing.shop.landed() == []
    assert failing.told(result.run_id) == "recovered"
    with Lease(store, "ecommerce").acquire("a-later-one") as held:
        assert held.fence > fence + 1
