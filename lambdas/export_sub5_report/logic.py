"""Write rows of the Sub5 report with conversions as CSV: stable bytes, and text that no spreadsheet calculates.

A spreadsheet takes text for a formula that begins with = + - @, a tab or a carriage return. Such text gets an
apostrophe in front, and so does text that begins with an apostrophe; so whoever reads the file takes off one apostrophe
where there is one.
"""

from __future__ import annotations

import csv
import io
import re
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
DATED = re.compile(rf"{FOLDER}-(\d{{4}}-\d\d-\d\d)\.csv")
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
    """Return the days of a report: seven that end with the `date` that is asked for, or with the run's last day.

    So a run over other days, such as a backfill, writes no file that lacks some of them.

    Raises:
        BadRequest: it is no date.
    """
    if event.get("date") is None:
        last = Window.model_validate(event["window"]).end
    else:
        try:
            last = date.fromisoformat(event["date"])
        except ValueError as error:
            raise BadRequest(message=f"`{event['date']}` is no date such as 2026-03-12") from error
    return Window(start=last - timedelta(days=WINDOW_DAYS - 1), end=last)


def export(lake: Lake, pipeline: str, run_id: str, window: Window, *, by_hand: bool) -> dict[str, Any]:
    """Write the report of some days and return where it is, as keys and as a URI, and how many rows and bytes it has.

    Args:
        lake: where the table is.
        pipeline: whose table.
        run_id: names the copy.
        window: its days.
        by_hand: whether somebody asked for its last day; `latest` stays as it is then, and where a later day has a
            report.

    Raises:
        BadRequest: somebody asked for a day after the table's newest one.
        LakehouseError: the table cannot be read, or somebody else writes the report; nothing is half written.
    """
    days, store = _days(lake, pipeline, window), lake.store
    if by_hand and (not days or days[-1] < window.end):
        newest = f"its newest day up to then is {days[-1]}" if days else f"nor of the {WINDOW_DAYS - 1} days before"
        raise BadRequest(message=f"{TABLE} has no row of {window.end}, {newest}")
    rows = _Rows(_batches(lake, pipeline, window))
    copy, dated = f"{FOLDER}-{window.end}-{run_id}.csv", f"{FOLDER}-{window.end}.csv"
    replace(store, copy, lines(rows))
    is_latest = not by_hand and window.end >= _newest(store, window.end)
    for key in (dated, LATEST) if is_latest else (dated,):
        replace(store, key, store.chunks(copy))
    found = {"report": dated, "copy": copy, "location": f"{lake.uri}/{dated}", "is_latest": is_latest}
    lacks = [str(day) for day in window.days if day not in days]
    return found | {"rows": rows.count, "bytes": store.size(copy), "days_without_rows": lacks}


def _newest(store: ObjectStore, day: date) -> date:
    """Return the newest day that has a report, or this one."""
    dated = (DATED.fullmatch(key) for key in store.look(f"{FOLDER.rpartition('/')[0]}/").keys)
    return max([day, *(date.fromisoformat(found[1]) for found in dated if found)])


def _days(lake: Lake, pipeline: str, window: Window) -> list[date]:
    """Return those of the days that have rows in the table, whether with conversions or without, in order."""
    sql = f"SELECT datestamp FROM {{table}} WHERE {_within(window)} GROUP BY datestamp ORDER BY datestamp"
    return [row[0] for batch in _asked(lake, pipeline, sql) for row in batch]


def _batches(lake: Lake, pipeline: str, window: Window) -> Iterator[list[tuple[Any, ...]]]:
    columns = ", ".join(COLUMNS)
    where = f"WHERE conversions_count > 0 AND {_within(window)}"
    return _asked(lake, pipeline, f"SELECT {columns} FROM {{table}} {where} ORDER BY {columns}")


def _within(window: Window) -> str:
    return f"datestamp BETWEEN DATE '{window.start}' AND DATE '{window.end}'"


def _asked(lake: Lake, pipeline: str, sql: str) -> Iterator[list[tuple[Any, ...]]]:
    from lakehouse_assets.engines.query import QueryScope, ask

    table = contracts(pipeline)[f"gold.{TABLE}"]
    scope = QueryScope(lake, {table.catalog_name: table})
    return ask(scope, sql.format(table=table.catalog_name)).batches


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
