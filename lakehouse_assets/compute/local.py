"""The services on a laptop: folders, the embedded engine (or a local Spark), handlers called in this process.

One `LocalServices` serves one run. It holds the pipeline's lease from the first step that needs it until `close`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lakehouse_assets.compute.job import arguments, load_and_keep, manifest_of, work_of
from lakehouse_assets.compute.protocols import SAMPLE_ROWS, CheckOutcome
from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, ModelTask, fill
from lakehouse_assets.contracts import Contract, Rule, contracts
from lakehouse_assets.contracts.layers import model_sql, silver_tables
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.load.ledger import acknowledge, backlog
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.runs import RunFolder

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


@dataclass(frozen=True)
class LocalConfig:
    """Where and how: lake, URI of landing, zone, DuckDB's limits, and how to open the engine that loads silver."""

    lake: Lake
    landing: str
    pipeline: str
    zone: str
    memory: str
    threads: int | None
    open_engine: Callable[[], Engine]
    renew_seconds: float = 30.0


class LocalServices:
    """`GlueJobs`, `Athena` and `Functions` for one pipeline on this machine."""

    def __init__(self, config: LocalConfig, handlers: Mapping[str, Handler]) -> None:
        self.config = config
        self.lake = config.lake
        self.lake.create()
        self._handlers = handlers
        self._contracts = contracts(config.pipeline)
        self._lease: Lease | None = None
        self._query: DuckEngine | None = None

    def hold(self, run_id: str) -> Lease:
        """The pipeline's lease, taken or re-entered by this run.

        Raises:
            LeaseHeld: another run has it.
        """
        if self._lease is None:
            lease = Lease(self.lake.store, self.config.pipeline, renew_seconds=self.config.renew_seconds)
            self._lease = lease.acquire(run_id)
        return self._lease

    def close(self) -> None:
        """Give back the lease and the engine."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None
        if self._query is not None:
            self._query.close()
            self._query = None

    def folder(self, run_id: str) -> RunFolder:
        """The run's folder in the lake."""
        return RunFolder(self.lake.store, self.config.pipeline, run_id)

    def invoke(self, task: FunctionTask, run_id: str) -> dict[str, Any]:
        """Call the function's handler in this process; see `Functions.invoke`."""
        self.hold(run_id).check()
        event = fill(task.payload, self._facts(run_id))
        answer = self._handlers[task.function](event, None)
        if task.gives:
            self.folder(run_id).write("facts", {name: answer[name] for name in task.gives})
        while task.repeat and not answer["done"]:
            more = self._handlers[task.function](event | {"token": answer["token"]}, None)
            answer = more | {name: answer[name] + more[name] for name in ("moved", "left", "bytes")}
        return answer

    def run_job(self, task: GlueTask, run_id: str) -> dict[str, Any]:
        """One load as the task's arguments ask for it, on the configured engine, in this process.

        See `GlueJobs.run_job`.

        Raises:
            BadRequest: the arguments are not the job's, or name another zone than the engine is opened with.
        """
        lease, folder = self.hold(run_id), self.folder(run_id)
        asked = arguments([f"{name}={value}" for name, value in fill(task.arguments, self._facts(run_id)).items()])
        if asked.source_timezone != self.config.zone:
            zones = f"--source-timezone is `{asked.source_timezone}`, but the engine reads in `{self.config.zone}`"
            raise BadRequest(message=f"job `{task.job}`: {zones}")
        work = work_of(manifest_of(asked), open_lake(asked.lake_root), silver_tables(self._contracts))
        engine = self.config.open_engine()
        try:
            return load_and_keep(work, engine, lease.check, folder).to_dict()
        finally:
            engine.close()

    def build(self, task: ModelTask, run_id: str) -> dict[str, Any]:
        """Build a gold table from what the ledger says was touched; see `Athena.build`."""
        from lakehouse_assets.engines.gold import build

        started = time.perf_counter()
        lease, gold = self.hold(run_id), self._contracts[task.model]
        ledger = self._contracts[f"side.{self.config.pipeline}_run_ledger"]
        behind = backlog(ledger, self.lake, gold)
        engine = self._engine()
        built = build(engine, gold, model_sql(self.config.pipeline, gold.name), behind.window, lease.check)
        as_of = self.folder(run_id).as_of
        acknowledge(ledger, self.lake, gold, behind.runs, run_id, as_of, lease.check)
        answer = {
            "inserted": built.inserted,
            "updated": built.updated,
            "deleted": built.deleted,
            "rows": built.rows,
            "added_bytes": built.commit.added_bytes if built.commit else 0,
            "acknowledged": list(behind.runs),
            "preview": self.preview(gold),
            "seconds": time.perf_counter() - started,
        }
        self.folder(run_id).write(f"gold-{gold.name}", answer)
        return answer

    def check(self, contract: Contract, rule: Rule, run_id: str) -> CheckOutcome:
        """Run one assertion on the embedded engine; see `Athena.check`."""
        as_of = self.folder(run_id).as_of.replace(tzinfo=None)
        rows = self._engine().rows(rule.implementation, {"as_of": as_of})
        sample = [{name: _plain(value) for name, value in row.items()} for row in rows[:SAMPLE_ROWS]]
        return CheckOutcome(contract.name, rule.code, rule.verdict, len(rows), sample, rule.implementation)

    def preview(self, contract: Contract) -> list[dict[str, Any]]:
        """A few rows of a table, as text."""
        engine = self._engine()
        order = ", ".join(f'"{k}"' for k in contract.key)
        rows = engine.rows(f"SELECT * FROM {contract.catalog_name} ORDER BY {order} LIMIT {SAMPLE_ROWS}")
        return [{name: _plain(value) for name, value in row.items()} for row in rows]

    def count(self, contract: Contract) -> int:
        """Rows of a table."""
        return int(self._engine().rows(f"SELECT count(*) AS n FROM {contract.catalog_name}")[0]["n"])

    def refresh(self) -> None:
        """Forget what the query engine saw of the tables."""
        if self._query is not None:
            self._query.close()
            self._query = None

    def _engine(self) -> DuckEngine:
        """The query engine, with every table of the pipeline attached."""
        if self._query is None:
            config = self.config
            self._query = DuckEngine(self.lake, zone=config.zone, memory=config.memory, threads=config.threads)
            for contract in self._contracts.values():
                if contract.layer in {"silver", "side"}:
                    self._query.attach(contract)
                elif contract.layer == "gold":
                    self._query.attach_gold(contract)
        return self._query

    def _facts(self, run_id: str) -> dict[str, Any]:
        asked, given, loaded = (self.folder(run_id).read(piece) or {} for piece in ("request", "facts", "load"))
        here = {
            "run_id": run_id,
            "lake": self.lake.root,
            "landing": self.config.landing,
            "source_timezone": self.config.zone,
            "refused": sorted(loaded.get("refused_files", {})),
        }
        return here | asked | given


def _plain(value: Any) -> Any:  # noqa: ANN401 - any SQL value in, a JSON value out
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
