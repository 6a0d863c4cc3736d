"""Say by which technology each table is made where a code location runs: declarations know none, settings do."""

from __future__ import annotations

from typing import Any

import dagster as dg

from lakehouse_assets.settings import Settings

LOAD_ENGINES = {"duckdb": "lambda", "spark": "glue", "auto": "glue"}
"""Maps the engine that loads silver to what runs it on AWS; by `auto` it is Glue unless the load is small."""


def engine_kinds(settings: Settings) -> dict[str, str]:
    """Return what makes the tables of a format: the engine of the load, and that of the models.

    >>> engine_kinds(Settings(target="aws", lake="s3://bucket"))
    {'deltalake': 'glue', 'iceberg': 'athena'}
    """
    if settings.target == "aws":
        return {"deltalake": LOAD_ENGINES[settings.engine], "iceberg": "athena"}
    return {"deltalake": "spark" if settings.engine == "spark" else "duckdb", "iceberg": "duckdb"}


def with_engine(asset: Any, settings: Settings) -> Any:  # noqa: ANN401 - as `Pipeline.of`
    """Return an asset whose tables say what makes them; checks, external assets and other assets stay as they are."""
    if not isinstance(asset, dg.AssetsDefinition) or isinstance(asset, dg.AssetChecksDefinition):
        return asset
    known = engine_kinds(settings)

    def named(spec: dg.AssetSpec) -> dg.AssetSpec:
        own = {known[kind] for kind in spec.kinds if kind in known}
        return spec.replace_attributes(kinds={*spec.kinds, *own}) if own else spec

    return asset.map_asset_specs(named)
