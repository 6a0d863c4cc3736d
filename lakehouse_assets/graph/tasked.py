"""Attach to assets the task that makes them, for the emitter of state machines, and take it off again for people.

It is attached once an asset is made, not declared with it: Dagster would copy it to the step's outputs, from where it
could not be taken off.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from lakehouse_assets.compute.tasks import TASK_METADATA, Task, to_metadata


def with_task(asset: dg.AssetsDefinition, task: Task) -> dg.AssetsDefinition:
    """Return an asset whose tables carry the task of their step."""
    carried = {TASK_METADATA: dg.MetadataValue.json(to_metadata(task))}
    return asset.map_asset_specs(lambda spec: spec.merge_attributes(metadata=carried))


def without_task(asset: Any) -> Any:  # noqa: ANN401 - an asset, a check or an external asset
    """Return an asset without its task, which is JSON that says nothing to people; others stay as they are."""
    if not isinstance(asset, dg.AssetsDefinition) or isinstance(asset, dg.AssetChecksDefinition):
        return asset
    return asset.map_asset_specs(
        lambda spec: spec.replace_attributes(
            metadata={name: value for name, value in spec.metadata.items() if name != TASK_METADATA}
        )
    )
