"""Write rows of the Sub5 report with conversions as CSV: stable bytes, and text that no spreadsheet calculates.

A spreadsheet takes text for a formula that begins with = + - @, a tab or a carriage return. Such text gets an
apostrophe in front, and so does text that begins with an apostrophe; so whoever reads the file takes off one apostrophe
where there is one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.request import Window
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.objects import ObjectStore

TABLE = "daily_report_sub5_output"
COLUMNS = (
    "datestamp", "affiliate_id", "affiliate_name", "affiliate_manager", "advertiser_name", "account_manager",
    "offer_title", "offer_id", "country", "sub5", "sub6", "click_count", "host_count", "approved_revenue",
    "conversions_count",
)  # fmt: skip
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "'")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("'quoted"), harmless("plain")
    ("'=1+1", "''quoted", 'plain')
    """
    return f"'{text}" if text.startswith(DANGEROUS) else text


def lines(rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Yield the CSV file, a row at a time; what is NULL is nothing between its commas."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(harmless(value) if isinstance(value, str) else value for value in row)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def export(lake: Lake, pipeline: str, run_id: str, window: Window) -> dict[str, Any]:
    """Write the report of some days and return where it is and how many rows it has."""
    from lakehouse_assets.engines.query import QueryScope, ask

    table = contracts(pipeline)[f"gold.{TABLE}"]
    columns = ", ".join(COLUMNS)
    sql = (
        f"SELECT {columns} FROM {table.catalog_name} WHERE conversions_count > 0 "
        f"AND datestamp BETWEEN DATE '{window.start}' AND DATE '{window.end}' ORDER BY {columns}"
    )
    count = 0

    def counted() -> Iterator[Iterable[Any]]:
        nonlocal count
        for batch in ask(QueryScope(lake, {table.catalog_name: table}), sql).batches:
            for row in batch:
                count += 1
                yield row

    content = b"".join(lines(counted()))
    keys = [f"reports/Sub5-{window.end}-{run_id}.csv", f"reports/Sub5-{window.end}.csv", "reports/Sub5-latest.csv"]
    for key in keys:
        replace(lake.store, key, content)
    return {"report": keys[1], "copy": keys[0], "rows": count, "bytes": len(content)}


def replace(store: ObjectStore, key: str, content: bytes) -> None:
    """Write an object in place of the one that is there now, and of no other one.

    Raises:
        PreconditionFailed: somebody else has written it meanwhile.
    """
    found = store.stat(key)
    store.put(key, content, if_absent=found is None, if_match=found.etag if found else None)
