"""Read what `--select` names: gold tables by name, with what they are made of or what is made of them, groups, tags.

A name may be bare, as SQL has it, or as the UI shows it, with `+` before it for the gold tables that it is made of and
behind it for those made of it. Anything else is Dagster's own syntax, as its UI takes it:
https://docs.dagster.io/guides/build/assets/asset-selection-syntax
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakehouse_assets.errors import BadRequest

if TYPE_CHECKING:
    from dagster import AssetKey

    from lakehouse_assets.graph.pipeline import Pipeline

NAMED = re.compile(r"(?P<up>\d*\+)?(?P<name>[\w./]+)(?P<down>\+\d*)?")


def selected_tables(pipeline: Pipeline, texts: Sequence[str]) -> list[AssetKey]:
    """Return the asset keys of the gold tables that are selected by any of the texts, in the order they are built in.

    Raises:
        BadRequest: a text selects no gold table, or is no selection.
        ContractInvalid: the contract or model of a named table is broken.
    """
    from lakehouse_assets.graph.metadata import asset_key

    keys = {key for text in texts for key in _selected(pipeline, text)}
    return [key for contract in pipeline.layer("gold") if (key := asset_key(contract)) in keys]


def _selected(pipeline: Pipeline, text: str) -> set[AssetKey]:
    from lakehouse_assets.graph.metadata import asset_key

    named = NAMED.fullmatch(text)
    if named and not (named["up"] or named["down"]):
        return {_key(pipeline, named["name"], text)}
    if named:
        key = _key(pipeline, named["name"], text)
        found = _resolved(pipeline, f'{named["up"] or ""}key:"{key.to_user_string()}"{named["down"] or ""}', text)
    else:
        found = _resolved(pipeline, text, text)
    gold = found & {asset_key(contract) for contract in pipeline.layer("gold")}
    if not gold:
        raise _none(pipeline, text)
    return gold


def _resolved(pipeline: Pipeline, syntax: str, text: str) -> set[AssetKey]:
    from dagster import AssetsDefinition, AssetSelection, BetaWarning, DagsterError

    assets = [one for one in pipeline.assets if isinstance(one, AssetsDefinition)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BetaWarning)  # of Dagster's own call
            return set(AssetSelection.from_string(syntax).resolve(assets))
    except DagsterError as error:
        raise _none(pipeline, text) from error


def _key(pipeline: Pipeline, name: str, text: str) -> AssetKey:
    from lakehouse_assets.graph.metadata import asset_key

    known, broken = pipeline.layer("gold"), pipeline.gold_models.broken
    label = f"gold.{name.replace('/', '.').rpartition('.')[2]}"
    if label in broken:
        raise broken[label]
    table = next((c for c in known if name in {c.name, c.catalog_name, f"gold/{c.name}"}), None)
    if table is None:
        raise _none(pipeline, text)
    return asset_key(table)


def _none(pipeline: Pipeline, text: str) -> BadRequest:
    there = ", ".join(f"gold/{c.name}" for c in pipeline.layer("gold"))
    return BadRequest(message=f"--select `{text}` is no gold table of `{pipeline.name}`; there are: {there}")
