"""Make the landing sensor, which starts a run for exactly the files that have landed.

Belongs here: asking landing and the run history, and answering Dagster. Not here: the decision (`core/arrivals.py`).
The sensor reports no materialization of the landing assets: the plan step does, for whoever started the run.
A store that does not answer, and a bucket that is not there, fail the tick, so that it shows; a folder that is not
there is a reason to skip, since a new installation has none. Each tick first ends what a killed process left behind.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from lakehouse_assets.core.arrivals import Cursor, LandingSnapshot, Offer, decide
from lakehouse_assets.graph.abandoned import fail_abandoned
from lakehouse_assets.graph.landing_checks import news_of_landing
from lakehouse_assets.graph.partitions import range_tags
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.process import PIPELINE_TAG
from lakehouse_assets.graph.sensor_memory import recall, remember
from lakehouse_assets.graph.sentence import one_sentence
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import lake_of
from lakehouse_assets.storage.landing import look
from lakehouse_assets.storage.opening import no_bucket, open_store
from lakehouse_assets.storage.watch import give_back
from lakehouse_assets.urls import is_s3

OFFER_TAG = "lakehouse/offer"
"""Names the tag with the run key; a re-execution keeps it, which it does not do with Dagster's own tag."""

ON, OFF = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED
INTERVAL_SECONDS = 30
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
GOING_ON = [status for status in dg.DagsterRunStatus if status not in ENDED]


def landing_sensor(pipeline: Pipeline, job: Job, settings: Settings) -> dg.SensorDefinition:
    """Return the sensor on a pipeline's landing, which starts the job for what lands."""
    # One store for all ticks: it knows the etags of files that did not change.
    where = pipeline.landing_in(settings)
    store = open_store(where, create=False)
    lake = lake_of(settings)

    @dg.sensor(
        name=f"{pipeline.name}_landing",
        job=job,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=ON if settings.scheduler == "dagster" else OFF,
        description=f"Starts {pipeline.name} for new files in landing; a failed list of files is tried 3 times more.",
    )
    @one_sentence()
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        fail_abandoned(context.instance, pipeline.name, lake)
        back = give_back(pipeline.name, lake.store, store) if lake.exists else []
        if back:
            context.log.info(
                "back in landing, since they were written on after they were archived: %s", ", ".join(back)
            )
        if not store.exists:
            if is_s3(where):
                raise no_bucket(where)
            return dg.SensorResult(skip_reason=f"landing `{where}` is no folder (yet)", cursor=context.cursor)
        found = look(pipeline.name, store)
        seen = LandingSnapshot(found.entries, datetime.now(UTC), settings.quiet_seconds, left_alone=found.left_alone)
        cursor = recall(context.cursor, lake)
        decision = decide(seen, cursor, under_way(context.instance, cursor))
        text = remember(decision.cursor, context.cursor, pipeline.name, lake)
        if decision.offer is None:
            told = news_of_landing(context.instance, pipeline, decision.stays)
            return dg.SensorResult(skip_reason=decision.reason, cursor=text, asset_events=told)
        context.log.info(decision.reason)
        return dg.SensorResult(run_requests=[run_request(pipeline, decision.offer)], cursor=text)

    return sensor


def under_way(instance: dg.DagsterInstance, cursor: Cursor) -> Collection[str]:
    """Return the run keys of the cursor's offers whose runs go on."""
    keys = [offer.key for offer in cursor.offers]
    if not keys:
        return set()
    runs = instance.get_runs(dg.RunsFilter(tags={OFFER_TAG: keys}, statuses=GOING_ON))
    return {run.tags[OFFER_TAG] for run in runs}


def run_request(pipeline: Pipeline, offer: Offer) -> dg.RunRequest:
    """Return a run of exactly these files; over its usual days, where the pipeline has daily partitions."""
    config: dict[str, Any] = {"ops": {pipeline.plan_op: {"config": {"files": offer.pairs}}}}
    tags = {PIPELINE_TAG: pipeline.name, OFFER_TAG: offer.key, "lakehouse/attempt": str(offer.attempt)}
    days = range_tags(pipeline, pipeline.usual_window(datetime.now(UTC)))
    return dg.RunRequest(run_key=offer.key, run_config=config, tags=tags | days)
