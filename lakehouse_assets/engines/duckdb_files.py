"""Read landed files for DuckDB: plain ones by its own CSV reader, all others through their format's reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakehouse_assets.core.batches import by_size
from lakehouse_assets.engines.duckdb_tables import path_literal
from lakehouse_assets.engines.processes import Tally, Workers
from lakehouse_assets.engines.protocol import FileReader, NativeFile, TextSource
from lakehouse_assets.errors import LakehouseError

if TYPE_CHECKING:
    import pyarrow as pa


PROCESSES_BYTES = 1 << 22
"""From so many bytes of files on, as they lie there, Python reads them in several processes: each takes half a second
to start, and a megabyte of packed JSON about a second to read."""
TASK_BYTES = 1 << 19
"""How many bytes of files a process reads at a time, and gives back at once."""


def in_processes(size_bytes: int, processes: int) -> bool:
    """Say whether Python reads so many bytes in processes of their own."""
    return processes > 1 and size_bytes >= PROCESSES_BYTES


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


class Reading:
    """Read some files as a whole, in a process of its own; a value that can be pickled."""

    def __init__(self, reader: FileReader) -> None:
        self._reader = reader

    def __call__(self, ordinals: list[int]) -> list[pa.RecordBatch]:
        """Return the records of these files, in one batch where there are any."""
        import pyarrow as pa

        found = [batch for ordinal in ordinals for batch in self._reader(ordinal)]
        return pa.Table.from_batches(found).combine_chunks().to_batches() if found else []


class Records:
    """Read small and odd files, count the records of the odd ones, and remember the error that ended the reading.

    Args:
        text: where the records come from.
        tally: sums up what is read in other processes.
        processes: how many read what Python makes records of, where that is much.
    """

    def __init__(self, text: TextSource, tally: Tally, processes: int) -> None:
        self._text, self._tally, self._processes = text, tally, processes
        self.counted = 0
        self.failure: LakehouseError | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            if self._text.reader is None:
                return
            yield from self._text.reader.together(self._text.small)
            for batch in self._odd(self._text.reader):
                self.counted += batch.num_rows
                yield batch
        except LakehouseError as error:
            self.failure = error
            raise

    def _odd(self, reader: FileReader) -> Iterator[pa.RecordBatch]:
        """Yield the records of the odd files, in their order."""
        if not (reader.is_python and in_processes(sum(self._text.odd.values()), self._processes)):
            for ordinal in self._text.odd:
                yield from reader(ordinal)
            return
        readers = Workers(Reading(reader), self._processes, self._tally)
        for batches in readers.answers(by_size(self._text.odd, self._text.odd.__getitem__, TASK_BYTES)):
            yield from batches
