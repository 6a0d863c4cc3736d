"""Serve a run on this machine: a lake opened here, the embedded engine or a local Spark, handlers in-process.

One `LocalServices` serves one run of one pipeline. It holds the pipeline's lease from the first step that needs it
until `close`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from lakehouse_assets import interruption
from lakehouse_assets.compute.calls import LocalContext, answered, each_answered
from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.compute.job_arguments import arguments, load_and_keep, manifest_of, work_of
from lakehouse_assets.compute.reports import (
    FACTS,
    LOAD,
    WHOLE_TABLES,
    FunctionAnswer,
    ModelReport,
    Row,
    model_piece,
    refused_key,
)
from lakehouse_assets.compute.services import CheckOutcome
from lakehouse_assets.compute.tasks import ITEM, FunctionTask, GlueTask, ModelTask, fill
from lakehouse_assets.compute.touched import stated, touched_days
from lakehouse_assets.contracts import Contract, Rule, contracts
from lakehouse_assets.contracts.checks import assertion_sql, partition_day
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.core.request import RunRequest, resolve
from lakehouse_assets.engines.connection import SYSTEM_SPILL, Spill
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.exhaustion import damaged, exhausted
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import BadRequest, LakehouseError
from lakehouse_assets.interruption import Duty
from lakehouse_assets.load.failing import failing
from lakehouse_assets.load.model_states import models_of
from lakehouse_assets.load.report import SAMPLE_ROWS, LoadReport
from lakehouse_assets.progress import Progress
from lakehouse_assets.sql.dialects import Parameter, literal
from lakehouse_assets.sql.models import tables_read
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.runs import REQUEST, RunFolder

if TYPE_CHECKING:
    from lakehouse_assets.load.gold import CaughtUp

REFRESHED = "a full refresh was asked for"
"""Says why a table is built whole that is not behind, in words that follow its name."""


@dataclass(frozen=True)
class LocalConfig:
    """Say where and how a pipeline runs on this machine.

    Attributes:
        pipeline: its name, also of its lease.
        lake: its lake.
        landing: URI or folder where its files land.
        zone: source time zone.
        memory: DuckDB's memory limit.
        threads: how many threads DuckDB may use; None for all.
        open_engine: opens the engine that loads silver.
        functions: handlers that the pipeline brings, see `functions.handler_of`.
        renew_seconds: pause between two signs of life of the lease.
        spill: where and how much DuckDB spills to disk.
    """

    pipeline: str
    lake: Lake
    landing: str
    zone: str
    memory: str
    threads: int | None
    open_engine: Callable[[], Engine]
    functions: Mapping[str, str] = field(default_factory=dict)
    renew_seconds: float = 30.0
    spill: Spill = SYSTEM_SPILL


class LocalServices:
    """Implement `services.Services` on this machine, for one run.

    Args:
        config: where and how the pipeline runs.
        run_id: the run that is served.
        progress: where the services say what they do; None where nobody looks.
    """

    def __init__(self, config: LocalConfig, run_id: str, progress: Progress | None = None) -> None:
        self.config, self.progress = config, progress or Progress()
        config.lake.create()
        self._run = RunFolder(config.lake.store, config.pipeline, run_id)
        self._contracts = contracts(config.pipeline)
        self._lease: Lease | None = None
        self._query: DuckEngine | None = None
        self._seen: set[str] = set()
        self._context = LocalContext(self.progress)

    @property
    def run(self) -> RunFolder:
        """Return the run's folder in the lake."""
        return self._run

    def hold(self) -> Lease:
        """Return the pipeline's lease, taken or re-entered by this run.

        Raises:
            LeaseHeld: another run has it.
            LakeElsewhere: the lake was copied or moved.
        """
        interruption.check()
        if self._lease is None:
            self.config.lake.require_here()
            lease = Lease(self._run.store, self.config.pipeline, renew_seconds=self.config.renew_seconds)
            self._lease = lease.acquire(self._run.run_id)
            self._duty = Duty(clean=self._lease.release)
        return self._lease

    def close(self) -> None:
        """Give back the lease and the engine."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None
            self._duty.done()
        self.refresh()

    def begin(self, request: RunRequest) -> RunRequest:
        """Take the lease and keep the request with its clock fixed; see `Services.begin`."""
        self.hold().check()
        fixed = resolve(request, datetime.now(UTC), self.config.zone)
        self._run.write(REQUEST, fixed.to_dict())
        return fixed

    def invoke(self, task: FunctionTask) -> FunctionAnswer:
        """Call the function's handler in this process; see `Services.invoke`."""
        started = time.perf_counter()
        self.hold().check()
        self.progress.doing(f"calling {task.function}")
        handler, facts = handler_of(task.function, self.config.functions), self._facts()

        def call(item: Any, context: LocalContext) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
            return answered(handler, fill(task.payload, facts | {ITEM: item}), context, repeat=task.repeat)

        if task.each:
            answer = each_answered(call, fill(task.each, facts), task.concurrency, self._context)
        else:
            answer = call(None, self._context)
        if task.gives:
            self._run.write(FACTS, self._told() | {name: answer[name] for name in task.gives})
        return FunctionAnswer(answer, time.perf_counter() - started)

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
        is_asked = whole or bool((self._run.read(REQUEST) or {}).get("full_refresh"))
        models, forced = models_of(self.config.pipeline, self.config.lake), REFRESHED if is_asked else ""
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

    def check(self, contract: Contract, rule: Rule) -> CheckOutcome:
        """Run one assertion on the embedded engine; see `Services.check`."""
        self.progress.doing(f"checking {contract.name}.{rule.code}")
        facts = self._told()
        since = facts.get("since", WHOLE_TABLES)
        days = None if since == WHOLE_TABLES else touched_days(contract, facts.get("window"), self._run)
        # Whoever is shown the statement can ask it again: what the run touched does not change with the day.
        sql = stated(assertion_sql(contract, rule, touched=since != WHOLE_TABLES), utc_moment(since), days)
        clock = {"as_of": self._run.as_of.replace(tzinfo=None)}
        count, rows = failing(lambda statement: self._rows(statement, clock), sql)
        return CheckOutcome(contract.name, rule.code, rule.verdict, count, _plain_rows(rows), sql)

    def preview(self, contract: Contract) -> list[Row]:
        """Return the first rows of a table by key, of the days that the run touched; see `Services.preview`."""
        order, days = ", ".join(f'"{k}"' for k in contract.key), self._touched(contract)
        listed = ", ".join(literal(day).sql("athena") for day in days or ())
        where = f'WHERE "{partition_day(contract)}" IN ({listed}) ' if days else ""
        sql = f"SELECT * FROM {contract.catalog_name} {where}ORDER BY {order} LIMIT {SAMPLE_ROWS}"
        return _plain_rows(self._rows(sql))

    def count(self, contract: Contract) -> int:
        """Return the number of rows of a table; see `Services.count`."""
        return self._engine(f"SELECT 1 FROM {contract.catalog_name}").held_rows(contract)

    def _touched(self, contract: Contract) -> tuple[date, ...] | None:
        return touched_days(contract, self._told().get("window"), self._run)

    def _told(self) -> dict[str, Any]:
        """Return what the run's functions have told so far."""
        return self._run.read(FACTS) or {}

    def refresh(self) -> None:
        """Forget what was read of the tables, because a job has changed them."""
        if self._query is not None:
            self._query.close()
            self._query = None

    def _guard(self) -> None:
        """Go on to a commit, unless another run has the pipeline or the process was asked to end."""
        self.hold().check()

    def _rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Row]:
        """Return the rows of a statement on the query engine."""
        engine = self._engine(sql)
        try:
            return engine.rows(sql, parameters)
        except LakehouseError:
            raise
        except Exception as error:
            known = exhausted(error) or damaged(error, tables_read(sql))
            if known is None:
                raise
            raise known from error

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

    def _facts(self) -> dict[str, Any]:
        """Return what a task's braces stand for: installation, request, what functions gave, what the load refused."""
        asked, given = (self._run.read(piece) or {} for piece in (REQUEST, FACTS))
        loaded = self._run.report(LOAD, LoadReport)
        here = {
            "run_id": self._run.run_id,
            "job": "",  # Dagster knows it, and has refused what another job is to be asked
            "pipeline": self.config.pipeline,
            "lake": self.config.lake.root,
            "landing": self.config.landing,
            "source_timezone": self.config.zone,
            "refused": refused_key(self._run, loaded),
        }
        return here | asked | given


def _plain_rows(rows: list[Row]) -> list[Row]:
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any SQL value in, a JSON value out
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
