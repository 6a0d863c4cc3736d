"""A CSV file that is read in parts gives what the whole file gives, wherever it is cut."""

from __future__ import annotations

from itertools import pairwise, zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats import csv_parts
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.parts import ByteRange, PartSurvey, counted
from lakehouse_assets_tests.formats.csv_records import HEADER, NAMES, TEXTS, content_of, expected_records, fitting
from lakehouse_assets_tests.formats.streams import KEY, SIZES, chunks_of, fields_of

FIELDS = fields_of(*NAMES)
VALUES = st.sampled_from(["", "1", "x y", "é", "€uro", "'", '"q"', '"a,b"', '"say ""so"""', '"x"y', "\udce9"])
ROWS = st.lists(VALUES, min_size=3, max_size=5).map(",".join) | st.just("")
SEPARABLE = st.tuples(
    st.sampled_from(["", "\ufeff"]), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(ROWS, max_size=9), st.booleans()
).map(lambda text: text[0] + text[1].join([HEADER, *text[2]]) + (text[1] if text[3] else ""))
CUTS = st.lists(st.integers(1, 120), max_size=8)
BLOCKS = st.sampled_from([1, 30, 1000])


def parts_of(content: bytes, cuts: list[int]) -> list[ByteRange]:
    """The content cut at these bytes."""
    edges = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    return [ByteRange(*edge) for edge in pairwise(edges)]


def surveyed(content: bytes, parts: list[ByteRange], sizes: list[int], block: int) -> list[PartSurvey]:
    """What each part shows, its bytes in chunks of these sizes."""
    source = Csv(FIELDS, block)
    return [source.survey_part(KEY, chunks_of(content[part.opened_at :], sizes), part) for part in parts]


@given(SEPARABLE | TEXTS.map(f"{HEADER}\n{{}}".format), CUTS, SIZES, BLOCKS)
@settings(max_examples=600, deadline=None, derandomize=True)
def test_any_cut_gives_the_records_of_the_whole_file(text: str, cuts: list[int], sizes: list[int], block: int) -> None:
    """Each part is read alone, and all have the records and line numbers of Python's strict csv, each once."""
    content = content_of(text)
    parts = parts_of(content, cuts)
    looks = surveyed(content, parts, sizes, block)
    if not all(look.is_separable for look in looks):
        return
    found = []
    for part in counted(zip(parts, looks, strict=True)):
        for batch in Csv(FIELDS, block).part_batches(chunks_of(content[part.opened_at :], sizes), part, 0):
            found += [
                (row["_row"], None if row["_malformed"] else tuple(row[n] for n in NAMES)) for row in batch.to_pylist()
            ]
    expected = [(record.line, fitting(record)) for record in expected_records(content)]
    assert sorted(found) == expected[1:]
    assert sum(look.records for look in looks) == len(expected)


@given(SEPARABLE, CUTS, SIZES, BLOCKS, st.sets(st.integers(1, 10)))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_raw_text_is_found_in_the_part_that_holds_it(
    text: str, cuts: list[int], sizes: list[int], block: int, unwanted: set[int]
) -> None:
    """Any choice of lines is read again from just its part, as it stands in the file."""
    content = content_of(text)
    parts = parts_of(content, cuts)
    expected = {r.line: r for r in expected_records(content) if r.line > 1 and r.line not in unwanted}
    found = []
    numbered = counted(zip(parts, surveyed(content, parts, sizes, block), strict=True))
    for part, below in zip_longest(numbered, numbered[1:]):
        due = [line for line in expected if part.above < line and (below is None or line <= below.above)]
        chunks = chunks_of(content[part.opened_at :], sizes)
        for batch in Csv(FIELDS, block).part_raw_text(chunks, part, due):
            found += [(row["position"], row["raw"], row["fields"] is not None) for row in batch.to_pylist()]
    assert sorted(found) == [(r.line, r.raw, fitting(r) is not None) for r in expected.values()]


@given(SEPARABLE | TEXTS.map(f"{HEADER}\n{{}}".format), CUTS, SIZES, BLOCKS)
@settings(max_examples=600, deadline=None, derandomize=True)
def test_a_file_is_separable_whatever_the_cut(text: str, cuts: list[int], sizes: list[int], block: int) -> None:
    """The looks at its parts add up to one look at the whole, to the last line and quote."""
    content = content_of(text)
    (whole,) = surveyed(content, [ByteRange(0, len(content))], [1 << 20], 1 << 20)
    total = sum(surveyed(content, parts_of(content, cuts), sizes, block), PartSurvey())
    assert total.is_separable == whole.is_separable
    if whole.is_separable:
        assert total == whole
        assert whole.header == NAMES


@given(SEPARABLE)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_files_without_a_record_of_several_lines_are_separable(text: str) -> None:
    """Quotes within a line, rows of another length, empty lines and bytes that are no UTF-8 do not hinder."""
    (whole,) = surveyed(content_of(text), [ByteRange(0, 10_000)], [1 << 20], 1 << 20)
    assert whole.is_separable


@pytest.mark.parametrize(
    "content",
    [
        f'{HEADER}\n1,2,3,"a\nb"\n5,6,7,8\n',
        f'{HEADER}\n1,2,3,"never closed\n5,6,7,8\n',
        f"\n{HEADER}\n1,2,3,4\n",
        '"a\n",b,c,d\n1,2,3,4\n',
        "",
        "\n\n",
    ],
)
def test_a_record_that_goes_over_a_line_makes_a_file_inseparable(content: str) -> None:
    """Nor is a file read in parts that has its header elsewhere than on its first line, or none."""
    size = len(content) or 1
    for parts in ([ByteRange(0, size)], [ByteRange(start, start + 1) for start in range(size)]):
        assert not all(look.is_separable for look in surveyed(content.encode(), parts, [3], 50))


def test_no_more_of_a_file_is_taken_than_its_part_needs() -> None:
    """What is behind the newline that ends the last line is left where it is, also in a part without a line."""
    content = b"a,b,c,d\n" + b"1,2,3,4\n" * 20 + b"x" * 100
    for start, stop, needed in [(0, 8, 8), (9, 17, 24), (120, 168, 168), (200, 210, 210)]:
        part = ByteRange(start, stop)
        rest = chunks_of(content[part.opened_at :], [1])
        list(csv_parts.lines_of(rest, part))
        assert len(content) - len(b"".join(rest)) == needed


def test_a_header_of_another_dataset_is_refused_by_the_part_it_is_in() -> None:
    """The first part says what the whole file would; the others know nothing of it."""
    content = b"a,c,d\n1,2,3\n1,2,3\n"
    with pytest.raises(FileUnreadable, match="it lacks b; it has a, c, d"):
        surveyed(content, [ByteRange(0, 8)], [4], 4)
    assert surveyed(content, [ByteRange(8, 18)], [4], 4) == [PartSurvey(1, 1)]
