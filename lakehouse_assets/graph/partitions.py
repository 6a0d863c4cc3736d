"""Convert daily partitions: from a range of days to the tags of one run, and back from a run to its days."""

from __future__ import annotations

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from lakehouse_assets.core.request import Window
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.graph.pipeline import Pipeline


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
