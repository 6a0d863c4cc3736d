"""A packed file is read as it would be unpacked, a piece at a time."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.compression import unpacked
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets_tests.formats.csv_records import HEADER, NAMES, TEXTS, content_of
from lakehouse_assets_tests.formats.streams import SIZES, chunks_of, fields_of, packed, rows_of

PACKED = gzip.compress(b"a,b\n1,2\n")


@given(TEXTS, SIZES, st.integers(1, 4))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_packed_csv_file_has_the_records_of_the_unpacked_one(text: str, sizes: list[int], members: int) -> None:
    """Also when it was put together from several gzip files, and in chunks of any size."""
    source, content = Csv(fields_of(*NAMES), 30), content_of(f"{HEADER}\n{text}")
    chunks = unpacked("a.csv.gz", chunks_of(packed(content, members), sizes))
    assert rows_of(source, chunks) == rows_of(source, [content])


@given(SIZES, st.integers(1, 4))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_packed_page_has_the_records_of_the_unpacked_one(sizes: list[int], members: int) -> None:
    """A page of an API may be kept packed."""
    content = b'[{"a": 1.10}, {"a": null}, 3, {}]'
    chunks = unpacked("a.json.gz", chunks_of(packed(content, members), sizes))
    assert rows_of(JsonPages(fields_of("a")), chunks) == {1: ("1.10",), 2: (None,), 3: None, 4: (None,)}


def test_a_file_without_the_name_is_taken_as_it_is() -> None:
    """Whether a file is packed is said by its name alone."""
    assert b"".join(unpacked("a.csv", [PACKED])) == PACKED


BROKEN = {
    "half of it": PACKED[:-12],
    "no checksum": PACKED[:-6],
    "another checksum": PACKED[:-8] + bytes(8),
    "another byte": PACKED[:12] + b"\xff\xff" + PACKED[14:],
    "junk behind it": PACKED + b"junk",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_only_has_the_name_is_refused(what: str) -> None:
    """As is one whose upload broke off, or whose checksum says that it is another one."""
    with pytest.raises(FileUnreadable, match=r"`a\.csv\.gz` is refused: it is no complete gzip file"):
        list(unpacked("a.csv.gz", chunks_of(BROKEN[what], [1])))


def test_a_packed_file_of_nothing_is_nothing() -> None:
    """No byte at all unpacks to none, as Python's gzip has it; padding with zeros is none either."""
    assert list(unpacked("a.csv.gz", [])) == []
    assert b"".join(unpacked("a.csv.gz", [PACKED, bytes(100)])) == b"a,b\n1,2\n"


def test_what_unpacks_to_much_is_not_held() -> None:
    """A thousandfold packed gigabyte is read in pieces."""
    bomb = gzip.compress(bytes(1 << 26))
    tracemalloc.start()
    length = sum(len(chunk) for chunk in unpacked("a.csv.gz", [bomb]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == 1 << 26
    assert peak < 8 << 20
