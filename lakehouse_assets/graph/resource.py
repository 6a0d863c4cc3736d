"""Provide the one resource of the assets: the services of a Dagster run, for whichever pipelines the run touches.

It is made when a run starts and closed when the run ends, whatever its end; so each lease is given back then. It has no
configuration: what belongs to the installation comes from the settings and cannot be typed in the launchpad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging import Logger
from typing import Any

import dagster as dg

from lakehouse_assets import interruption
from lakehouse_assets.compute.local import LocalConfig, LocalServices
from lakehouse_assets.compute.reports import FAILURE, failed_step
from lakehouse_assets.compute.services import Services
from lakehouse_assets.engines.connection import limits_of
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import DiskFull, LakehouseError
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.process import note_process
from lakehouse_assets.graph.run_links import say_where
from lakehouse_assets.graph.sentence import step_failure
from lakehouse_assets.progress import Progress, told
from lakehouse_assets.settings import Settings, process_environment
from lakehouse_assets.storage.damage import is_panic
from lakehouse_assets.storage.lake import Lake, lake_of
from lakehouse_assets.storage.landing import Landed, look
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder


class Lakehouse:
    """Hold the services of one Dagster run, by pipeline; each is opened when a step first asks for it.

    Args:
        settings: the installation.
        instance: Dagster's, where the run's process is noted; None outside of a run.
        progress: what the run is doing.
    """

    def __init__(
        self, settings: Settings, instance: dg.DagsterInstance | None = None, progress: Progress | None = None
    ) -> None:
        self._settings, self._instance = settings, instance
        self.progress = progress or Progress()
        self._open: dict[str, Services] = {}
        self._run: dg.DagsterRun | None = None

    def services(self, pipeline: Pipeline, run: dg.DagsterRun) -> Services:
        """Return the services of a pipeline for this run.

        A re-execution from failure goes on in the folder, and with the manifest, of the run that it repeats.
        """
        if pipeline.name not in self._open:
            if self._instance is not None:
                note_process(self._instance, run, pipeline.name, self._settings.lake_root)
            run_id, self._run = run.root_run_id or run.run_id, run
            try:
                self._open[pipeline.name] = open_services(self._settings, pipeline, run_id, self.progress)
            except LakehouseError as error:
                raise step_failure(error) from error
        return self._open[pipeline.name]

    def look(self, pipeline: Pipeline) -> Landed:
        """Look at the landing of a pipeline as it is now.

        Raises:
            StorageUnavailable: it cannot be read.
        """
        return look(pipeline.name, open_store(pipeline.landing_in(self._settings), create=False))

    def close(self) -> None:
        """Close all services; each gives back its pipeline's lease, and the run's log says where more is to be read."""
        for services in self._open.values():
            services.close()
            if self._instance is not None and self._run is not None:
                with suppress(LakehouseError):  # whatever the run's end, it is not this that it ends with
                    say_where(self._instance, self._run, services.run, self._settings)
        self._open.clear()


def lakehouse_resource(settings: Settings, progress: Progress | None = None) -> dg.ResourceDefinition:
    """Return the resource `lakehouse` for these settings, without any configuration; `progress` as in `Lakehouse`."""

    @contextmanager
    def lakehouse(context: dg.InitResourceContext) -> Iterator[Lakehouse]:
        opened = Lakehouse(settings, context.instance, progress)
        try:
            yield opened
        finally:
            opened.close()

    return dg.ResourceDefinition(lakehouse, config_schema={}, description="Services of the run, from the settings.")


def open_services(settings: Settings, pipeline: Pipeline, run_id: str, progress: Progress | None = None) -> Services:
    """Open the services of one run of a pipeline where the settings say, which tell `progress` what they do.

    Raises:
        SettingsInvalid: the lake is not where the services can reach it.
    """
    lake, zone = lake_of(settings), pipeline.zone_in(settings)
    place: dict[str, Any] = {
        "pipeline": pipeline.name,
        "lake": lake,
        "landing": pipeline.landing_in(settings),
        "zone": zone,
        "functions": pipeline.functions,
        "renew_seconds": settings.lease_renew_seconds,
    }
    if settings.target == "aws":
        # What talks to AWS is imported where AWS is the target.
        from lakehouse_assets.compute.aws.services import AwsConfig, AwsServices

        settings.require_aws()
        return AwsServices(AwsConfig(**place, aws=settings.aws, engine=settings.engine), run_id, progress)
    config = LocalConfig(**place, open_engine=_engine_opener(settings, lake, zone), **limits_of(settings))
    return LocalServices(config, run_id, progress)


def _engine_opener(settings: Settings, lake: Lake, zone: str) -> Callable[[], Engine]:
    if settings.engine == "spark":
        return lambda: _open_spark(settings, lake, zone)
    return lambda: DuckEngine(lake, zone=zone, **limits_of(settings))


def _open_spark(settings: Settings, lake: Lake, zone: str) -> Engine:
    """Open a local Spark through dagster-pyspark, with the settings of the Glue job.

    Raises:
        JavaMissing: there is no Java that Spark starts on.
    """
    from lakehouse_assets.engines.spark_session import lean, spark_config, use_java

    use_java(process_environment())
    from dagster_pyspark import LazyPySparkResource

    from lakehouse_assets.engines.spark import SparkEngine

    spark = LazyPySparkResource(spark_config=spark_config(memory=settings.spark_memory, s3=lake.is_in_s3))
    return SparkEngine(lean(spark.spark_session), lake, zone=zone)


@contextmanager
def performing(lakehouse: Lakehouse, services: Services, name: str, log: Logger) -> Iterator[None]:
    """Perform a step: what fails is `reported`, and the log of the run is told every few seconds how far it is."""
    with told(lakehouse.progress, log.info), reported(services.run, name):
        yield


@contextmanager
def reported(folder: RunFolder, step: str) -> Iterator[None]:
    """Keep what failed in the run's folder, and tell Dagster whether a retry may help.

    A later success of the same step clears it; that of another step does not make the failed one good. Once the process
    is asked to end, whatever goes wrong is a consequence of that: the run is interrupted.
    """
    try:
        interruption.check()
        yield
    except (dg.Failure, dg.RetryRequested, dg.DagsterExecutionInterruptedError):
        raise
    except interruption.Interrupted as end:
        raise interrupted() from end
    except BaseException as raised:  # the outer edge of every step: what nobody foresaw is reported too, not retried
        if not isinstance(raised, Exception) and not is_panic(raised):
            raise
        if interruption.requested():
            raise interrupted() from raised
        error = exhausted(raised) or raised
        with suppress(DiskFull):  # then the event alone tells it
            folder.write(FAILURE, failed_step(step, error, datetime.now(UTC)))
        if isinstance(error, LakehouseError):
            raise step_failure(error, links(error)) from error
        raise dg.Failure(f"{type(error).__name__}: {error}", links(error), allow_retries=False) from error
    if (folder.read(FAILURE) or {}).get("step") == step:
        folder.write(FAILURE, {})


def links(error: BaseException) -> dict[str, dg.MetadataValue[Any]]:
    """Return where more is to be read of an error, such as the log of the job that has ended with it."""
    log = getattr(error, "facts", {}).get("log")
    return {"log": dg.MetadataValue.url(log)} if log else {}


def interrupted() -> dg.Failure:
    """Return the failure of a step that was interrupted; of Dagster's own error for that it would make a retry."""
    return dg.Failure(description="interrupted", allow_retries=False)
