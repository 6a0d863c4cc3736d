"""Write rejected rows to a CSV file in which people correct them, and read the corrections that they give back.

Not here: the rows themselves (`reject_rows`), and the load's reading of corrected text (`load.retry`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.formats.csv_strict import strict_reader

PLACE = ("_file", "_line", "_etag")
MARKS = (*PLACE, "_codes", "_raw")
"""These columns of a correction file say which row it is and how it stands in its file; the others are columns of
landing, which are read. The etag tells files of one name apart and may be left out where there is only one."""
Place = tuple[str, str, str]
"""A place is the file, line and etag of a rejected row."""
Row = Mapping[str, Any]


def to_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return the rows as CSV with their marks and the text of their landing columns, to be corrected and given back.

    A malformed row has no text by column; it is taken from `_raw` by whoever corrects it.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*MARKS, *columns], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        fields = orjson.loads(row["fields"]) if row["fields"] else {}
        writer.writerow({**fields, **dict(zip(MARKS, (*place(row), row["codes"], row["raw"]), strict=True))})
    return out.getvalue()


@dataclass(frozen=True)
class Corrections:
    """Hold the header and rows of a correction file, in order."""

    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def place(row: Row) -> Place:
    """Return where a rejected row stands: its file, line and etag."""
    return row["file"], str(row["line"]), row["etag"]


def read_corrections(path: Path, columns: Sequence[str]) -> Corrections:
    """Read a correction file as `to_csv` writes it.

    Args:
        path: the file.
        columns: landing columns that there are.

    Raises:
        BadRequest: it cannot be read, is no CSV, lacks a mark, or has a column that landing does not know.
    """
    try:
        reader = strict_reader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
        header, *records = [record for record in reader if record] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(message=f"--with `{path}` cannot be read as CSV: {error}") from error
    missing = [name for name in MARKS[:2] if name not in header]
    unknown = [name for name in header if name not in {*MARKS, *columns}]
    if missing or unknown:
        problem = f"lacks {' and '.join(missing)}" if missing else f"has unknown columns {', '.join(unknown)}"
        raise BadRequest(message=f"--with `{path}` {problem}; `lakehouse rejects show --format csv` writes such a file")
    uneven = [number for number, record in enumerate(records, start=1) if len(record) != len(header)]
    if uneven:
        raise BadRequest(message=f"--with `{path}`: record {uneven[0]} has not the {len(header)} fields of the header")
    return Corrections(tuple(header), tuple(dict(zip(header, record, strict=True)) for record in records))


def choose(corrections: Corrections, rejects: Sequence[Row], path: Path) -> dict[Place, dict[str, str]]:
    """Return the corrections of open rows, by place; those of rows replayed before and empty ones are left out.

    Raises:
        BadRequest: a row was never rejected, is not told from others of its file name, comes twice, or is corrected in
            `_raw`.
    """
    held = {place(row): row for row in rejects}
    at_line: dict[tuple[str, str], list[Place]] = {}
    for at in held:
        at_line.setdefault(at[:2], []).append(at)
    found: dict[Place, dict[str, str]] = {}
    for row in corrections.rows:
        etag = row.get("_etag")
        meant = [at for at in at_line.get((row["_file"], row["_line"]), []) if etag in {None, "", at[2]}]
        problem = _problem(meant, found) or _unread(row, held[meant[0]])
        if problem:
            raise BadRequest(message=f"--with `{path}`: `{row['_file']}` line {row['_line']} {problem}")
        found[meant[0]] = row
    return {at: row for at, row in found.items() if held[at]["status"] == "open" and _says_something(row)}


def _problem(meant: Sequence[Place], found: Collection[Place]) -> str | None:
    """Say why a correction does not name one rejected row that was not corrected before."""
    if not meant:
        return "was never rejected"
    if len(meant) > 1:
        return "is there in several files of this name; say which in `_etag`, as `show --format csv` does"
    return "comes more than once" if meant[0] in found else None


def _unread(row: Mapping[str, str], reject: Row) -> str | None:
    """Say what is wrong with a correction that was written into `_raw`, which is there to be looked at."""
    was, now = (text.replace("\r\n", "\n") for text in (reject.get("raw") or "", row.get("_raw") or ""))
    if not now or now == was or _says_something(row):
        return None
    return "is corrected in `_raw`, which is not read; write each value into its column"


def _says_something(row: Mapping[str, str]) -> bool:
    """Say whether a row holds any correction; a malformed row, which has no text by column, may come back all empty."""
    return any(value for name, value in row.items() if name not in MARKS)


def corrected_csv(chosen: Mapping[Place, Mapping[str, str]], columns: Sequence[str], path: Path) -> bytes:
    """Return the corrections as CSV that the load reads: the place and all landing columns.

    Raises:
        BadRequest: a column is not there; an empty value would take its place.
    """
    lacking = [name for row in chosen.values() for name in columns if name not in row]
    if lacking:
        raise BadRequest(message=f"--with `{path}` lacks the column {lacking[0]}; `show --format csv` writes them all")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*PLACE, *columns], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "_etag": at[2]} for at, row in chosen.items())
    return out.getvalue().encode()
