"""Serve a run on this machine: a lake opened here, the embedded engine or a local Spark, handlers in-process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lakehouse_assets.compute.functions import Handler, handler_of
from lakehouse_assets.compute.job_arguments import arguments, load_and_keep, manifest_of, work_of
from lakehouse_assets.compute.reports import ModelReport, Row, model_piece
from lakehouse_assets.compute.run_services import RunConfig, RunServices
from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, ModelTask, fill
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.engines.connection import SYSTEM_SPILL, Spill
from lakehouse_assets.engines.damage import Damage
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.exhaustion import damaged, exhausted
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.engines.spoilt_files import named
from lakehouse_assets.errors import FROM_A_BACKUP, BadRequest, LakehouseError, TableDamaged
from lakehouse_assets.load.model_states import models_of
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.load.soundness import damaged as told
from lakehouse_assets.progress import Progress
from lakehouse_assets.sql.dialects import Parameter
from lakehouse_assets.sql.models import tables_read
from lakehouse_assets.storage.lake import open_lake

if TYPE_CHECKING:
    from lakehouse_assets.load.gold import CaughtUp

REFRESHED = "a full refresh was asked for"
"""Says why a table is built whole that is not behind, in words that follow its name."""


@dataclass(frozen=True, kw_only=True)
class LocalConfig(RunConfig):
    """Say where and how a pipeline runs on this machine.

    Attributes:
        memory: DuckDB's memory limit.
        threads: how many threads DuckDB may use; None for all.
        open_engine: opens the engine that loads silver.
        spill: where and how much DuckDB spills to disk.
    """

    memory: str
    threads: int | None
    open_engine: Callable[[], Engine]
    spill: Spill = SYSTEM_SPILL


class LocalServices(RunServices):
    """Implement `services.Services` on this machine, for one run.

    Args:
        config: where and how the pipeline runs.
        run_id: the run that is served.
        progress: where the services say what they do; None where nobody looks.
    """

    def __init__(self, config: LocalConfig, run_id: str, progress: Progress | None = None) -> None:
        super().__init__(config, run_id, progress)
        self.config = config
        self._query: DuckEngine | None = None
        self._seen: set[str] = set()

    def _handler(self, task: FunctionTask) -> Handler:
        """Return the function's handler, which is called in this process."""
        return handler_of(task.function, self.config.functions)

    def run_job(self, task: GlueTask) -> LoadReport:
        """Run one load as the task's arguments ask for it, on the configured engine, in this process.

        See `Services.run_job`.

        Raises:
            BadRequest: the arguments are not the job's, or name another zone than the engine is opened with.
        """
        lease = self.hold()
        asked = arguments([f"{name}={value}" for name, value in fill(task.arguments, self._facts()).items()])
        if asked.source_timezone != self.config.zone:
            zones = f"--source-timezone is `{asked.source_timezone}`, but the engine reads in `{self.config.zone}`"
            raise BadRequest(message=f"job `{task.job}`: {zones}")
        work = work_of(manifest_of(asked), open_lake(asked.lake_root), self.progress)
        engine = self.config.open_engine()
        try:
            with self._naming(stored_tables(self._contracts.values())):
                return load_and_keep(work, engine, lease.fence, self._guard, self._run, manifest=asked.manifest_uri)
        finally:
            engine.close()
            self.refresh()

    def build(self, task: ModelTask, *, whole: bool = False) -> ModelReport:
        """Build a gold table from what the ledger says was touched, or whole; see `Services.build`."""
        # What builds gold is imported when gold is built.
        from lakehouse_assets.load.gold import Builder, catch_up

        started, gold = time.perf_counter(), self._contracts[task.model]
        self.progress.doing(f"building {gold.name}")
        builder = Builder(self._run.run_id, self._run.as_of, self._engine, self._guard)
        is_asked = whole or self._is_refresh_asked()
        models, forced = models_of(self.config.pipeline, self.config.lake), REFRESHED if is_asked else ""
        with self._naming([gold.catalog_name]):
            done = catch_up(models, gold.name, builder, forced=forced)
        report = self._reported(done)
        self._run.keep(model_piece(gold.name), report)
        # Which rows are shown depends on what the report says was built.
        report = replace(report, preview=self.preview(gold), seconds=time.perf_counter() - started)
        self._run.keep(model_piece(gold.name), report)
        return report

    @staticmethod
    def _reported(done: CaughtUp) -> ModelReport:
        return ModelReport(
            inserted=done.built.inserted,
            updated=done.built.updated,
            deleted=done.built.deleted,
            rows=done.built.rows,
            added_bytes=done.built.commit.added_bytes if done.built.commit else 0,
            acknowledged=done.runs,
            rebuilt=done.rebuilt,
            window=tuple(sorted(map(str, done.window or ()))),
            kept_out=done.built.kept_out,
            is_whole=done.window is None,
        )

    def count(self, contract: Contract) -> int:
        """Return the number of rows of a table; see `Services.count`."""
        with self._naming([contract.catalog_name]):
            return self._engine(f"SELECT 1 FROM {contract.catalog_name}").held_rows(contract)

    def refresh(self) -> None:
        """Forget what was read of the tables, because a job has changed them."""
        if self._query is not None:
            self._query.close()
            self._query = None

    def _rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Row]:
        """Return the rows of a statement on the query engine."""
        with self._naming(tables_read(sql)):
            return self._engine(sql).rows(sql, parameters)

    @contextmanager
    def _naming(self, read: Iterable[str]) -> Iterator[None]:
        """Say of a table that cannot be read which one it is and the way out, and of the engine what ran out.

        Args:
            read: catalog names of the tables that are read.
        """
        try:
            yield
        except Exception as error:
            known = self._known(error, read)
            if known is None:
                raise
            raise known from error

    def _known(self, error: Exception, read: Iterable[str]) -> LakehouseError | None:
        """Return the error of ours that says more than this one: which table it is about, or what makes that anew."""
        stored = stored_tables(self._contracts.values())
        tables = [stored[name] for name in read if name in stored]
        found = error if isinstance(error, LakehouseError) else exhausted(error)
        found = found or named(damaged(error, read), tables, self.config.lake)
        if isinstance(found, TableDamaged) and found.facts["way_out"] == FROM_A_BACKUP:
            contract = stored.get(str(found.facts["table"]))
            damage = Damage(str(found.facts["problem"]), is_inside=True)
            found = told(contract, damage, self.config.pipeline) if contract else found
        return None if found is error else found

    def _engine(self, sql: str) -> DuckEngine:
        """Return the query engine with the tables that a statement reads attached; each is opened at its first read.

        Raises:
            BadRequest: the statement reads a table that the pipeline does not have.
        """
        config = self.config
        if self._query is None:
            limits: dict[str, Any] = {"memory": config.memory, "threads": config.threads, "spill": config.spill}
            self._query = DuckEngine(config.lake, zone=config.zone, **limits)
            self._seen = set()
        stored = stored_tables(self._contracts.values())
        for name in tables_read(sql):
            if name not in stored:
                raise BadRequest(message=f"there is no table `{name}`; there are: {', '.join(stored)}")
            if name not in self._seen:
                self._query.show(stored[name])
                self._seen.add(name)
        return self._query
