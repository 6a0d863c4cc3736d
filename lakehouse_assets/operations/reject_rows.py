"""Read rejected rows, write them to a file for correction, take corrections back, and count what became of them.

The replay itself is elsewhere (`load.retry` reads the rows again in the same job), and so are the commands (`rejects`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.model import Kind
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.formats.csv_strict import strict_reader
from lakehouse_assets.load.control_tables import ControlTable
from lakehouse_assets.sql.rejects import identity, open_where
from lakehouse_assets.storage.lake import Lake

MARKS = ("_file", "_line", "_etag", "_codes")
"""These columns of a correction file say which row it is; the others are columns of landing. The etag tells files of
one name apart and may be left out where there is only one."""
Place = tuple[str, str, str]
"""A place is the file, line and etag of a rejected row."""

ROW_KINDS: tuple[Kind, ...] = ("reader", "row", "reference")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rejects:
    """Read the rejected rows of one pipeline in one lake."""

    pipeline: str
    lake: Lake

    def rows(self, where: str = "TRUE") -> list[dict[str, Any]]:
        """Return the rows that meet a predicate in SQL, ordered by file and line.

        Raises:
            TableMissing: the lake has no table of rejects yet.
        """
        rows = self._side("rejects").read(where).to_pylist()
        return sorted(rows, key=lambda row: (row["file"], row["line"], row["etag"]))

    def open_rows(self, selection: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the open rows of a selection (any of code, file, run)."""
        return self.rows(open_where(dict(selection)))

    def pending(self) -> set[tuple[Any, ...]]:
        """Return the identities of the rows that wait for a parent."""
        return {identity(row) for row in self._side("pending").read().to_pylist()}

    def _side(self, kind: str) -> ControlTable:
        return ControlTable(contracts(self.pipeline)[control_name(self.pipeline, kind)], self.lake)

    def columns(self, datasets: Iterable[str]) -> list[str]:
        """Return the landing columns of these datasets, each once."""
        known = contracts(self.pipeline)
        names = [column.name for dataset in sorted(set(datasets)) for column in known[f"landing.{dataset}"].columns]
        return list(dict.fromkeys(names))

    def codes(self) -> set[str]:
        """Return every code that a rejected row can carry; a code that only warns stands beside one that rejects."""
        known = contracts(self.pipeline).values()
        return {rule.code for contract in known for rule in contract.rules_of(*ROW_KINDS)}


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Count the open and the replayed rows per dataset, file and codes."""
    counts: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["dataset"], row["file"], row["codes"])
        names = dict(zip(("dataset", "file", "codes"), key, strict=True))
        group = counts.setdefault(key, {**names, "open": 0, "replayed": 0})
        group[row["status"]] += 1
    return [counts[key] for key in sorted(counts)]


def to_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return the rows as CSV with their marks and the text of their landing columns, to be corrected and given back."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*MARKS, *columns], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        fields = orjson.loads(row["fields"]) if row["fields"] else {}
        writer.writerow({**fields, **dict(zip(MARKS, (*place(row), row["codes"]), strict=True))})
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
        BadRequest: a row was never rejected, is not told from others of its file name, or comes twice.
    """
    status = {place(row): row["status"] for row in rejects}
    at_line: dict[tuple[str, str], list[Place]] = {}
    for at in status:
        at_line.setdefault(at[:2], []).append(at)
    found: dict[Place, dict[str, str]] = {}
    for row in corrections.rows:
        etag = row.get("_etag")
        meant = [at for at in at_line.get((row["_file"], row["_line"]), []) if etag in {None, "", at[2]}]
        problem = "was never rejected" if not meant else "comes more than once" if meant[0] in found else None
        if len(meant) > 1:
            problem = "is there in several files of this name; say which in `_etag`, as `show --format csv` does"
        if problem:
            raise BadRequest(message=f"--with `{path}`: `{row['_file']}` line {row['_line']} {problem}")
        found[meant[0]] = row
    return {at: row for at, row in found.items() if status[at] == "open" and _says_something(row)}


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
    writer = csv.DictWriter(out, [*MARKS[:3], *columns], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "_etag": at[2]} for at, row in chosen.items())
    return out.getvalue().encode()


def what_became(before: Sequence[Row], still_open: Sequence[Row], pending: set[tuple[Any, ...]]) -> dict[str, int]:
    """Count how many of the replayed rows were accepted, rejected again, and set aside for a parent."""
    again = {identity(row) for row in still_open}
    replayed = [identity(row) for row in before]
    rejected = sum(row in again for row in replayed)
    waiting = sum(row in pending for row in replayed if row not in again)
    return {"accepted": len(replayed) - rejected - waiting, "rejected": rejected, "pending": waiting}
