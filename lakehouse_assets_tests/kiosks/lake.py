"""A lake of the pipeline `kiosks`, driven without Dagster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.sql.models import levels
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import LANDING, MODELS, documents
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.oracle.loading import File

COUNTRIES = "code,region,vat_percent,since\nDE,Europe,19,2020-01-01\nFR,Europe,20,\nJP,Asia,10,2021-05-01\n"


class Kiosks(LakeDriver):
    """One lake of the pipeline; `countries` is its seed, and may be changed between loads."""

    pipeline = "kiosks"
    countries = COUNTRIES

    def contracts(self) -> dict[str, Contract]:
        """See `LakeDriver`."""
        return parse_contracts(documents(), self.pipeline)

    def model(self, name: str) -> str:
        """See `LakeDriver`."""
        return MODELS[name]

    def seeds(self) -> tuple[Seed, ...]:
        """See `LakeDriver`."""
        return (Seed(self.known["reference.country"], self.countries.encode()),)

    def all_gold(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every gold table, brought up to date in the order of what they read: its rows by key, as tuples."""
        gold = {c.catalog_name: c.name for c in self.known.values() if c.layer == "gold"}
        ordered = levels({catalog_name: self.model(name) for catalog_name, name in gold.items()})
        names = [gold[catalog_name] for level in ordered for catalog_name in level]
        return {name: [tuple(row.values()) for row in self.gold(name)] for name in names}

    def reference_files(self) -> set[Path]:
        """Data files and log of the reference table."""
        return {path for path in (self.root / "lakehouse-dwh" / "country").rglob("*") if path.is_file()}


def file_of(dataset: str, number: int, *lines: str, second: int = 0) -> File:
    """A drop file of these lines."""
    return csv_file(dataset, f"{dataset}/{number}.csv", "\n".join([",".join(LANDING[dataset]), *lines]) + "\n", second)
