"""Name the pages of a run's complete slices; a slice that is not complete has no manifest and is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC
from typing import Any

from lakehouse_assets.affise.bronze import manifests
from lakehouse_assets.affise.calls import Call
from lakehouse_assets.affise.notes import SliceManifest
from lakehouse_assets.affise.open_runs import opened
from lakehouse_assets.affise.opening import INTRADAY
from lakehouse_assets.affise.pages import entries
from lakehouse_assets.affise.slices import as_of
from lakehouse_assets.compute.load_engine import LoadEngine
from lakehouse_assets.compute.reports import NotesReport
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.storage.objects import ObjectStore


def pulled(store: ObjectStore, run_ids: Iterable[str]) -> Iterator[SliceManifest]:
    """Yield the complete slices of runs that are open."""
    for run_id in run_ids:
        run = opened(store, run_id)
        for endpoint, day in run.slices if run else ():
            yield from manifests(store, endpoint, day, run_id)


def with_pages(manifest: Manifest, made: Iterable[SliceManifest]) -> Manifest:
    """Return the manifest with the pages of these slices beside what landed."""
    patterns = {name: one.files for name, one in landing_datasets(contracts(manifest.pipeline)).items()}
    return replace(manifest, files=tuple(sorted({*manifest.files, *entries(made, patterns)})))


def told(request: RunRequest, calls: Iterable[Call]) -> NotesReport:
    """Return what a pull has to say: as of when it is, what it asked, what was not right, and what is forgotten."""
    done = list(calls)
    if not done or request.as_of is None:
        return NotesReport()
    moment = request.as_of.astimezone(UTC) if request.pull == INTRADAY else as_of(request.as_of)
    asked, retried, again = (
        sum(getattr(one, name) for one in done) for name in ("requests", "retried", "pulled_again")
    )
    figures = [f"requests {asked:,}"]
    figures += [f"made again {retried:,}"] if retried else []
    figures += [f"slices pulled again until they were counted {again:,}"] if again else []
    lost = [f"{one.what}: the API has forgotten {len(one.forgotten)} hours of them" for one in done if one.forgotten]
    warned = [warning for one in done for warning in one.warnings]
    return NotesReport([f"Pulled as of {moment:%Y-%m-%d %H:%M} UTC: {', '.join(figures)}", *lost, *warned])


def answer(before: Manifest, named: Manifest, key: str, engine: LoadEngine) -> dict[str, Any]:
    """Return the function's answer: where the manifest is, how many pages were named of how many bytes, what loads."""
    pages = {entry.archived: entry.size_bytes for entry in set(named.files) - set(before.files)}
    size = sum(pages.values())
    return {"manifest": key, "pages": len(pages), "bytes": size, "engine": engine.of(len(pages), size)}
