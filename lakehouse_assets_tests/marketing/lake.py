"""A marketing lake, driven without Dagster: pull a simulated tenant at a tick, load, build the report."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from lakehouse_assets.affise import open_runs, pages, watermark
from lakehouse_assets.affise.account import CLICK_DAYS
from lakehouse_assets.affise.endpoints import CLICKS
from lakehouse_assets.affise.notes import SliceManifest
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.contracts.reader import read_contracts
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.core.request import last_days
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.run import load
from lakehouse_assets_tests.affise.tenant import Case
from lakehouse_assets_tests.lake import LakeDriver, never
from lambdas.nameaffisepages.logic import pulled
from lambdas.planaffisepull.logic import Plan
from lambdas.pullaffiseslices.logic import pull

REPORT = "daily_report_sub5_output"
PACKAGE = resources.files("lakehouse_assets") / "marketing"


class Marketing(LakeDriver):
    """One lake, and the tenant that it pulls; `place` is where the lake is when not in a folder below `root`.

    `sweeps` says whether a tick pulls all that may still change once a week, as runs do; `most_gone` how much of a list
    may be gone at once; `clicks` where clicks are pulled, and `click_days` for how many days they are told; `reported`
    what the load of the last tick said.
    """

    pipeline = "marketing"
    reported: LoadReport

    def __init__(self, root: Path, tenant: Case, *, zone: str, place: str | None = None) -> None:
        super().__init__(root, zone=zone)
        if place is not None:
            self._open(place, str(self.landing), zone, None)
        self.value.create()
        self.tenant = tenant
        self.sweeps, self.most_gone, self.clicks, self.click_days = False, 1.0, CLICKS, CLICK_DAYS

    def contracts(self) -> dict[str, Contract]:
        """See `LakeDriver`."""
        known = read_contracts(contract_documents(), self.pipeline)
        known.require_sound()
        return known

    def model(self, name: str) -> str:
        """See `LakeDriver`."""
        return (PACKAGE / "sql" / f"{name}.sql").read_text("utf-8")

    def seeds(self) -> tuple[Seed, ...]:
        """See `LakeDriver`."""
        tables = [contract for contract in self.known.values() if contract.layer == "reference"]
        return tuple(Seed(one, (PACKAGE / "seeds" / f"{one.name}.csv").read_bytes()) for one in tables)

    def tick(self, at: datetime) -> LoadReport:
        """Pull what the tenant has as of a moment, and load it."""
        self.tenant.simulator.clock.set(at)
        run_id, store = f"run-{self.runs + 1}", self.value.store
        puller = self.tenant.puller(run_id, store=store, zone=self.zone)
        knows = {"click_days": self.click_days, "tells_clicks": self.clicks is CLICKS}
        puller = replace(puller, account=replace(puller.account, **knows))
        mark = watermark.read(store)
        if mark is not None and not self.sweeps:
            mark = replace(mark, sweep=at)
        plan = Plan.of(last_days(at, self.zone, 7), at, self.zone, mark, self.clicks)
        open_runs.begin(store, plan.opened(run_id, at))
        self.tenant.lists(run_id, self.most_gone, store=store, zone=self.zone)
        for one in plan.slices:
            assert pull(puller, one.to_dict(), None).cursor is None
        self.reported = self.load_slices(list(pulled(store, [run_id])), at)
        watermark.advance(store, at, is_sweep=plan.is_sweep)
        return self.reported

    def load_slices(self, slices: list[SliceManifest], at: datetime) -> LoadReport:
        """Load pages of bronze."""
        patterns = {name: one.files for name, one in landing_datasets(self.known).items()}
        work = self.work(list(pages.entries(slices, patterns)), at, max_reject_ratio=1)
        engine = self.engine()
        try:
            return load(work, engine, never)
        finally:
            engine.close()

    def redacted(self, text: str) -> str:
        """What bronze keeps of a text."""
        found: str = self.tenant.redactor.redacted([{"sub5": text}])[0]["sub5"]
        return found

    def report(self, at: datetime) -> list[dict[str, Any]]:
        """The whole report, brought up to date."""
        return self.gold(REPORT, at)


def contract_documents() -> list[dict[str, Any]]:
    """The contracts as they are written, whether the pipeline is switched on or not."""
    files = sorted(Path(str(resources.files("lakehouse_assets.contracts") / "marketing")).glob("*.yaml"))
    return [yaml.safe_load(file.read_text("utf-8")) for file in files]


def regions() -> dict[str, str]:
    """The regions of the seed."""
    text = (PACKAGE / "seeds" / "country_region.csv").read_text("utf-8")
    return {row["country"]: row["region"] for row in csv.DictReader(io.StringIO(text))}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the oracle as the table spells it: no advertiser is an empty text, and money has six decimals."""
    six = Decimal("0.000001")
    shown = {name: value.quantize(six) if isinstance(value, Decimal) else value for name, value in row.items()}
    return shown | {"advertiser_id": row["advertiser_id"] or ""}
