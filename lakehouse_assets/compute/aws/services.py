"""Serve a run on AWS: Glue or a function loads silver, Athena makes gold and answers checks, Lambda takes calls.

The process that calls holds the pipeline's lease, as on this machine; jobs and functions join that hold by its fence.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from lakehouse_assets.compute.aws.athena import Athena, Query, Statement
from lakehouse_assets.compute.aws.functions import Functions
from lakehouse_assets.compute.aws.glue import GlueJobs, JobRequest, require_good
from lakehouse_assets.compute.aws.waiting import Pace
from lakehouse_assets.compute.costs import Usage
from lakehouse_assets.compute.functions import Handler
from lakehouse_assets.compute.job_arguments import arguments, manifest_of
from lakehouse_assets.compute.load_engine import LoadEngine
from lakehouse_assets.compute.reports import LINKS, LOAD, FunctionAnswer, ModelReport, Row, model_piece
from lakehouse_assets.compute.run_services import RunConfig, RunServices
from lakehouse_assets.compute.services import CheckOutcome
from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, ModelTask, fill
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.errors import JobFailed
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.progress import Progress
from lakehouse_assets.settings import Aws, EngineName
from lakehouse_assets.sql.dialects import Parameter
from lakehouse_assets.sql.gold import assertion_statement
from lakehouse_assets.storage.aws import region

SMALL_LOAD = "LoadSmallBatch"
FUNCTION_SECONDS, DDL_SECONDS = 900, 300
ASKED = {"duckdb": "lambda", "spark": "glue", "auto": "auto"}
"""Maps the setting `engine` to what `LoadEngine` is asked."""


@dataclass(frozen=True, kw_only=True)
class AwsConfig(RunConfig):
    """Say where and how a pipeline runs on AWS.

    Attributes:
        aws: names of what is deployed.
        engine: what loads silver: `duckdb` in a function, `spark` in Glue, or `auto`.
    """

    aws: Aws
    engine: EngineName


class AwsServices(RunServices):
    """Implement `services.Services` on AWS, for one run.

    Args:
        config: where and how the pipeline runs.
        run_id: the run that is served.
        progress: where the services say what they do; None where nobody looks.
    """

    def __init__(self, config: AwsConfig, run_id: str, progress: Progress | None = None) -> None:
        super().__init__(config, run_id, progress)
        self.config = config
        pace = Pace(first=min(0.5, config.aws.poll_seconds), longest=config.aws.poll_seconds)
        self._functions = Functions(config.aws.function_prefix)
        self._jobs = GlueJobs(self.progress, pace)
        self._athena = Athena(config.aws.workgroup, run_id, pace, self._metered)
        self._is_declared = False
        self._step, self._table, self._check, self._used = "look", "", "", list[Usage]()

    def refresh(self) -> None:
        """Have the catalog looked at again before the next query: a job may have made tables."""
        self._is_declared = False

    def invoke(self, task: FunctionTask) -> FunctionAnswer:
        """Call the function in Lambda, as often as its task says; see `Services.invoke`."""
        with self._metering(task.function):
            return super().invoke(task)

    def run_job(self, task: GlueTask) -> LoadReport:
        """Run one load in Glue, or in a function where that is asked or the load is small; see `Services.run_job`."""
        given = {name: str(value) for name, value in fill(task.arguments, self._facts()).items()}
        given["--fence"] = str(self.hold().fence)
        with self._metering("load"):
            if self._engine_of(given) == "lambda":
                self._call(SMALL_LOAD, {"arguments": given}, FUNCTION_SECONDS)
            else:
                self._run_in_glue(task, given)
        self.refresh()
        self._step = "load"  # what is asked of its tables from here on belongs to it
        report = self._run.report(LOAD, LoadReport)
        if report is None:
            raise JobFailed(job=task.job, problem="ended well, but left no report in the run's folder")
        return report

    def build(self, task: ModelTask, *, whole: bool = False) -> ModelReport:
        """Have a gold table's MERGE rendered, run it in Athena, and have the ledger told; see `Services.build`."""
        started, gold = time.perf_counter(), self._contracts[task.model]
        self.progress.doing(f"building {gold.name}")
        with self._metering(model_piece(gold.name), gold.name):
            self._declare()
            is_asked = whole or self._is_refresh_asked()
            about = {"model": task.model, "source_timezone": self._place.zone}
            rendered = self._call("RenderModel", about | {"whole": is_asked}, FUNCTION_SECONDS)
            query = self._merge(gold, rendered["statement"], task.timeout_seconds)
            said = {name: rendered.get(name) for name in ("runs", "version")}
            said |= {"as_of": self._run.as_of.isoformat(), "statistics": _statistics(query)}
            self._call("AcknowledgeModel", about | said, FUNCTION_SECONDS)
            report = self._run.report(model_piece(gold.name), ModelReport) or ModelReport(rows=self.count(gold))
            report = replace(report, engine="athena", preview=self.preview(gold), seconds=time.perf_counter() - started)
        self._run.keep(model_piece(gold.name), report)
        return report

    def check(self, contract: Contract, rule: Rule) -> CheckOutcome:
        """Run one assertion in Athena; see `Services.check`."""
        with self._metering(f"check-{contract.name}-{rule.code}", contract.name, rule.code) as used:
            outcome = super().check(contract, rule)
        return replace(outcome, used=tuple(used))

    def count(self, contract: Contract) -> int:
        """Return the number of rows of a table as Athena counts them; see `Services.count`."""
        with self._metering(self._step, contract.name):
            return int(self._rows(f"SELECT count(*) AS n FROM {contract.catalog_name}")[0]["n"])

    def preview(self, contract: Contract) -> list[Row]:
        """Return the first rows of a table as Athena answers them; see `Services.preview`."""
        with self._metering(self._step, contract.name):
            return super().preview(contract)

    def _merge(self, gold: Contract, statement: str | None, seconds: int) -> Query | None:
        """Run the MERGE into a gold table, unless nothing was touched."""
        if not statement:
            return None
        self._guard()
        what = f"merge into {gold.catalog_name}"
        return self._athena.run(Statement(statement, what, seconds, gold.catalog_name))

    def _engine_of(self, given: Mapping[str, str]) -> str:
        """Return what loads: `lambda` or `glue`."""
        asked = LoadEngine.from_event(
            {
                "engine": ASKED[self.config.engine],
                "small_bytes": self.config.aws.small_bytes,
                "small_files": self.config.aws.small_files,
            }
        )
        if asked.asked != "auto":
            return asked.asked
        files = manifest_of(arguments([f"{name}={value}" for name, value in given.items()])).files
        return asked.of(len(files), sum(file.size_bytes for file in files))

    def _run_in_glue(self, task: GlueTask, given: Mapping[str, str]) -> None:
        job = f"{self.config.aws.job_prefix}{task.job}"
        ended = self._jobs.run(JobRequest(job, given, task.timeout_seconds, self.config.aws.flex))
        self._used.append(ended.usage(region()))
        self._run.write(LINKS, {"load": ended.log(region())})
        require_good(job, ended, region())

    def _handler(self, task: FunctionTask) -> Handler:
        """Return what calls a function in Lambda with an event and whose run it is."""

        def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
            del context
            return self._call(task.function, event, task.timeout_seconds)

        return handler

    def _call(self, function: str, event: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Call a function with an event and whose run it is, and return its answer.

        Raises:
            LakehouseError: what the function has raised.
        """
        whose = {
            "run_id": self._run.run_id,
            "pipeline": self._place.pipeline,
            "lake": self._place.lake.root,
            "fence": self.hold().fence,
        }
        answer = self._functions.call(function, whose | dict(event), seconds)
        self._used.extend(answer.usage(region()))
        return self._functions.require_good(function, answer)

    def _declare(self) -> None:
        """Have Athena know all tables as their contracts are now, before the first query and after a job."""
        if self._is_declared:
            return
        due = self._call("DeclareTables", {}, FUNCTION_SECONDS)
        while due["statements"]:
            for statement in due["statements"]:
                self._athena.run(Statement(statement, "declare a table", DDL_SECONDS))
            is_done = due.get("done", True)
            due = self._call("DeclareTables", {"declared": due["hashes"]}, FUNCTION_SECONDS)
            if is_done:
                break
        self._is_declared = True

    def _rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Row]:
        """Return the rows of a statement as Athena answers it."""
        self._declare()
        text = assertion_statement(sql, parameters or {}, zone=self._place.zone)
        what = f"check {self._table} {self._check}" if self._check else f"look at {self._table}"
        return self._athena.rows(Statement(text, what))

    @contextmanager
    def _metering(self, step: str, table: str = "", check: str = "") -> Iterator[list[Usage]]:
        """Note under a step what is used in this block, however it ends; what it has used is in the list then."""
        before, used = (self._step, self._table, self._check, self._used), list[Usage]()
        self._step, self._table, self._check, self._used = step, table, check, used
        try:
            yield used
        finally:
            self._step, self._table, self._check, self._used = before
            self._use(step, used)

    def _metered(self, query: Query) -> None:
        """Note what a query has used."""
        self._used.append(query.usage(region(), self._table, self._check))


def _statistics(query: Query | None) -> dict[str, int]:
    """Return what a machine would hand on of a query's statistics; nothing where none was run."""
    if query is None:
        return {}
    return {
        "DataScannedInBytes": query.scanned_bytes,
        "EngineExecutionTimeInMillis": round(query.seconds * 1000),
    }
