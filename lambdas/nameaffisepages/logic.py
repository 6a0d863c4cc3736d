"""Name the pages of a run's complete slices; a slice that is not complete has no manifest and is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from lakehouse_assets.affise.bronze import SliceManifest, manifests
from lakehouse_assets.affise.pages import entries
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.storage.objects import ObjectStore


def pulled(
    store: ObjectStore, run_id: str, today: date, lists: Iterable[str], slices: Iterable[Mapping[str, Any]]
) -> Iterator[SliceManifest]:
    """Yield the complete slices of a run.

    Args:
        store: the lake's.
        run_id: of the run.
        today: the UTC day of its clock, which its lists are of.
        lists: names of the endpoints of lists.
        slices: `endpoint` and `day` of each planned slice.
    """
    days = [(one["endpoint"], date.fromisoformat(one["day"])) for one in slices]
    for endpoint, day in (*((name, today) for name in lists), *days):
        yield from manifests(store, endpoint, day, run_id)


def with_pages(manifest: Manifest, made: Iterable[SliceManifest]) -> Manifest:
    """Return the manifest with the pages of these slices beside what landed."""
    patterns = {name: one.files for name, one in landing_datasets(contracts(manifest.pipeline)).items()}
    return replace(manifest, files=tuple(sorted({*manifest.files, *entries(made, patterns)})))


def answer(before: Manifest, named: Manifest, key: str) -> dict[str, Any]:
    """Return the function's answer: where the manifest is, and how many pages were named of how many bytes."""
    pages = {entry.archived: entry.size_bytes for entry in set(named.files) - set(before.files)}
    return {"manifest": key, "pages": len(pages), "bytes": sum(pages.values())}
