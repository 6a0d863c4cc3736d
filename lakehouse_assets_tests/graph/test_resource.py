"""The services of a run: opened for each pipeline that it touches when a step first asks, and closed at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.compute.reports import FACTS
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets.storage.lease import Lease, lease_key
from lakehouse_assets.storage.runs import REQUEST, RunFolder
from lakehouse_assets_tests.graph.conftest import IMPLICIT, drop_known_files
from lakehouse_assets_tests.graph.test_job import steps
from lakehouse_assets_tests.returns.api import serving

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SCAN = {"id": "s1", "parcel": {"return_id": "r1"}, "scanned_at": "2025-04-01T10:00:00", "date": "2025-04-01"}
BOTH = ("bronze/ecommerce_manifest", "bronze/returns_manifest", "bronze/returns_scans")


@dataclass(frozen=True)
class Company:
    """A lake of two pipelines and a history of their runs."""

    settings: Settings
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def run(self, *assets: str, day: str = "2025-04-01") -> dg.ExecuteInProcessResult:
        """One run of these assets, as people select them in the UI, on one day."""
        keys = {dg.AssetKey.from_user_string(asset) for asset in assets}
        job = self.definitions.resolve_job_def(IMPLICIT).get_subset(asset_selection=keys, asset_check_selection=set())
        return job.execute_in_process(instance=self.instance, run_config=QUIET, partition_key=day, raise_on_error=False)

    def folder(self, pipeline: str, run_id: str) -> RunFolder:
        """A run's folder of one pipeline."""
        return RunFolder(lake_of(self.settings).store, pipeline, run_id)

    def lease(self, pipeline: str) -> dict[str, Any]:
        """The lease of a pipeline as it lies in the lake."""
        found: dict[str, Any] = json.loads((Path(self.settings.lake_root) / lease_key(pipeline)).read_text())
        return found


@pytest.fixture
def company(returns: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """Files of e-commerce have landed; returns pulls scans of one day from its API."""
    settings = Settings(lake=tmp_path / "lake", duckdb_threads=1, quiet_seconds=0)
    drop_known_files(Path(settings.landing_of("ecommerce")))
    with (
        serving({"2025-04-01": [SCAN]}) as address,
        dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance,
    ):
        monkeypatch.setenv("RETURNS_API", address)
        yield Company(settings, instance, build_definitions(settings, [SHOP, returns]))


def test_one_run_serves_two_pipelines(company: Company) -> None:
    """Each has a folder, a request, facts and a lease of its own, under the id of the one run."""
    result = company.run(*BOTH)
    assert steps(result, "STEP_SUCCESS") == {name.replace("/", "__") for name in BOTH}
    shop, returns = (company.folder(name, result.run_id) for name in ("ecommerce", "returns"))
    assert [entry.dataset for entry in shop.manifest().files] == ["order_items", "orders", "products"]
    assert returns.manifest().files == ()
    assert [(folder.read(FACTS) or {})["manifest"] for folder in (shop, returns)] == [
        f"runs/ecommerce/{result.run_id}/manifest.json",
        f"runs/returns/{result.run_id}/pulled.json",
    ]
    assert [company.lease(name)["run_id"] for name in ("ecommerce", "returns")] == [result.run_id] * 2


def test_only_the_pipeline_that_has_days_is_asked_for_them(company: Company) -> None:
    """The partition of the run is the window of the one, and no field of the other's request."""
    result = company.run(*BOTH)
    shop, returns = (company.folder(name, result.run_id).read(REQUEST) or {} for name in ("ecommerce", "returns"))
    assert returns["window"] == {"start": "2025-04-01", "end": "2025-04-01"}
    assert shop["window"] is None


def test_all_leases_are_given_back_whatever_the_end(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that one of its pipelines failed leaves both free."""
    monkeypatch.setenv("RETURNS_API", "http://127.0.0.1:1")
    assert not company.run(*BOTH).success
    assert all(company.lease(name)["released_at"] for name in ("ecommerce", "returns"))


def test_a_pipeline_that_the_run_does_not_touch_is_left_alone(company: Company) -> None:
    """Somebody else may hold it meanwhile; nothing of it is opened."""
    with Lease(lake_of(company.settings).store, "returns").acquire("another-run"):
        result = company.run("bronze/ecommerce_manifest")
    assert result.success
    assert not (Path(company.settings.lake_root) / "runs" / "returns").exists()


def test_a_pipeline_that_is_held_stops_only_its_own_steps(company: Company) -> None:
    """The sentence names the holder; the other pipeline of the run goes on."""
    with Lease(lake_of(company.settings).store, "returns").acquire("another-run"):
        result = company.run(*BOTH)
    assert not result.success
    assert steps(result, "STEP_SUCCESS") == {"bronze__ecommerce_manifest"}
    failure = company.folder("returns", result.run_id).read("failure") or {}
    assert "pipeline `returns` is held by run `another-run`" in failure["message"]
