"""Say by which technology each table is made where a code location runs: declarations know none, settings do."""

from __future__ import annotations

from collections.abc import Iterable

from lakehouse_assets.settings import Settings
from lakehouse_assets.urls import is_s3

LOAD_ENGINES = {"duckdb": "lambda", "spark": "glue", "auto": "glue"}
"""Maps the engine that loads silver to what runs it on AWS; by `auto` it is Glue unless the load is small."""


def engine_kinds(settings: Settings) -> dict[str, set[str]]:
    """Return the kinds that a table has here by each that it declares: what makes its format, and what holds its files.

    >>> sorted(engine_kinds(Settings(target="aws", lake="s3://bucket"))["deltalake"])
    ['deltalake', 'glue']
    """
    store = {"s3"} if is_s3(settings.lake_root) else {"file"}
    if settings.target == "aws":
        load, models = LOAD_ENGINES[settings.engine], "athena"
    else:
        load, models = "spark" if settings.engine == "spark" else "duckdb", "duckdb"
    return {"deltalake": {"deltalake", load}, "iceberg": {"iceberg", models}, "s3": store}


def kinds_here(kinds: Iterable[str], settings: Settings) -> set[str]:
    """Return the kinds that tables of such declared kinds have in an installation; others stay as they are."""
    known = engine_kinds(settings)
    return {kind for declared in kinds for kind in known.get(declared, {declared})}
