"""Say what the alarms look at: a few numbers for each run that ended, as CloudWatch takes them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

from lakehouse_assets.compute.reports import RunReport
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.landing import look
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder

NAMESPACE = "Lakehouse"


def metrics_of(report: RunReport, oldest_landed: datetime | None, now: datetime) -> list[dict[str, Any]]:
    """Return the numbers of one run, by pipeline: ended well or not, share of rejects, age of the oldest landed file.

    Args:
        report: of the run.
        oldest_landed: time of the oldest file that is still in landing; None for an empty landing.
        now: UTC.
    """
    read = sum(counts.read + counts.retried for counts in report.tables.values())
    rejected = sum(counts.rejected for counts in report.tables.values())
    is_failed = report.status == "failed"
    age = max((now - oldest_landed).total_seconds(), 0.0) if oldest_landed else 0.0
    return [
        _metric(report, "RunsSucceeded", int(not is_failed), "Count"),
        _metric(report, "RunsFailed", int(is_failed), "Count"),
        _metric(report, "RejectRatio", 100.0 * rejected / read if read else 0.0, "Percent"),
        _metric(report, "OldestLandedSeconds", age, "Seconds"),
    ]


def _metric(report: RunReport, name: str, value: float, unit: str) -> dict[str, Any]:
    dimensions = [{"Name": "Pipeline", "Value": report.pipeline}]
    return {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}


def put_metrics(metrics: list[dict[str, Any]]) -> None:
    """Give numbers to CloudWatch, in the region of the process."""
    from lakehouse_assets.storage.aws import client_of
    from lakehouse_assets.storage.service_errors import answering

    with answering("cloudwatch", "CloudWatch"):
        client_of("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=metrics)


def tell_metrics(folder: RunFolder, lake: Lake, report: RunReport) -> None:
    """Give the numbers of a run to CloudWatch; one that is recorded is none the worse for a service that is away."""
    try:
        put_metrics(metrics_of(report, oldest_landed(folder, lake), datetime.now(UTC)))
    except LakehouseError as error:
        sys.stdout.write(f"lakehouse: no metrics of run {report.run_id}, {error}\n")


def oldest_landed(folder: RunFolder, lake: Lake) -> datetime | None:
    """Return the time of the oldest file that is in the run's landing now; None for an empty one, or without a plan."""
    planned = folder.read("manifest")
    if planned is None:
        return None
    landing = open_store(lake.resolve(planned["landing"]), create=False)
    times = [entry.modified for entry in look(folder.pipeline, landing).entries]
    return min(times).astimezone(UTC) if times else None
