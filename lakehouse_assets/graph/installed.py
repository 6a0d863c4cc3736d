"""Tell of an asset what only an installation knows: technologies, the table's place, and where its code is read.

Assets are declared before any settings are known, so each says only what holds everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.code_places import code_facts, repository_of
from lakehouse_assets.graph.kinds import kinds_here
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    from lakehouse_assets.graph.pipeline import Pipeline


def installed(pipeline: Pipeline, asset: Any, settings: Settings) -> Any:  # noqa: ANN401 - as `Pipeline.of`
    """Return an asset of a pipeline as it is in an installation; checks stay as they are."""
    if isinstance(asset, dg.AssetChecksDefinition):
        return asset
    tables = {md.asset_key(contract): contract for contract in pipeline.contracts.values()}
    repository, root = repository_of(settings), settings.lake_root

    def told(spec: dg.AssetSpec) -> dg.AssetSpec:
        contract = tables.get(spec.key)
        facts: dict[str, object] = code_facts(pipeline.name, contract, repository)
        if contract is not None and contract.layer != "landing":
            facts["location"] = md.place(table_location(contract, root))
        elif contract is not None:
            facts["location"] = md.place(pipeline.landing_in(settings))
        return spec.replace_attributes(kinds=kinds_here(spec.kinds, settings), metadata={**spec.metadata, **facts})

    return told(asset) if isinstance(asset, dg.AssetSpec) else asset.map_asset_specs(told)
