"""Write rows of the Sub5 report with conversions as CSV: stable bytes, and text that no spreadsheet calculates.

A spreadsheet takes text for a formula that begins with = + - @, a tab or a carriage return. Such text gets an
apostrophe in front, and so does text that begins with an apostrophe; so whoever reads the file takes off one apostrophe
where there is one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.request import Window
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.lake import Lake
from lakehouse_assets.storage.objects import ObjectStore

TABLE = "daily_report_sub5_output"
FOLDER = "reports/Sub5"
LATEST = f"{FOLDER}-latest.csv"
WINDOW_DAYS = 7
"""How many days the report of one day covers."""
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


def lines(batches: Iterable[Iterable[Iterable[Any]]]) -> Iterator[bytes]:
    """Yield the CSV file, a batch of rows at a time; what is NULL is nothing between its commas."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for batch in batches:
        writer.writerows((harmless(value) if isinstance(value, str) else value for value in row) for row in batch)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def window_of(event: Mapping[str, Any]) -> Window:
    """Return the days of a report: those that end with the `date` that is asked for, else the run's `window`.

    Raises:
        BadRequest: it is no date.
    """
    if event.get("date") is None:
        return Window.model_validate(event["window"])
    try:
        last = date.fromisoformat(event["date"])
    except ValueError as error:
        raise BadRequest(message=f"`{event['date']}` is no date such as 2026-03-12") from error
    return Window(start=last - timedelta(days=WINDOW_DAYS - 1), end=last)


def export(lake: Lake, pipeline: str, run_id: str, window: Window, *, is_latest: bool) -> dict[str, Any]:
    """Write the report of some days and return where it is, as keys and as a URI, and how many rows and bytes it has.

    Args:
        lake: where the table is.
        pipeline: whose table.
        run_id: names the copy.
        window: its days.
        is_latest: whether it takes the place of `latest` too.

    Raises:
        LakehouseError: the table cannot be read, or somebody else writes the report; nothing is half written.
    """
    rows, store = _Rows(_batches(lake, pipeline, window)), lake.store
    copy, dated = f"{FOLDER}-{window.end}-{run_id}.csv", f"{FOLDER}-{window.end}.csv"
    replace(store, copy, lines(rows))
    for key in (dated, LATEST) if is_latest else (dated,):
        replace(store, key, store.chunks(copy))
    found = {"report": dated, "copy": copy, "location": f"{lake.uri}/{dated}"}
    return found | {"rows": rows.count, "bytes": store.size(copy)}


def _batches(lake: Lake, pipeline: str, window: Window) -> Iterator[list[tuple[Any, ...]]]:
    from lakehouse_assets.engines.query import QueryScope, ask

    table, columns = contracts(pipeline)[f"gold.{TABLE}"], ", ".join(COLUMNS)
    sql = (
        f"SELECT {columns} FROM {table.catalog_name} WHERE conversions_count > 0 "
        f"AND datestamp BETWEEN DATE '{window.start}' AND DATE '{window.end}' ORDER BY {columns}"
    )
    return ask(QueryScope(lake, {table.catalog_name: table}), sql).batches


class _Rows:
    """Hand on batches of rows, once, and count the rows."""

    def __init__(self, batches: Iterable[list[tuple[Any, ...]]]) -> None:
        self._batches, self.count = batches, 0

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        for batch in self._batches:
            self.count += len(batch)
            yield batch


def replace(store: ObjectStore, key: str, chunks: Iterable[bytes]) -> None:
    """Write an object in place of the one that is there now, and of no other one.

    Raises:
        PreconditionFailed: somebody else has written it meanwhile.
    """
    found = store.stat(key)
    store.put_chunks(key, chunks, if_absent=found is None, if_match=found.etag if found else None)
