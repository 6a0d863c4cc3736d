"""The strict reader makes the records of Python's strict `csv`, however the bytes come and whatever they are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.formats import csv_strict, lines
from lakehouse_assets.formats.csv_strict import Record, RecordWindow
from lakehouse_assets.formats.lines import line_blocks
from lakehouse_assets_tests.formats.csv_records import TEXTS, content_of, expected_records, strict_records
from lakehouse_assets_tests.formats.streams import SIZES


@given(TEXTS, SIZES, st.sampled_from([1, 5, 30, 1000]))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_records_are_those_of_strict_csv(text: str, sizes: list[int], block_bytes: int) -> None:
    """Any text in any chunks and blocks gives what Python's csv makes of the whole; broken quoting costs one line."""
    content = content_of(text)
    assert strict_records(content, sizes, block_bytes) == list(expected_records(content))


@given(st.binary(max_size=200), SIZES)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_are_records(content: bytes, sizes: list[int]) -> None:
    """Nothing that a file may hold stops the reader."""
    assert strict_records(content, sizes, 5) == list(expected_records(content))


@given(TEXTS, SIZES, st.sampled_from([1, 5, 30]), st.integers(1, 12))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_a_record_that_is_too_long_costs_its_first_line(text: str, sizes: list[int], block: int, longest: int) -> None:
    """What it would have run over is read by itself, and of a line that is too long the start is shown."""
    content = content_of(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST_RECORD", longest)
        found = strict_records(content, sizes, block)
    assert found == list(expected_records(content, longest))


def test_what_a_record_ran_over_before_is_read_by_itself_up_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line closes the quote of the record that was too long, and opens one where it is read by itself."""
    monkeypatch.setattr(lines, "LONGEST_RECORD", 11)
    found = strict_records(b'1,"345678\n90",', [1 << 20])
    assert [(record.line, record.fields) for record in found] == [(1, None), (2, ('90"', ""))]
    found = strict_records(b'1,"345678\n",', [1 << 20])
    assert found == [Record(1, None, '1,"345678'), Record(2, None, '",')]


def test_the_longest_record_is_read_and_one_byte_more_is_not() -> None:
    """The limit of 16 MiB counts the bytes of a record without its newline, in quotes and without."""
    fits, too_long = (b"A" * size for size in (2**24, 2**24 + 1))
    content = b"\n".join([fits, too_long, b'"' + fits[2:] + b'"', b'"' + too_long[2:] + b'"', b"1"])
    found = strict_records(content, [1 << 20])
    assert [record.fields and len(record.fields[0]) for record in found] == [2**24, None, 2**24 - 2, None, 1]


def test_broken_quoting_costs_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that each leave a quote open up to the end of the file: a byte is followed about twice."""
    followed: list[int] = []
    follow = csv_strict._follow  # noqa: SLF001 - what is counted is the work of the module itself

    def counted(content: bytes, at: int, stop: int, *, in_quotes: bool) -> tuple[object, int]:
        state, reached = follow(content, at, stop, in_quotes=in_quotes)
        followed.append(reached - at)
        return state, reached

    monkeypatch.setattr(csv_strict, "_follow", counted)
    content = b'x","y\n' * 50_000
    assert [record.fields for record in strict_records(content, [1000], 1000)] == [None] * 50_000
    assert sum(followed) < 3 * len(content)


def test_an_unclosed_quote_does_not_need_the_rest_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 64 MiB below it no more is held than the longest record and a few blocks."""
    monkeypatch.setattr(lines, "LONGEST_RECORD", 1 << 20)

    def chunks() -> Iterator[bytes]:
        yield b'1,"2\n'
        yield from ((b"x" * 1023 + b"\n") * 1024 for _ in range(64))

    window = RecordWindow(line_blocks(chunks()))
    tracemalloc.start()
    records = [window.whole_record(int(window.reach(line) or 0))[0] for line in (0, 1)]
    while window.grow(len(window)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert records == [Record(1, None, '1,"2'), Record(2, ("x" * 1023,), "x" * 1023)]
    assert peak < 32 << 20
