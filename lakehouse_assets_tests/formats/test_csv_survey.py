"""Whether a CSV file is plain, and how many records it holds, is counted from bytes: as the readers find it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats import csv_survey, lines
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.csv_survey import tally
from lakehouse_assets.formats.lines import line_blocks
from lakehouse_assets_tests.formats.csv_records import HEADER, NAMES, TEXTS, content_of
from lakehouse_assets_tests.formats.streams import KEY, SIZES, chunks_of, fields_of, rows_of

SOURCE = Csv(fields_of(*NAMES))
VALUES = st.sampled_from(["", "1", "x y", "é", "'", "\x0b", "\u2028", "\ufeff"])
ROWS = st.lists(VALUES, min_size=3, max_size=5).map(",".join)
PLAIN_TEXTS = st.tuples(st.sampled_from(["\n", "\r\n"]), st.lists(ROWS, max_size=8), st.booleans()).map(
    lambda text: text[0].join([HEADER, *text[1]]) + (text[0] if text[2] else "")
)


@given(PLAIN_TEXTS | TEXTS.map(f"{HEADER}\n{{}}".format), SIZES, st.sampled_from([1, 30, 1000]))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_plain_file_has_as_many_records_as_are_read_from_it(text: str, sizes: list[int], block: int) -> None:
    """The count is the same for any chunks, and is that of the strict reader, of whose records none is malformed."""
    content = content_of(text)
    found = Csv(SOURCE.fields, block).survey(KEY, chunks_of(content, sizes))
    assert found == SOURCE.survey(KEY, [content])
    if found.plain_records is not None:
        rows = rows_of(SOURCE, [content])
        assert list(rows) == list(range(2, found.plain_records + 2))


@given(PLAIN_TEXTS, st.integers(1, 30))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_tallies_of_parts_add_up(text: str, size: int) -> None:
    """Parts of a file that begin and end with a line may be counted apart."""
    whole = tally(text.encode())
    parts = [tally(block) for block in line_blocks([text.encode()], size)]
    if whole is not None:
        assert sum((part for part in parts[1:] if part), parts[0]) == whole


@pytest.mark.parametrize("content", [f"{HEADER}\n1,2,3,4\n5,6,7,8\n", f"{HEADER}\r\n1,2,3,é\r\n5,6,7,8"])
def test_a_clean_file_is_plain(content: str) -> None:
    """What most files are is counted from bytes alone and goes to the engine's own reader."""
    assert SOURCE.survey(KEY, [content.encode()]).plain_records == 2


ODD = {
    "CR": f"{HEADER}\r1,2,3,A\r",
    "mixed newlines": f"{HEADER}\r\n1,2,3,A\n",
    "quotes": f'{HEADER}\n"1","2",3,"A"\n',
    "quoted header": '"a",b,"c",d\n1,2,3,A\n',
    "byte order mark": f"\ufeff{HEADER}\n1,2,3,A\n",
    "NUL": f"{HEADER}\n1,2,3,\0\n",
    "an empty line": f"{HEADER}\n\n1,2,3,A\n",
    "an empty line at the start": f"\n{HEADER}\n1,2,3,A\n",
    "a short line": f"{HEADER}\n1,2,3\n",
    "no UTF-8": f"{HEADER}\n1,2,3,\udce9\n",
}


@pytest.mark.parametrize("form", ODD)
def test_a_file_that_readers_disagree_about_is_not_plain(form: str) -> None:
    """Quotes, mixed newlines and their like are for the strict reader."""
    assert SOURCE.survey(KEY, [content_of(ODD[form])]).plain_records is None


def test_a_file_with_a_line_that_is_too_long_is_not_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines' readers would take it, the strict one does not."""
    for module in (lines, csv_survey):
        monkeypatch.setattr(module, "LONGEST_RECORD", 20)
    short, long = (f"{HEADER}\n1,2,3,{'A' * size}\n".encode() for size in (14, 15))
    assert [SOURCE.survey(KEY, [content]).plain_records for content in (short, long)] == [1, None]


REFUSED = {
    "a missing column": (b"a,c,d\n1,2,3\n", "it lacks b; it has a, c, d"),
    "several": (b"a,x\n1,2\n", "it lacks b, c, d; it has a, x"),
    "a column twice": (b"a,b,c,d,b,a\n", "it names a, b twice"),
    "binary junk": (bytes(range(128, 256)), "its first line is no CSV header"),
    "a broken header": (b'"a"x,b,c,d\n', "its first line is no CSV header"),
    "a header that never ends": (b'"a,b\nc,d\n', "its first line is no CSV header"),
    "prose": (b"Dear colleague\nthe export failed\n", "its first line is no CSV header"),
    "many columns": (",".join(f"column{n}" for n in range(99)).encode(), "it lacks a, b, c, d; it has column0, "),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_of_other_columns_is_refused(what: str) -> None:
    """The sentence says what is wrong with the file as a whole, in bounded length, whatever chunks it came in."""
    content, problem = REFUSED[what]
    for chunks in ([content], chunks_of(content, [1])):
        with pytest.raises(FileUnreadable) as refused:
            SOURCE.survey(KEY, chunks)
        assert str(refused.value).startswith(f"`{KEY}` is refused: {problem}")
        assert len(str(refused.value)) < 280


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"\r"])
def test_a_file_without_a_record_is_empty(content: bytes) -> None:
    """There is nothing to read and nothing to complain about."""
    assert SOURCE.survey(KEY, [content]).is_empty


def test_further_columns_are_named() -> None:
    """By their names in the file's order, blanks around them aside."""
    found = SOURCE.survey(KEY, [b"x, a ,b,\tc,d,y z,\n"])
    assert (found.header, found.extra_columns) == (("x", "a", "b", "c", "d", "y z", ""), ("x", "y z", ""))


def test_an_optional_column_may_not_be_named_twice_either() -> None:
    """Which of the two is meant nobody knows."""
    with pytest.raises(FileUnreadable, match="it names b twice"):
        Csv(fields_of("a", "b", optional=["b"])).survey(KEY, [b"a,b,b\n"])
