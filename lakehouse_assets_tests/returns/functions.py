"""Pull pages of scans before the load, and export the report after gold: the functions of the returns pipeline.

Each is what a Lambda of its name runs. The API's address is the function's own setting, RETURNS_API.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import requests

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.request import Window
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.errors import StorageUnavailable
from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.runs import RunFolder

TIMEOUT_SECONDS = 10
REPORT = """
SELECT "date", region, returns, scanned, refund FROM returns_gold.region_returns
WHERE "date" BETWEEN DATE '{start}' AND DATE '{end}' ORDER BY "date", region
"""


@fenced
def pull_scans(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Pull every page of the window's days into bronze, and answer the manifest that names them beside what landed."""
    lake = open_lake(event["lake"])
    manifest = Manifest.from_dict(json.loads(lake.store.read(event["manifest"])))
    days = Window.model_validate(event["window"]).days
    pages = [page for day in days for page in _pages_of(day, manifest, lake)]
    pulled = replace(manifest, files=tuple(sorted((*manifest.files, *pages))))
    folder = RunFolder(lake.store, manifest.pipeline, manifest.run_id)
    folder.write("pulled", pulled.to_dict())
    return {"manifest": folder.key_of("pulled"), "pages": len(pages), "bytes": sum(page.size_bytes for page in pages)}


def _pages_of(day: date, manifest: Manifest, lake: Lake) -> Iterator[FileEntry]:
    """Yield the pages of one day, each kept in bronze before the next one is asked for."""
    number: int | None = 1
    while number is not None:
        answer = _page(day, number)
        key = f"bronze/{manifest.pipeline}/scans/{day}/{manifest.run_id}/{number}.json"
        etag = lake.store.put(key, answer.content)
        name = f"scans/{day}-{number}.json"
        yield FileEntry("scans", name, etag, len(answer.content), manifest.as_of, archived=key)
        number = answer.json()["next"]


def _page(day: date, number: int) -> requests.Response:
    """Ask the API for one page.

    Raises:
        StorageUnavailable: it cannot be reached, or answers with an error.
    """
    address = os.environ.get("RETURNS_API", "http://127.0.0.1:8400")
    asked = {"day": day.isoformat(), "page": str(number)}
    try:
        answer = requests.get(f"{address}/scans", params=asked, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise StorageUnavailable(store=address, problem=f"no scans of {day} ({type(error).__name__})") from error
    return answer


@fenced
def export_returns(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Write the window's days by region as a CSV file, named by its last day."""
    lake, window = open_lake(event["lake"]), Window.model_validate(event["window"])
    tables = {c.catalog_name: c for c in contracts("returns").values() if c.layer == "gold"}
    answer = ask(QueryScope(lake, tables), REPORT.format(start=window.start, end=window.end))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    rows = [row for batch in answer.batches for row in batch]
    writer.writerows(rows)
    key = f"reports/Returns-{window.end}.csv"
    lake.store.put(key, out.getvalue().encode())
    return {"report": key, "rows": len(rows)}
