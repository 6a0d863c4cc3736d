"""Erasing records: what is left keeps its place in the file, and is read as before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from lakehouse_assets.errors import RecordShared
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.normalised_pages import NormalisedPages
from lakehouse_assets.formats.protocol import Field


def fields(*names: str) -> tuple[Field, ...]:
    """Columns of these names."""
    return tuple(Field(name, (name,)) for name in names)


def rows(batches: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
    """All rows of record batches, in their order."""
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_lines_of_a_csv_file_stay_where_they_are(newline: bytes) -> None:
    """A record over two lines becomes two empty ones, also where a file ends without a newline."""
    content = newline.join([b"a,b", b"1,x", b'2,"y', b'z"', b"3,w", b"4,v"])
    csv = Csv(fields("a", "b"), block_bytes=8)
    left = b"".join(csv.erase("k.csv", [content], {3, 6}))
    assert left == newline.join([b"a,b", b"1,x", b"", b"", b"3,w", b""])
    assert [(row["_row"], row["a"]) for row in rows(csv.batches("k.csv", [left], 0))] == [(2, "1"), (5, "3")]


def test_nothing_changes_where_nothing_is_erased() -> None:
    """A file with a byte order mark and broken quoting is the same byte by byte."""
    content = b'\xef\xbb\xbfa,b\n1,"x\n\n2,y\r\n'
    assert b"".join(Csv(fields("a", "b")).erase("k.csv", [content], set())) == content


def test_records_of_a_page_keep_their_places() -> None:
    """The text of an erased record is gone, the others are as they were and have their numbers."""
    page = b'{"d": [{"a": 1, "n": 1.50}, {"a": "secret"}, {"a": 3}]}'
    pages = JsonPages(fields("a"), ("d",))
    left = b"".join(pages.erase("k.json", [page], {2}))
    assert left == b'{"d": [{"a": 1, "n": 1.50}, {"_forgotten":1}, {"a": 3}]}'
    assert [(row["_row"], row["a"]) for row in rows(pages.batches("k.json", [left], 0))] == [(1, "1"), (3, "3")]
    assert pages.survey("k.json", [left]).extra_columns == ("n",)
    assert b"".join(pages.erase("k.json", [left], set())) == left


def two(record: dict[str, object], page: dict[str, object]) -> list[dict[str, object]]:  # noqa: ARG001 - a normaliser
    """Two rows of each record."""
    return [{"a": record["a"]}, {"a": record["b"]}]


def test_a_record_of_several_rows_goes_as_a_whole_or_not() -> None:
    """All rows of a record may be erased, and their places stay; one of them alone may not."""
    page = json.dumps({"d": [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]}).encode()
    pages = NormalisedPages(fields("a"), ("d",), f"{__name__}:two")
    left = b"".join(pages.erase("k.json", [page], {1, 2}))
    assert [(row["_row"], row["a"]) for row in rows(pages.batches("k.json", [left], 0))] == [(3, "3"), (4, "4")]
    with pytest.raises(RecordShared, match="row 2 holds rows of others"):
        list(pages.erase("k.json", [page], {2}))
