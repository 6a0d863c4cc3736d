"""A simulated account, and the product's own command on lakes that pull from it, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.operations import history
from lakehouse_assets.operations.cli import main
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.affise.tenant import Case, tenant

ZONE = "Europe/Berlin"
REPORT = (
    "SELECT * FROM affise_data_fusion.daily_report_sub5_output "
    "ORDER BY datestamp, affiliate_id, advertiser_id, offer_id, country, sub5, sub6, os, os_version"
)


@dataclass(frozen=True)
class Result:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Pulled:
    """A lake that pulls from an account."""

    case: Case
    lake: Path

    def command(self, *arguments: object) -> Result:
        """Call the command line."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*(str(argument) for argument in arguments), "--lake", str(self.lake)])
        return Result(code, out.getvalue(), err.getvalue())

    def run(self, at: datetime, *options: str) -> dict[str, Any]:
        """Run the pipeline at a moment, which is the account's too; return the report."""
        self.case.simulator.clock.set(at)
        done = self.command("run", "marketing", "--json", "--as-of", at.isoformat(), *options)
        assert done.code == 0, done.err
        report: dict[str, Any] = json.loads(done.out)
        return report

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask the tables."""
        done = self.command("sql", sql, "--format", "json")
        assert done.code == 0, done.err
        rows: list[dict[str, Any]] = json.loads(done.out)
        return rows

    @contextmanager
    def history(self) -> Iterator[dg.DagsterInstance]:
        """What Dagster knows of its runs."""
        with history.instance(Settings(lake=self.lake)) as instance:
            yield instance

    def watermark(self) -> dict[str, str]:
        """Up to when changes are known."""
        text = (self.lake / "bronze" / "affise" / "watermark.json").read_text("utf-8")
        found: dict[str, str] = json.loads(text)
        return found


@contextmanager
def account(folder: Path, *faults: str, **spec: Any) -> Iterator[Case]:
    """Serve an account in Berlin, and let this process pull from it without waiting."""
    with tenant(folder, "daylight-saving", *faults, **spec) as case, pytest.MonkeyPatch.context() as patch:
        named = {
            "LAKEHOUSE_PIPELINES": "lakehouse_assets.ecommerce,lakehouse_assets.marketing",
            "LAKEHOUSE_AFFISE__URL": case.simulator.url,
            "LAKEHOUSE_AFFISE__RATE": "1000",
            "LAKEHOUSE_ZONES__MARKETING": ZONE,
            "AFFISE_API_KEY": case.simulator.key,
            "AFFISE_HASH_KEY": "a-key-of-the-tests-that-hashes-addresses",
        }
        for name, value in named.items():
            patch.setenv(name, value)
        yield case
