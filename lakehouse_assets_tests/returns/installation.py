"""Set up an installation with the pipeline beside e-commerce: lake, landing, API, command line and graph."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.operations.conftest import Result, process
from lakehouse_assets_tests.returns import known
from lakehouse_assets_tests.returns.api import Scan, serving

BOTH = "lakehouse_assets.ecommerce,lakehouse_assets_tests.returns"
DAY = ("--window", *known.WINDOW, "--as-of", known.AS_OF)
"""Options of a run over the known days."""
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Installation:
    """An installation is a lake and the API that its pipeline asks.

    Attributes:
        lake: its folder.
        api: the API's address.
        served: what the API serves; tests may change it.
    """

    lake: Path
    api: str
    served: dict[str, list[Scan] | bytes]
    tables: dict[str, Any] = field(default_factory=lambda: _stored("returns"))

    @property
    def landing(self) -> Path:
        """Return the folder where the pipeline's files land, which the pipeline names itself."""
        return self.lake / "land-folder" / "Returns"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment for processes that work on this installation."""
        own = {"LAKEHOUSE_PIPELINES": BOTH, "LAKEHOUSE_LAKE": str(self.lake), "RETURNS_API": self.api}
        return {**os.environ, **own}

    def drop(self, files: dict[str, str] = known.FILES) -> None:
        """Put files into landing, with the time at which the known files were dropped."""
        for key, text in files.items():
            path = self.landing / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            os.utime(path, (known.DROPPED.timestamp(),) * 2)

    def command(self, *arguments: object, **environment: str) -> Result:
        """Call the installed command in a process of its own."""
        return process(*arguments, env={**self.environment, **environment})

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Return rows of a table, sorted by the first two of the columns asked for."""
        return self.ask(f"SELECT {columns} FROM {table} ORDER BY 1, 2")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that answer a query."""
        answer = ask(QueryScope(open_lake(str(self.lake)), self.tables), sql)
        return [row for batch in answer.batches for row in batch]

    def report(self, run_id: str | None = None) -> dict[str, Any]:
        """Return the report of a run; without an id there must be only one run."""
        (file,) = (self.lake / "runs" / "returns").glob(f"{run_id or '*'}/report.json")
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    def files(self, folder: str, pattern: str) -> set[str]:
        """Return the files below a folder, as paths relative to the lake."""
        return {path.relative_to(self.lake).as_posix() for path in (self.lake / folder).rglob(pattern)}

    def data_files(self) -> set[str]:
        """Return every data file of all tables but the run ledger, which gets one with each run."""
        found = {path.relative_to(self.lake).as_posix() for path in self.lake.rglob("*.parquet")}
        return {name for name in found if "run_ledger" not in name and "_delta_log" not in name}


def _stored(pipeline: str) -> dict[str, Any]:
    return {c.catalog_name: c for c in contracts(pipeline).values() if c.layer != "landing"}


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Yield an empty installation whose API serves the known scans; this process has its settings meanwhile."""
    served = known.scans()
    with serving(served) as api, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKEHOUSE_PIPELINES", BOTH)
        patch.setenv("LAKEHOUSE_LAKE", str(folder / "lake"))
        patch.setenv("RETURNS_API", api)
        patch.setenv("LAKEHOUSE_QUIET_SECONDS", "0")
        yield Installation(folder / "lake", api, served)


@dataclass(frozen=True)
class Graph:
    """A graph is the code location of an installation, with a history of its own."""

    place: Installation
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def run(self, config: dict[str, Any] | None = None) -> Any:
        """Run the job over the known days in this process; `config` asks for more than the clock."""
        asked = {"as_of": known.AS_OF, **(config or {})}
        return self.definitions.resolve_job_def("returns").execute_in_process(
            instance=self.instance,
            run_config={"ops": {"bronze__returns_manifest": {"config": asked}}, **QUIET},
            tags=range_of(known.WINDOW),
            raise_on_error=False,
        )


def range_of(days: tuple[str, str]) -> dict[str, str]:
    """Return the tags with which Dagster marks one run over a range of partitions."""
    return {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[1]}


@contextmanager
def graph_of(place: Installation, history: Path) -> Iterator[Graph]:
    """Yield the code location of an installation as Dagster loads it."""
    from lakehouse_assets.definitions import build_definitions

    with dg.DagsterInstance.local_temp(str(history)) as instance:
        yield Graph(place, build_definitions(read_settings()), instance)


def steps(result: Any, kind: str = "STEP_SUCCESS") -> Iterable[str]:
    """Return the steps of a run that have an event of this kind, sorted."""
    return sorted({event.step_key for event in result.all_events if event.event_type_value == kind})
