"""A run that is killed at any stage, and one whose API fails in the middle of a slice, and the run after it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.simulator.spec import KEY
from lakehouse_assets.contracts.reader import read_contracts
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets_tests.affise.tenant import Case, tenant
from lakehouse_assets_tests.affise.wire import SECRETS
from lakehouse_assets_tests.marketing.lake import contract_documents
from lakehouse_assets_tests.oracle.sub5 import ticks

REPOSITORY = Path(__file__).parents[2]
ZONE = "Europe/Moscow"
MOMENTS = (
    pytest.param((("facts", "load", "gold"),), id="some"),
    pytest.param((("lists", "facts", "load", "watermark"), ("gold", "export")), id="all", marks=pytest.mark.nightly),
)
"""At which stages a run is killed, one after the other, before one is let through at each tick; `some` is quick."""
PULLS = [one.at for one in ticks(date(2026, 3, 12), 1, ZONE)]
KILLED = -9
REPORT = "gold.daily_report_sub5_output"


@dataclass(frozen=True)
class Runs:
    """Runs of the pipeline on one lake, each a process of its own, forked from one that waits for them."""

    lake: Path
    process: subprocess.Popen[str]

    def begin(self, at: datetime, moment: str = "never") -> None:
        """Begin a run at a tick."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{self.lake} {at.isoformat()} {moment}\n")
        self.process.stdin.flush()

    def ended(self) -> int:
        """How the run that was begun has ended."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def run(self, at: datetime, moment: str = "never") -> int:
        """Run at a tick; return how it ended."""
        self.begin(at, moment)
        return self.ended()


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """A very small tenant with late decisions."""
    sizes = {"clicks_per_day": 30, "conversions_per_day": 10, "offers": 8, "affiliates": 8, "advertisers": 4}
    with tenant(tmp_path, days=2, **sizes) as made:
        yield made


def environment(case: Case, rate: int = 1000) -> dict[str, str]:
    """What a process needs to pull from the tenant."""
    return os.environ | SECRETS | {
        "AFFISE_API_KEY": KEY,
        "LAKEHOUSE_PIPELINES": "lakehouse_assets.marketing",
        "LAKEHOUSE_ZONES__MARKETING": ZONE,
        "LAKEHOUSE_AFFISE__URL": case.simulator.url,
        "LAKEHOUSE_AFFISE__RATE": str(rate),
        "LAKEHOUSE_DUCKDB_THREADS": "1",
    }  # fmt: skip


@contextmanager
def runs(case: Case, name: str) -> Iterator[Runs]:
    """Runs on a lake whose sweep is a day old, so that none of them makes one."""
    lake = open_lake(str(case.folder / name))
    lake.create()
    watermark.advance(lake.store, PULLS[0] - timedelta(days=1), is_sweep=True)
    command = [sys.executable, "-m", "lakehouse_assets_tests.marketing.killing"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment(case), **pipes) as process:
        yield Runs(case.folder / name, process)


def reported(folder: Path) -> tuple[list[tuple[Any, ...]], dict[str, bytes]]:
    """The report's rows, and the exported files that have no run's id in their name."""
    lake: Lake = open_lake(str(folder))
    table = read_contracts(contract_documents(), "marketing")[REPORT]
    sql = f"SELECT * FROM {table.catalog_name} ORDER BY {', '.join(table.key)}"
    rows = [row for batch in ask(QueryScope(lake, {table.catalog_name: table}), sql).batches for row in batch]
    files = (file for file in (folder / "reports").iterdir() if len(file.name) < len("Sub5-2026-03-12.csv") + 1)
    return rows, {file.name: file.read_bytes() for file in files}


@pytest.mark.parametrize("moments_of_ticks", MOMENTS)
def test_runs_that_are_killed_at_any_stage_are_caught_up_by_the_next(
    case: Case, moments_of_ticks: tuple[tuple[str, ...], ...]
) -> None:
    """At each tick runs are killed at one stage after the other, then one ends; a lake beside it is left in peace.

    After each tick both have the same report, and the same files byte by byte.
    """
    with runs(case, "harmed") as harmed, runs(case, "undisturbed") as undisturbed:
        for at, moments in zip(PULLS, moments_of_ticks, strict=False):
            case.simulator.clock.set(at)
            undisturbed.begin(at)
            assert [harmed.run(at, moment) for moment in moments] == [KILLED] * len(moments)
            assert (harmed.run(at), undisturbed.ended()) == (0, 0)
            rows, files = reported(harmed.lake)
            assert (rows, files) == reported(undisturbed.lake)
            assert len(rows) > 100
            assert set(files) == {f"Sub5-{at.date()}.csv", "Sub5-latest.csv"}


def command(case: Case, lake: Path, rate: int = 1000) -> subprocess.Popen[bytes]:
    """Begin `lakehouse run` at the first tick."""
    asked = ["run", "marketing", "--lake", str(lake), "--as-of", PULLS[0].isoformat()]
    started = [sys.executable, "-m", "lakehouse_assets.operations.entry", *asked]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(started, cwd=REPOSITORY, env=environment(case, rate), **quiet)


@pytest.mark.nightly  # quick: a run above is killed among the facts, and `operations/test_killed.py` kills the command
def test_a_command_that_is_killed_while_it_pulls_is_caught_up_by_the_same_command(case: Case) -> None:
    """Killed after some clicks of the window have come; the report is that of a lake beside it, of one run."""
    case.simulator.clock.set(PULLS[0])
    harmed = case.folder / "harmed"
    with runs(case, "undisturbed") as undisturbed:
        with command(case, harmed, rate=30) as process:
            while len(case.asked("stats/clicks")) < 4 and process.poll() is None:
                time.sleep(0.02)
            process.kill()
        assert process.wait() == KILLED
        pulled = list((harmed / "bronze/affise/clicks").rglob("*.manifest.json"))
        assert 0 < len(pulled) < 14
        undisturbed.begin(PULLS[0])
        with command(case, harmed) as process:
            assert process.wait() == 0
        assert undisturbed.ended() == 0
        assert reported(harmed) == reported(undisturbed.lake)
