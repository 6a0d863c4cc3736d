"""A lake in a temporary folder, driven without Dagster: drop files, load, build gold, look at the tables.

The same class serves both engines; what it returns has the shape of the oracle's state, so that tests compare.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import (
    control_name,
    control_tables,
    landing_datasets,
    model_sql,
    seeds,
    silver_tables,
)
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.gold import Builder, CaughtUp, catch_up
from lakehouse_assets.load.model_states import Models
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import LoadInput, load
from lakehouse_assets.sql.models import sources
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.oracle.loading import SOME_DAY, File

PIPELINE = "ecommerce"
SILVER = {"products": "clean_products", "orders": "clean_orders", "order_items": "clean_orders_items"}
KEYS = {"products": "product_id", "orders": "order_id", "order_items": "id"}


def never() -> None:
    """A guard that always lets a commit through."""


class LakeDriver:
    """One lake and its landing folder.

    Attributes:
        landed: the landing's store.
        pipeline: whose tables it has; a subclass may bring another one, with its contracts, models and seeds.
        caught_up: what the last build of a gold table did.
    """

    pipeline = PIPELINE
    caught_up: CaughtUp

    def __init__(self, root: Path, *, zone: str = "UTC", engine: Callable[[], Engine] | None = None) -> None:
        self.root, self.landing = root / "lake", root / "landing"
        self.landing.mkdir(parents=True, exist_ok=True)
        self._open(str(self.root), str(self.landing), zone, engine)

    def _open(self, root: str, landing: str, zone: str, engine: Callable[[], Engine] | None) -> None:
        self.value, self.landed = open_lake(root), open_store(landing)
        self.zone = zone
        self.engine = engine or (lambda: DuckEngine(self.value, zone=zone))
        self.known = self.contracts()
        self.runs = 0

    def contracts(self) -> dict[str, Contract]:
        """The pipeline's contracts by `layer.name`."""
        return contracts(self.pipeline)

    def model(self, name: str) -> str:
        """The SELECT of a gold table."""
        return model_sql(self.pipeline, name)

    def seeds(self) -> tuple[Seed, ...]:
        """What the reference tables shall hold."""
        return seeds(self.known, self.pipeline)

    def drop(self, *files: File) -> list[FileEntry]:
        """Write files into landing as they are, with their times."""
        return [self._drop(file) for file in files]

    def _drop(self, file: File) -> FileEntry:
        path = self.landing / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        os.utime(path, (file.modified.timestamp(), file.modified.timestamp()))
        etag = hashlib.md5(file.content, usedforsecurity=False).hexdigest()
        return FileEntry(file.dataset, file.key, etag, len(file.content), file.modified)

    def work(self, entries: Sequence[FileEntry], as_of: datetime = SOME_DAY, **asked: Any) -> LoadInput:
        """The work of one more run over these files; `asked` are further fields of its request."""
        self.runs += 1
        request = parse_request({"as_of": as_of, **asked})
        frozen = Manifest(f"run-{self.runs}", self.pipeline, self.landed.uri, tuple(sorted(entries)), request)
        self.value.create()
        return LoadInput(
            manifest=frozen,
            tables=silver_tables(self.known),
            datasets=landing_datasets(self.known),
            controls=control_tables(self.known, self.pipeline),
            lake=self.value,
            landing=ManifestFiles(self.landed, self.value.store),
            max_reject_ratio=request.max_reject_ratio,
            seeds=self.seeds(),
        )

    def load(
        self, *files: File, as_of: datetime = SOME_DAY, guard: Callable[[], None] = never, **asked: Any
    ) -> LoadReport:
        """Drop the files and load exactly them."""
        return self.loaded(self.work(self.drop(*files), as_of, **asked), guard)

    def loaded(self, work: LoadInput, guard: Callable[[], None] = never) -> LoadReport:
        """Load this work, with an engine of its own."""
        engine = self.engine()
        try:
            return load(work, engine, guard)
        finally:
            engine.close()

    def gold(self, name: str, as_of: datetime = SOME_DAY, *, forced: str = "") -> list[dict[str, Any]]:
        """Bring a gold table up to date, all of it where `forced` says why, and return all of it ordered by key."""
        engine, contract = self.query(), self.known[f"gold.{name}"]
        try:
            for source in sources(contract, self.model(name), self.known).values():
                engine.show(source)
            builder = Builder("gold", as_of, lambda _: engine, never)
            self.caught_up = catch_up(self.models(), name, builder, forced=forced)
            order = ", ".join(f'"{column}"' for column in contract.key)
            return engine.rows(f"SELECT * FROM {contract.catalog_name} ORDER BY {order}")
        finally:
            engine.close()

    def models(self) -> Models:
        """The pipeline's gold models, over this lake."""
        gold = [contract for contract in self.known.values() if contract.layer == "gold"]
        selects = {contract.catalog_name: self.model(contract.name) for contract in gold}
        ledger = self.known[control_name(self.pipeline, "run_ledger")]
        return Models(self.known, selects, self.seeds(), ledger, self.value)

    def query(self) -> DuckEngine:
        """An embedded engine that sees all tables but gold as they are now."""
        engine = DuckEngine(self.value, zone=self.zone)
        for contract in self.known.values():
            if contract.layer in {"silver", "control", "reference"}:
                engine.attach(contract)
        return engine

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The result of a query over all tables but gold."""
        engine = self.query()
        try:
            return engine.rows(sql)
        finally:
            engine.close()

    def silver(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Business columns of silver by dataset and key, moments in UTC."""
        return {dataset: self._silver(dataset) for dataset in SILVER}

    def _silver(self, dataset: str) -> dict[str, dict[str, Any]]:
        contract = self.known[f"silver.{SILVER[dataset]}"]
        columns = [c.name for c in contract.content]
        rows = self.rows(f"SELECT * FROM {contract.catalog_name}")
        assert len({row[KEYS[dataset]] for row in rows}) == len(rows)
        return {row[KEYS[dataset]]: {name: _aware(row[name]) for name in columns} for row in rows}

    def rejects(self) -> dict[tuple[str, str, str, int], tuple[str, tuple[str, ...]]]:
        """Open rejects: record -> raw text, codes."""
        rows = self.rows("SELECT * FROM delta_lakehouse.ecommerce_rejects WHERE status = 'open'")
        return {_identity(row): (row["raw"], tuple(row["codes"].split(","))) for row in rows}

    def pending(self) -> dict[tuple[str, str, str, int], tuple[str, tuple[str, ...]]]:
        """Pending rows: record -> raw text, codes."""
        rows = self.rows("SELECT * FROM delta_lakehouse.ecommerce_pending")
        return {_identity(row): (row["raw"], tuple(row["codes"].split(","))) for row in rows}

    def data_files(self) -> set[str]:
        """Every data file of silver, control tables and gold but the run ledger, live or not."""
        return {
            str(p) for p in self.root.rglob("*.parquet") if "run_ledger" not in str(p) and "_delta_log" not in str(p)
        }


def counts_of(report: LoadReport) -> dict[str, dict[str, int]]:
    """Counts by silver table, as the oracle gives them."""
    return {name: dict(vars(table.counts)) for name, table in report.tables.items()}


def facts_of(report: LoadReport) -> dict[str, Any]:
    """What a load answered, in plain values: counts and codes by silver table, failing checks, files left aside."""
    return {
        "counts": counts_of(report),
        "rejects": {name: dict(sorted(table.rejects.items())) for name, table in report.tables.items()},
        "warnings": {name: dict(sorted(table.warnings.items())) for name, table in report.tables.items()},
        "checks": {f"{check.table}.{check.check}": check.failing for check in report.checks},
        "refused_files": sorted(report.refused_files),
        "skipped_files": sorted(report.skipped_files),
        "extra_columns": report.extra_columns,
    }


def folder_files(folder: Path) -> list[File]:
    """All files of a drop folder as the oracle takes them."""
    return [
        File(key.split("/")[0].removesuffix(".gz").removesuffix(".csv"), key, _modified(path), path.read_bytes())
        for path in sorted(folder.rglob("*.csv*"))
        for key in [path.relative_to(folder).as_posix()]
    ]


def csv_file(dataset: str, key: str, text: str, second: int = 0) -> File:
    """One file from text, changed so many seconds after a fixed moment."""
    return File(dataset, key, datetime(2025, 4, 5, 12, 0, second, tzinfo=UTC), text.encode())


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _identity(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return row["dataset"], row["file"], row["etag"], row["line"]


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
