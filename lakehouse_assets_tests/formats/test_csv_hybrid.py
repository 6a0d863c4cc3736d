"""Both roads through a CSV file see the same records, however its bytes come."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.formats import csv_hybrid, lines
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.csv_strict import RecordWindow
from lakehouse_assets_tests.formats.csv_records import HEADER, NAMES, TEXTS, content_of, expected_records, fitting
from lakehouse_assets_tests.formats.streams import SIZES, chunks_of, fields_of, raw_of, rows_of

FIELDS = fields_of(*NAMES)
BLOCKS = st.sampled_from([1, 30, 100, 1000])


@given(TEXTS, SIZES, BLOCKS)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_lines_that_leave_no_doubt_are_records_of_strict_csv_too(text: str, sizes: list[int], block: int) -> None:
    """Whichever reader takes a line, in chunks and blocks of any size, it makes what Python's strict csv makes."""
    content = content_of(f"{HEADER}\n{text}")
    expected = {record.line: fitting(record) for record in expected_records(content)}
    assert rows_of(Csv(FIELDS, block), chunks_of(content, sizes)) == {n: r for n, r in expected.items() if n > 1}


@given(TEXTS, SIZES, BLOCKS, st.integers(7, 20))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_both_roads_agree_on_what_is_too_long(text: str, sizes: list[int], block: int, longest: int) -> None:
    """A record beyond the limit is malformed on its first line, whichever reader would have taken it."""
    content = content_of(f"{HEADER}\n{text}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST_RECORD", longest)
        patch.setattr(csv_hybrid, "LONGEST_CLEAR", longest // 2)
        patch.setattr(csv_hybrid, "PART_BYTES", 10)
        found = rows_of(Csv(FIELDS, block), chunks_of(content, sizes))
    expected = {record.line: fitting(record) for record in expected_records(content, longest)}
    assert found == {line: fields for line, fields in expected.items() if line > 1}


@given(st.binary(max_size=60), st.integers(0, 60), SIZES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_mutated_file_loses_nothing(junk: bytes, at: int, sizes: list[int]) -> None:
    """Bytes of any kind, anywhere below the header: the same records and lines as Python's csv, and no other error."""
    body = b'1,2,3,4\n"5",6,"7,7",8\n9,"a\nb",1,2\n\n3,4,\xc3\xa9,6\r\n'
    content = HEADER.encode() + b"\n" + body[:at] + junk + body[at:]
    expected = {record.line: fitting(record) for record in expected_records(content)}
    assert rows_of(Csv(FIELDS, 30), chunks_of(content, sizes)) == {n: r for n, r in expected.items() if n > 1}


@given(TEXTS, SIZES, BLOCKS, st.sets(st.integers(1, 60)))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_raw_text_is_that_of_the_records(text: str, sizes: list[int], block: int, unwanted: set[int]) -> None:
    """Any choice of records is found again by line, with the text that stands there and the same fields."""
    content = content_of(f"{HEADER}\n{text}")
    expected = {r.line: r for r in expected_records(content) if r.line not in unwanted}
    fields = {line: dict(zip(NAMES, fitting(r) or (), strict=False)) or None for line, r in expected.items()}
    found = raw_of(Csv(FIELDS, block), chunks_of(content, sizes), expected)
    assert found == {line: (r.raw, fields[line]) for line, r in expected.items()}


def test_raw_text_shows_further_columns_too_and_nothing_where_no_record_begins() -> None:
    """A person who corrects a row sees all of it; an empty line and one below the end are no records."""
    content = b"x,a,b,c,d\n9,1,2,3,4\n\n"
    found = raw_of(Csv(FIELDS), [content], [2, 3, 9])
    assert found == {2: ("9,1,2,3,4", {"x": "9", "a": "1", "b": "2", "c": "3", "d": "4"})}


def test_raw_text_of_many_lines_is_json_whatever_they_hold() -> None:
    """Backslashes and control characters are escaped, quotes are not part of a field, a name twice means the last."""
    content = 'a,b,"c\\d",a\n1,\t,\\,x\r\n"2","","é,",y\n'.encode()
    wide = Csv(fields_of("b"))
    second = {"a": "y", "b": "", "c\\d": "é,"}
    assert raw_of(wide, [content], [2, 3]) == {
        2: ("1,\t,\\,x", {"a": "x", "b": "\t", "c\\d": "\\"}),
        3: ('"2","","é,",y', second),
    }
    assert raw_of(wide, [content], [3])[3][1] == second


def test_a_byte_order_mark_in_the_middle_of_a_file_is_text() -> None:
    """Also where the fast reader's block begins with it; only the one at the start of a file is none of its data."""
    content = "\ufeffid,name\n\ufeff1,a\n\ufeff2,b\n".encode()
    assert rows_of(Csv(fields_of("id", "name")), [content]) == {2: ("\ufeff1", "a"), 3: ("\ufeff2", "b")}


def test_empty_lines_of_a_file_with_one_column_are_no_records() -> None:
    """Where a record has no comma, an empty line looks like one."""
    assert rows_of(Csv(fields_of("id")), [b"id\n\n1\n\r\n2\n"]) == {3: ("1",), 5: ("2",)}


def test_columns_go_by_name_and_an_optional_one_may_be_absent() -> None:
    """Their order in the file is its own; what is absent is NULL on both roads."""
    source = Csv(fields_of("b", "new", "a", optional=["new"]))
    content = b'a,x,b\n1,2,3\n1,"2""",3\n'
    assert rows_of(source, [content]) == {2: ("3", None, "1"), 3: ("3", None, "1")}


@pytest.mark.parametrize("row", ["1,2,3,Tea", '"1","2","3","Tea"', '1,2,3,"Tea, green"'])
def test_a_line_with_whole_fields_in_quotes_leaves_no_doubt(row: str) -> None:
    """What exporters write goes to the fast reader even where another line is broken."""
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        record = RecordWindow.record
        patch.setattr(RecordWindow, "record", lambda self, line: asked.append(line) or record(self, line))
        found = rows_of(Csv(FIELDS), [f'{HEADER}\n{row}\n1,"2"x,3,4\n{row}\n'.encode()])
    assert list(found) == [2, 3, 4]
    assert asked == [0, 2]
