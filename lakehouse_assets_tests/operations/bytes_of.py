"""Search every byte of a folder for a word: packed files unpacked, columns and manifests decoded."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import fastavro
import pyarrow.parquet as pq


def holding(root: Path, word: str) -> list[str]:
    """The files, by path below the root, that hold the word in their name or anywhere in them."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return [str(path.relative_to(root)) for path in files if any(word.encode() in text for text in texts(path))]


def texts(path: Path) -> Iterator[bytes]:
    """The name and bytes of a file, and what its format hides."""
    content = path.read_bytes()
    yield path.name.encode()
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path, partitioning=None).to_pylist()).encode()
        yield repr(pq.read_metadata(path).to_dict()).encode()
    if path.suffix == ".avro":
        yield repr(list(fastavro.reader(io.BytesIO(content)))).encode()
