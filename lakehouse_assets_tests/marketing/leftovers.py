"""Everything that a run leaves in a folder, as text: files as they are, and what is packed inside of them."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import fastavro
import pyarrow.parquet as pq


def found_in(folder: Path, words: Iterable[str]) -> list[str]:
    """The files below a folder that hold one of the words, in any case, with the word and what stands around it."""
    wanted = [word.lower() for word in words]
    return [
        f"{file.relative_to(folder)}: {text[max(0, place - 60) : place + 60]!r}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for text in map(str.lower, (str(file.relative_to(folder)), *texts(file)))
        for word in wanted
        if (place := text.find(word)) >= 0
    ]


def texts(file: Path) -> Iterator[str]:
    """The bytes of a file as text, and what it holds when it is unpacked."""
    data = file.read_bytes()
    yield data.decode("utf-8", "replace")
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data).decode("utf-8", "replace")
    elif data[:4] == b"PAR1":
        yield from _columns(file)
    elif data[:4] == b"Obj\x01":
        with file.open("rb") as opened:
            reader = fastavro.reader(opened)
            yield from (str(record) for record in (reader.metadata, *reader))
    elif data[:6] == b"SQLite":
        yield from _rows(file)


def _columns(file: Path) -> Iterator[str]:
    """The values of a parquet file, a column at a time, and its metadata with its statistics."""
    with pq.ParquetFile(file) as opened:
        yield str(opened.schema_arrow.metadata)
        for group in range(opened.num_row_groups):
            meta = opened.metadata.row_group(group)
            yield str([str(meta.column(place).statistics) for place in range(meta.num_columns)])
        table = opened.read()
        yield from (f"{name}: {table.column(name).to_pylist()}" for name in table.column_names)


def _rows(file: Path) -> Iterator[str]:
    """The rows of all tables of a SQLite database; bytes are read as text."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in database.execute(f'SELECT * FROM "{name}"'):
                yield str([cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for cell in row])
