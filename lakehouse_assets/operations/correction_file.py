"""Write rejected rows to a CSV file in which people correct them, and read the corrections that they give back.

Rows are many: they come and go one after the other, and which reject a correction means is asked of an engine. Not
here: the rows themselves (`reject_rows`), and the load's reading of corrected text (`load.retry`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.batches import in_batches
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.formats.csv_strict import allow_long_fields, strict_reader
from lakehouse_assets.load.retry import MARKS as PLACE
from lakehouse_assets.operations.reject_rows import rows_of
from lakehouse_assets.sql import fixes

if TYPE_CHECKING:
    import pyarrow as pa

MARKS = (*PLACE, "_codes", "_raw")
"""These columns of a correction file say which row it is and how it stands in its file; the others are columns of
landing, which are read. The etag tells files of one name apart and may be left out where there is only one."""
WRITTEN = ("file", "line", "etag", "codes", "raw")
"""Names the columns of a reject that the marks hold."""
MALFORMED = "row_malformed"
"""Names the code of a record that is no CSV, which has no text by column."""
BATCH_ROWS = 5_000
"""How many rows are held in memory."""
Row = Mapping[str, Any]


def to_csv(rows: Iterable[Row], columns: Sequence[str], known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the rows as pieces of a CSV file with their marks and the text of their landing columns, to be corrected.

    A malformed row has no text by column; it comes with what can be read of it, and whoever corrects it sees in `_raw`
    how it stands in its file.

    Args:
        rows: rejects, with `dataset` and `fields` beside what the marks hold.
        columns: those of all datasets that the rows are of.
        known: the columns of each dataset whose records are lines of CSV, in the order of its contract.
    """
    return _csv([*MARKS, *columns], (_written(row, known) for row in rows))


def _written(row: Row, known: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    fields = orjson.loads(row["fields"]) if row["fields"] else guessed(row["raw"], known.get(row["dataset"], ()))
    return {**fields, **{mark: row[name] for mark, name in zip(MARKS, WRITTEN, strict=True)}}


def guessed(raw: str, columns: Sequence[str]) -> dict[str, str]:
    """Return what can be read of a record that is no CSV, by column; nothing where it has no comma.

    >>> guessed('8,"900"x,9,more', ("id", "order", "user"))
    {'id': '8', 'order': '900x', 'user': '9'}
    """
    allow_long_fields()
    fields = next(csv.reader(io.StringIO(raw, newline="")), [])
    return dict(zip(columns, fields, strict=False)) if len(fields) > 1 else {}


def _csv(header: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for some in in_batches(rows, BATCH_ROWS):
        writer.writerows(some)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


@contextmanager
def _records(path: Path) -> Iterator[Iterator[list[str]]]:
    """Open a correction file and give its records, the header first; empty lines are passed over.

    Raises:
        BadRequest: it cannot be read, or is no CSV.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield (record for record in strict_reader(text) if record)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(message=f"--with `{path}` cannot be read as CSV: {error}") from error


def read_header(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the header of a correction file as `to_csv` writes it.

    Args:
        path: the file.
        columns: landing columns that there are.

    Raises:
        BadRequest: it cannot be read, is no CSV, lacks a mark, or has a column that landing does not know.
    """
    with _records(path) as records:
        header = tuple(next(records, ()))
    missing = [name for name in MARKS[:2] if name not in header]
    unknown = [name for name in header if name not in {*MARKS, *columns}]
    if missing or unknown:
        problem = f"lacks {' and '.join(missing)}" if missing else f"has unknown columns {', '.join(unknown)}"
        raise BadRequest(message=f"--with `{path}` {problem}; `lakehouse rejects show --format csv` writes such a file")
    return header


@dataclass(frozen=True)
class Fixes:
    """Read the rows of a correction file, whatever batches it is given; see `protocol.BatchMapper`.

    Attributes:
        path: the file.
        header: what `read_header` returned for it.
        known: as for `to_csv`.
    """

    path: Path
    header: tuple[str, ...]
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def schema(self) -> pa.Schema:
        """Return the columns of relation `__fixes`, see `sql.fixes`."""
        import pyarrow as pa

        texts = [(name, pa.string()) for name in ("file", "line", "etag", "raw", "fields")]
        return pa.schema([("_row", pa.int64()), ("says", pa.bool_()), *texts])

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the file.

        Raises:
            BadRequest: it is no CSV, or a record has not the fields of the header.
        """
        import pyarrow as pa

        for _ in batches:
            pass
        with _records(self.path) as records:
            next(records, None)
            for some in in_batches(enumerate(records, start=1), BATCH_ROWS):
                yield pa.RecordBatch.from_pylist([self._row(*each) for each in some], self.schema)

    def _row(self, number: int, record: Sequence[str]) -> dict[str, Any]:
        if len(record) != len(self.header):
            fields = f"record {number} has not the {len(self.header)} fields of the header"
            raise BadRequest(message=f"--with `{self.path}`: {fields}")
        found = dict(zip(self.header, record, strict=True))
        texts = {name: value for name, value in found.items() if name not in MARKS}
        return {
            "_row": number,
            "says": self._says(texts, found),
            "file": found["_file"],
            "line": found["_line"],
            "etag": found.get("_etag") or None,
            "raw": found.get("_raw", ""),
            "fields": orjson.dumps(texts).decode(),
        }

    def _says(self, texts: Mapping[str, str], found: Mapping[str, str]) -> bool:
        """Say whether a row corrects anything: not one that is empty, nor a malformed one as it was handed out.

        That one is taken as it stands where its `_raw` is emptied.
        """
        said = {name: value for name, value in texts.items() if value}
        raw = found.get("_raw") if MALFORMED in found.get("_codes", "").split(",") else None
        guesses = (guessed(raw, columns) for columns in self.known.values()) if raw else ()
        return bool(said) and all({n: v for n, v in guess.items() if v} != said for guess in guesses)


def choose(engine: DuckEngine, rejects: Contract, selection: Mapping[str, str], given: Fixes) -> list[str]:
    """Make relation `__fixed`, the corrections of open rows that say something, and return of which datasets they are.

    Raises:
        BadRequest: the file cannot be read, or a row was never rejected, is not told from others of its file name,
            comes twice, or is corrected in `_raw`.
    """
    engine.derive("__fixes", "SELECT 0 AS _row", given)
    engine.keep("__meant", fixes.meant(rejects, selection))
    for row in rows_of(engine, fixes.doubtful()):
        problem = _problem(row)
        if problem:
            raise BadRequest(message=f"--with `{given.path}`: `{row['file']}` line {row['line']} {problem}")
    engine.view("__fixed", fixes.fixed())
    return [row["dataset"] for row in engine.rows("SELECT DISTINCT dataset FROM __fixed ORDER BY dataset")]


def _problem(row: Row) -> str | None:
    """Say why a row does not correct one rejected row that none before it corrects."""
    if not row["rejects"]:
        return "was never rejected"
    if row["rejects"] > 1:
        return "is there in several files of this name; say which in `_etag`, as `show --format csv` does"
    if row["nth"] > 1:
        return "comes more than once"
    was, now = (
        (row[name] or "").replace("\r\n", "\n") for name in ("was", "raw")
    )  # some editors write other line ends
    return None if now == was else "is corrected in `_raw`, which is not read; write each value into its column"


def corrected_csv(rows: Iterable[Row], columns: Sequence[str], given: Fixes) -> Iterator[str]:
    """Return the rows of `__fixed` as pieces of a CSV file that the load reads: the place and all landing columns.

    Raises:
        BadRequest: a column is not there; an empty value would take its place.
    """
    lacking = [name for name in columns if name not in given.header]
    if lacking:
        hint = f"lacks the column {lacking[0]}; `show --format csv` writes them all"
        raise BadRequest(message=f"--with `{given.path}` {hint}")
    marks = dict(zip(PLACE, WRITTEN, strict=False))
    return _csv(
        [*PLACE, *columns],
        ({**orjson.loads(row["fields"]), **{mark: row[name] for mark, name in marks.items()}} for row in rows),
    )
