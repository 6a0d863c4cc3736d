"""Convert daily partitions: from a range of days to the tags of one run, and back from a run to its days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from lakehouse_assets.core.request import Window
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.graph.pipeline import Pipeline

OF_THE_TABLE = ("preview", "dagster/column_lineage", "sql")
"""Names the metadata that is large and is of a table as it is, not of a day."""


def range_tags(pipeline: Pipeline, window: Window | None) -> dict[str, str]:
    """Return tags that make one run out of a range of days; none for a pipeline that works on files.

    Raises:
        BadRequest: a day of the window is no partition; Dagster would quietly leave such days out.
    """
    if window is None or pipeline.days is None:
        return {}
    if window.start < pipeline.days.first:
        first = f"the first day of `{pipeline.name}` is {pipeline.days.first}"
        raise BadRequest(message=f"window begins on {window.start}, and {first}")
    return {
        ASSET_PARTITION_RANGE_START_TAG: window.start.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: window.end.isoformat(),
    }


def window_of(context: dg.AssetExecutionContext) -> Window | None:
    """Return the days that a run was started for in Dagster, by partition or by a range of partitions; None without.

    A run that touches several pipelines may have days that only some of their assets know.
    """
    has_days = context.has_partition_key_range or context.has_partition_key
    if not has_days or context.assets_def.partitions_def is None:
        return None
    keys = context.partition_key_range
    return Window.model_validate({"start": keys.start, "end": keys.end})


def materialized(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    metadata: dict[str, Any],
    check_results: Iterable[dg.AssetCheckResult] = (),
) -> dg.MaterializeResult[Any]:
    """Return the result of a table, with what belongs to each of the run's days and what only to the last one."""
    told = each_day(context, key, metadata)
    return dg.MaterializeResult(asset_key=key, metadata=told, check_results=list(check_results))


def each_day(context: dg.AssetExecutionContext, key: dg.AssetKey, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what the materialization of each of a run's days says; what is of the whole table only the last one does.

    Dagster notes one materialization for each day with all that is said, 20 kB and more, of twenty tables and seven
    days. The last one is what the table's page shows. A run without days has one, which says everything.
    """
    window = window_of(context)
    if window is None:
        return metadata
    of_table = {name: metadata[name] for name in OF_THE_TABLE if name in metadata}
    if of_table:
        context.add_asset_metadata(of_table, asset_key=key, partition_key=window.end.isoformat())
    return {name: value for name, value in metadata.items() if name not in of_table}
