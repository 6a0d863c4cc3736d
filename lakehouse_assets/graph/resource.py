"""The one resource of the assets: the services of this run, behind the compute Protocols.

It is created when a run starts and closed when the run ends, whatever its end; so the lease is given back then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from lakehouse_assets.compute.local import Handler, LocalConfig, LocalServices
from lakehouse_assets.compute.tasks import FunctionTask
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import Transient
from lakehouse_assets.graph.process import note_process
from lakehouse_assets.settings import process_environment
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.runs import RunFolder


class LakehouseResource(dg.ConfigurableResource[Any]):
    """Services of one pipeline's run.

    Attributes:
        pipeline: name of the pipeline, also of its lease.
        lake, landing: absolute folders.
        engine: duckdb or spark.
        zone, memory, threads, spark_memory, renew_seconds: see `settings.Settings`.
    """

    pipeline: str
    lake: str
    landing: str
    engine: str = "duckdb"
    zone: str = "UTC"
    memory: str = "800MB"
    threads: int = 0
    spark_memory: str = "3g"
    renew_seconds: float = 30.0

    _services: LocalServices | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[LakehouseResource]:
        """Open the services for the length of a run."""
        if context.instance and context.run:
            note_process(context.instance, context.run, self.pipeline, self.lake)
        self._services = self.open()
        try:
            yield self
        finally:
            self._services.close()

    def open(self) -> LocalServices:
        """Services outside of a run (sensors, tests)."""
        config = LocalConfig(
            lake=open_lake(self.lake),
            landing=self.landing,
            pipeline=self.pipeline,
            zone=self.zone,
            memory=self.memory,
            threads=self.threads or None,
            open_engine=self._engine_opener(),
            renew_seconds=self.renew_seconds,
        )
        return LocalServices(config, handlers())

    @property
    def services(self) -> LocalServices:
        """The services of the run that is going on."""
        if self._services is None:
            self._services = self.open()
        return self._services

    def _engine_opener(self) -> Callable[[], Engine]:
        if self.engine == "spark":
            return self._open_spark
        return lambda: DuckEngine(
            open_lake(self.lake), zone=self.zone, memory=self.memory, threads=self.threads or None
        )

    def _open_spark(self) -> Engine:
        """A local Spark through dagster-pyspark, with the settings of the Glue job.

        Raises:
            JavaMissing: there is no Java that Spark starts on.
        """
        from lakehouse_assets.engines.spark_session import spark_config, use_java

        use_java(process_environment())
        from dagster_pyspark import LazyPySparkResource

        from lakehouse_assets.engines.spark import SparkEngine

        spark = LazyPySparkResource(spark_config=spark_config(memory=self.spark_memory))
        return SparkEngine(spark.spark_session, open_lake(self.lake), zone=self.zone)


def handlers() -> dict[str, Handler]:
    """Lambda functions by name, called in this process."""
    from lambdas.moves3objects.handler import handler as moves3objects
    from lambdas.planrun.handler import handler as planrun

    return {"Moves3Objects": moves3objects, "PlanRun": planrun}


def run_id_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext) -> str:
    """The run's id in the lake: a re-execution from failure goes on with the manifest of the run it repeats."""
    return context.run.root_run_id or context.run.run_id


def invoked(services: LocalServices, task: FunctionTask, run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A function's answer, and what the UI shows of the call: duration, and that no engine but Python was needed."""
    started = time.perf_counter()
    answer = services.invoke(task, run_id)
    return answer, {"seconds": round(time.perf_counter() - started, 3), "engine": "python"}


@contextmanager
def reported(folder: RunFolder, step: str) -> Iterator[None]:
    """Keep what failed in the run's folder, and tell Dagster whether a retry may help; a later success clears it."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested, dg.DagsterExecutionInterruptedError):
        raise
    except Exception as error:  # the outer edge of every step: what nobody foresaw is reported too, and not retried
        kind = type(error).__name__
        folder.write("failure", {"step": step, "error": kind, "message": str(error), "at": datetime.now(UTC)})
        raise dg.Failure(description=f"{kind}: {error}", allow_retries=isinstance(error, Transient)) from error
    if folder.read("failure"):
        folder.write("failure", {})
