"""A small lake per test, its definitions, and one Dagster history."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.graph.checks import KEPT_OUT
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.pipelines import pipeline_of
from lakehouse_assets.settings import Settings

ROWS = {
    "products.csv": [("product_id", "product_name", "department_id", "department"), ("1", "Milk", "4", "dairy")],
    "orders/2025-04-01.csv": [
        ("order_id", "order_num", "user_id", "order_timestamp", "total_amount", "date"),
        ("10", "1", "7", "2025-04-01T10:00:00", "12.50", "2025-04-01"),
        ("11", "2", "8", "2025-04-01T11:00:00", "7.50", "2025-04-01"),
    ],
    "order_items/2025-04-01.csv": [
        ("id", "order_id", "product_id", "user_id", "order_timestamp", "add_to_cart_order", "reordered",
         "days_since_prior_order", "date"),
        ("100", "10", "1", "7", "2025-04-01T10:00:00", "1", "0", "", "2025-04-01"),
        ("101", "11", "1", "8", "2025-04-01T11:00:00", "1", "1", "3", "2025-04-01"),
    ],
}  # fmt: skip
"""One product, two orders of 20.00 in all, an item each."""
IMPLICIT = "__ASSET_JOB"
"""What Dagster calls the job of whatever is selected in the UI."""


def drop_known_files(landing: Path) -> None:
    """Put all known files into a landing folder."""
    for name, rows in ROWS.items():
        file = landing / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="", encoding="utf-8") as target:
            csv.writer(target).writerows(rows)


@dataclass(frozen=True)
class Shop:
    """A lake with its landing, and a history of its runs."""

    settings: Settings
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    @property
    def landing(self) -> Path:
        """Where its files land."""
        return Path(self.settings.landing_of("ecommerce"))

    def drop(self, name: str, rows: list[tuple[str, ...]] | None = None) -> Path:
        """Put a CSV file into landing, the known one when no rows are given."""
        file = self.landing / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="", encoding="utf-8") as target:
            csv.writer(target).writerows(rows or ROWS[name])
        return file

    def drop_all(self) -> None:
        """All known files."""
        drop_known_files(self.landing)

    def landed(self) -> list[str]:
        """What is in landing."""
        return sorted(file.relative_to(self.landing).as_posix() for file in self.landing.rglob("*.csv"))

    def run(self) -> dg.ExecuteInProcessResult:
        """The job, once."""
        return self.run_with({})

    def run_with(self, plan: dict[str, Any]) -> dg.ExecuteInProcessResult:
        """The job with a configuration of the plan step; without Dagster's log."""
        config = {"ops": {"bronze__ecommerce_manifest": {"config": plan}}, **self.quiet}
        job = self.definitions.resolve_job_def("ecommerce")
        return job.execute_in_process(instance=self.instance, run_config=config, raise_on_error=False)

    def materialize(self, *assets: str, checks: set[dg.AssetCheckKey] | None = None) -> dg.ExecuteInProcessResult:
        """Only these assets, `layer/table`, with these checks beside those that building a table answers itself."""
        keys = {dg.AssetKey.from_user_string(asset) for asset in assets}
        job = self.definitions.resolve_job_def(IMPLICIT).get_subset(
            asset_selection=keys, asset_check_selection={*built_checks(keys), *(checks or ())}
        )
        return job.execute_in_process(instance=self.instance, run_config=self.quiet, raise_on_error=False)

    def checks_of(self, layer: str) -> set[dg.AssetCheckKey]:
        """The checks on one layer's assets."""
        return {
            key for key in self.definitions.resolve_asset_graph().asset_check_keys if key.asset_key.path[0] == layer
        }

    def report(self, run_id: str) -> dict[str, Any]:
        """The report of a run in the lake."""
        file = Path(self.settings.lake_root) / "runs" / "ecommerce" / run_id / "report.json"
        report: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return report

    @property
    def quiet(self) -> dict[str, Any]:
        """Configuration of a run without Dagster's log."""
        return {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """An empty shop, alone unless the test has set other pipelines beside it; landing exists."""
    if "LAKEHOUSE_PIPELINES" not in os.environ:
        monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce")
    settings = Settings(lake=tmp_path / "lake", landing=tmp_path / "landing", quiet_seconds=0, duckdb_threads=1)
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        opened = Shop(settings, instance, build_definitions(settings))
        opened.landing.mkdir()
        yield opened


@pytest.fixture
def kept(shop: Shop, tmp_path: Path) -> Iterator[Shop]:
    """A shop whose history is on disk: a schedule opens it by itself."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield replace(shop, instance=instance)


@pytest.fixture
def returns(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The pipeline of the tests, set beside e-commerce."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets_tests.returns")
    return pipeline_of("returns")


def built_checks(keys: Iterable[dg.AssetKey]) -> set[dg.AssetCheckKey]:
    """The checks of gold tables that their own step answers; Dagster does not start such a step without them."""
    return {dg.AssetCheckKey(key, KEPT_OUT) for key in keys if key.path[0] == "gold"}
