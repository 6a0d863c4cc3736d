"""Read landed files for DuckDB: plain ones by its own CSV reader, all others through their format's reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakehouse_assets.engines.duckdb_tables import path_literal
from lakehouse_assets.engines.protocol import NativeFile, TextSource
from lakehouse_assets.errors import LakehouseError

if TYPE_CHECKING:
    import pyarrow as pa


def kind_of(file: NativeFile) -> tuple[str, tuple[str, ...]]:
    """Return what all files of one reader call must have in common: compression and columns."""
    return ("gzip" if file.uri.endswith(".gz") else "none", file.header)


def reading(files: list[NativeFile], first: int, columns: tuple[str, ...]) -> str:
    """Return the SELECT that reads like files with DuckDB's reader; `_row` is the place of the file among all of them.

    Args:
        files: the files, of one kind.
        first: place of the first of them.
        columns: the wanted columns.
    """
    compression, header = kind_of(files[0])
    # Columns by position: a file may name further columns twice, in other case, or like DuckDB's own.
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(header)))
    uris = ", ".join(path_literal(file.uri) for file in files)
    reader = (
        f"read_csv([{uris}], header = true, auto_detect = false, delim = ',', quote = '', escape = '', "
        f"compression = {compression}, hive_partitioning = false, columns = {{{types}}})"
    )
    # An optional column that these files lack is NULL.
    text_of = {c: f"c{header.index(c)}" if c in header else "CAST(NULL AS VARCHAR)" for c in columns}
    wanted = ", ".join(f'{text_of[column]} AS "{column}"' for column in columns)
    return f"SELECT CAST(file_index AS BIGINT) + {first} AS _row, FALSE AS _malformed, {wanted} FROM {reader}"


class Records:
    """Read small and odd files, count the records of the odd ones, and remember the error that ended the reading.

    Args:
        text: where the records come from.
    """

    def __init__(self, text: TextSource) -> None:
        self._text = text
        self.counted = 0
        self.failure: LakehouseError | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            if self._text.reader is None:
                return
            yield from self._text.reader.together(self._text.small)
            for ordinal in self._text.odd:
                for batch in self._text.reader(ordinal):
                    self.counted += batch.num_rows
                    yield batch
        except LakehouseError as error:
            self.failure = error
            raise
