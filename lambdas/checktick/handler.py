"""Lambda `CheckTick` asks some time after a tick whether its run has come, and tells people when it has not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from lakehouse_assets.compute.metrics import NAMESPACE
from lakehouse_assets.compute.missed_ticks import message
from lakehouse_assets.compute.recording import entries
from lakehouse_assets.compute.telling import open_topic
from lakehouse_assets.core.ticks import tick_key
from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.landing import landed
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store
from lambdas.checktick.logic import asked, missed


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Look for the run of a tick; answer in `missed` what is missing, null where nothing is.

    The event holds `pipeline`, `job` and `schedule`, `asked_at` (ISO moment) and `minutes` (how long before that the
    tick was), and `lake` (URI). A run that goes on may have begun late; so may one that waits for another one.
    With `landing` (URI) in place of a tick it measures how old the oldest file there is, also when nothing runs.

    Raises:
        LakehouseError: people could not be told; the message is kept and told by whoever comes next.
    """
    if "landing" in event:
        return {"oldest_seconds": _landed(event["pipeline"], event["landing"])}
    of, store = asked(event), open_store(event["lake"], create=False)
    claim = _claim(store, tick_key(of.job, of.tick))
    found = (entry for _, entry in entries(store, of.pipeline, of.tick))
    sentence = missed(of, claim, found)
    _measure(of.pipeline, "TicksMissed", float(sentence is not None), "Count")
    topic = open_topic(store)
    topic.deliver_kept(of.pipeline)
    if sentence is not None:
        topic.publish(message(of, sentence))
    topic.require_delivered()
    return {"missed": sentence}


def _claim(store: ObjectStore, key: str) -> dict[str, Any] | None:
    """Return who has taken a tick, where somebody has."""
    try:
        found: dict[str, Any] = orjson.loads(store.read(key))
    except ObjectMissing:
        return None
    return found


def _landed(pipeline: str, landing: str) -> float:
    """Put the age of the oldest file in a pipeline's landing, and return it in seconds."""
    times = [entry.modified for entry in landed(pipeline, open_store(landing, create=False))]
    age = max((datetime.now(UTC) - min(times)).total_seconds(), 0.0) if times else 0.0
    _measure(pipeline, "OldestLandedSeconds", age, "Seconds")
    return age


def _measure(pipeline: str, name: str, value: float, unit: str) -> None:
    """Put a number that an alarm looks at."""
    dimensions = [{"Name": "Pipeline", "Value": pipeline}]
    metric = {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}
    client_of("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[metric])
