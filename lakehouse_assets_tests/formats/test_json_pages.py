"""A page is the records of its array: exact texts by path, exact raw text, and one sentence about what is no page."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats import json_document, json_rows
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.normalised_pages import NormalisedPages
from lakehouse_assets_tests.formats.json_texts import BLANKS, RECORDS, VALUES, Number, rendered, text_of
from lakehouse_assets_tests.formats.streams import KEY, SIZES, chunks_of, fields_of, kept_of, raw_of, rows_of, twice

PATHS = ("id", "offer.id", "payouts")
FIELDS = fields_of(*PATHS, optional=PATHS)
PAGES = st.lists(RECORDS | VALUES, max_size=6)


def below(value: Any, path: str) -> Any:
    """What is below a dotted path, None where there is nothing."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def expected_rows(page: list[Any]) -> dict[int, tuple[str | None, ...] | None]:
    """The texts of every record by its place."""
    return {
        place: tuple(text_of(below(value, path)) for path in PATHS) if isinstance(value, dict) else None
        for place, value in enumerate(page, 1)
    }


@given(PAGES, BLANKS, st.booleans(), SIZES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_records_are_the_elements_of_the_array(page: list[Any], blank: str, ascii_only: bool, sizes: list[int]) -> None:  # noqa: FBT001
    """In any chunks, with blanks and escapes of any kind, and whatever else is in the document."""
    document = {"data": {"x": [[1]], "items": page, "": None}, "items": "no array"}
    content = f"\ufeff{blank}{rendered(document, blank, ascii_only=ascii_only)}{blank}".encode()
    assert rows_of(JsonPages(FIELDS, ("data", "items")), chunks_of(content, sizes)) == expected_rows(page)


TWICE = NormalisedPages(FIELDS, (), f"{twice.__module__}:{twice.__name__}")


@pytest.mark.parametrize("pages", [JsonPages(FIELDS), TWICE], ids=["as they are", "made flat"])
@given(page=PAGES)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_survey_keeps_what_a_reading_gives(pages: JsonPages | NormalisedPages, page: list[Any]) -> None:
    """The same rows with the same numbers, and what it says of the page is what it says without keeping them."""
    content = [rendered(page, "", ascii_only=True).encode()]
    read = [row for batch in pages.batches(KEY, content, 70) for row in batch.to_pylist()]
    assert kept_of(pages, content) == (pages.survey(KEY, content), read)


@given(PAGES, BLANKS, st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_records_are_those_of_python_and_orjson_on_the_whole(page: list[Any], blank: str, ascii_only: bool) -> None:  # noqa: FBT001
    """Python's json, told to keep numbers as written, sees the same; so does orjson where no number needs a float."""
    content = rendered(page, blank, ascii_only=ascii_only).encode()
    found = rows_of(JsonPages(FIELDS), [content])
    numbers: list[str] = []
    kept = json.loads(content, parse_float=Number, parse_int=lambda text: numbers.append(text) or Number(text))
    assert found == expected_rows(kept)
    is_exact = not re.search(rb"[0-9][.eE]", content) and all(n.isdigit() and int(n) < 2**63 for n in numbers)
    if is_exact:
        rows = [value for value in orjson.loads(content) if isinstance(value, dict)]
        assert [row for row in found.values() if row is not None] == [
            tuple(orjson_text(below(row, path)) for path in PATHS) for row in rows
        ]


def orjson_text(value: Any) -> str | None:
    """A text as it is, everything else as orjson writes it."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


@given(PAGES, BLANKS, SIZES, st.sets(st.integers(1, 8)))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_raw_text_is_the_slice_of_the_document(page: list[Any], blank: str, sizes: list[int], wanted: set[int]) -> None:
    """Any choice of records is found again by place: exactly their text, and the same texts by column."""
    texts = [rendered(value, blank, ascii_only=False) for value in page]
    content = f'{{"rows":{blank}[{blank}{f"{blank},{blank}".join(texts)}{blank}]}}'.encode()
    source = JsonPages(FIELDS, ("rows",))
    found = raw_of(source, chunks_of(content, sizes), wanted)
    assert {place: raw for place, (raw, _) in found.items()} == {
        place: text for place, text in enumerate(texts, 1) if place in wanted
    }
    rows = expected_rows(page)
    assert all((fields and tuple(fields.values())) == rows[place] for place, (_, fields) in found.items())


PAGE = b'[{"id": "a\\u00e9", "offer": {"id": 1.50}}, 5, {"payouts": [null, "\\n"], "id": -2}]'


@given(st.binary(max_size=12), st.integers(0, len(PAGE)), st.integers(0, 9), SIZES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_mutated_page_is_read_as_python_reads_it_or_refused(
    junk: bytes, at: int, gone: int, sizes: list[int]
) -> None:
    """Bytes of any kind, put in or in place of others: the same records where Python's json reads the document."""
    content, source = PAGE[:at] + junk + PAGE[at + gone :], JsonPages(FIELDS)
    try:
        page = json.loads(content.decode("utf-8-sig"), parse_float=Number, parse_int=Number, parse_constant=int)
    except ValueError:
        page = None
    if isinstance(page, list):
        assert rows_of(source, chunks_of(content, sizes)) == expected_rows(page)
    else:
        with pytest.raises(FileUnreadable):
            source.survey(KEY, chunks_of(content, sizes))


def test_money_keeps_all_its_digits() -> None:
    """18 digits are more than a float holds, and zeros at the end are digits too."""
    content = b'[{"id": 123456789012.345678, "offer": {"id": 0.100000}, "payouts": [1.10, {"of": 2.50}]}]'
    assert rows_of(JsonPages(FIELDS), [content]) == {1: ("123456789012.345678", "0.100000", '[1.10,{"of":2.50}]')}


def test_what_is_not_there_is_null() -> None:
    """An absent name, a null, and a path that leads through something that is no object."""
    content = b'[{"id": 1}, {"offer": null}, {"offer": [1]}, {"payouts": ""}]'
    expected = {1: ("1", None, None), 2: (None,) * 3, 3: (None,) * 3, 4: (None, None, "")}
    assert rows_of(JsonPages(FIELDS), [content]) == expected


def test_half_of_a_surrogate_pair_makes_its_record_malformed() -> None:
    """JSON can write it and UTF-8 cannot; the raw text shows the escape, and the other records are read."""
    content = rb'[{"id": "\ud800"}, {"id": "\ud83d\ude00"}, {"other": ["\udc00"]}, {"id": "\\ud800"}]'
    source = JsonPages(FIELDS)
    assert rows_of(source, [content]) == {1: None, 2: ("😀", None, None), 3: None, 4: ("\\ud800", None, None)}
    assert raw_of(source, [content], [1]) == {1: (r'{"id": "\ud800"}', None)}


def test_batches_of_many_records_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of many records is several batches, numbered on from the first row."""
    monkeypatch.setattr(json_rows, "BATCH_ROWS", 2)
    batches = list(JsonPages(FIELDS).batches(KEY, [b'[{}, {"id": 2}, 3, {"id": 4}, {}]'], 100))
    assert [batch["_row"].to_pylist() for batch in batches] == [[101, 102], [103, 104], [105]]


DRIFT = {
    "nothing new": (b'[{"id": 1, "offer": {"id": 2}, "payouts": []}]', ()),
    "names and objects": (b'[{"n": 1, "offer": {"name": {}}}, {"n": 2, "m": {"y": 3}}]', ("n", "offer.name", "m")),
    "what a column reads as a whole": (b'[{"payouts": {"of": {"it": 1}}}]', ()),
    "a value in place of an object": (b'[{"offer": null}, {"offer": "text"}, {"offer": 3}]', ("offer",)),
    "in records that cannot be read": (b'[["new"], "new"]', ()),
}  # fmt: skip


@pytest.mark.parametrize("what", DRIFT)
def test_paths_that_no_column_reads_are_reported(what: str) -> None:
    """Dotted, each once, in the order in which they are met; of a new object only its own."""
    content, extra = DRIFT[what]
    assert JsonPages(FIELDS).survey(KEY, [content]).extra_columns == extra


def test_of_many_new_paths_a_hundred_are_reported() -> None:
    """An object whose names are values would fill the report."""
    content = orjson.dumps([{f"key{number}": 1} for number in range(1000)])
    assert len(JsonPages(FIELDS).survey(KEY, [content]).extra_columns) == 100


def test_a_page_in_which_no_record_has_a_needed_path_is_refused() -> None:
    """It is another report, or the API has changed; a path that some records lack is NULL there."""
    source = JsonPages(fields_of("id", "offer.id", "payouts", optional=["payouts"]))
    with pytest.raises(FileUnreadable, match=r"it lacks offer\.id; it has id, x, offer\.name$"):
        source.survey(KEY, [b'[{"id": 1}, {"offer": {"name": 1}, "x": 2}]'])
    with pytest.raises(FileUnreadable, match=r"it lacks id, offer\.id; it has nothing$"):
        source.survey(KEY, [b"[1, []]"])
    assert not source.survey(KEY, [b'[{"id": 1}, {"offer": {"id": null}}, 7]']).is_empty


def test_a_page_without_records_is_empty() -> None:
    """The last page of an API often is."""
    assert JsonPages(fields_of("id"), ("rows",)).survey(KEY, [b'{"rows": [], "total": 0}']).is_empty


NO_JSON, TOO_DEEP = "it is no JSON document: ", "it is nested deeper than 200 levels"
REFUSED = {
    "nothing": (b"", f"{NO_JSON}Expecting value (line 1, column 1)"),
    "prose": (b"Service Unavailable", f"{NO_JSON}Expecting value (line 1, column 1)"),
    "an upload that broke off": (b'{"rows": [\n{"id": 1}', f"{NO_JSON}Expecting ',' or ']' (line 2, column 10)"),
    "a string without end": (b'{"rows": [{"id": "a', f"{NO_JSON}Unterminated string starting at (line 1, column 18)"),
    "an end after the array": (b'{"rows": []', f"{NO_JSON}Expecting ',' or '}}' (line 1, column 12)"),
    "two documents": (b'{"rows": []} {}', f"{NO_JSON}Extra data (line 1, column 14)"),
    "a comma too many": (b'{"rows": [1,]}', f"{NO_JSON}Expecting value (line 1, column 13)"),
    "a name without quotes": (b"{rows: []}", f"{NO_JSON}Expecting a name in double quotes (line 1, column 2)"),
    "no colon": (b'{"rows" []}', f"{NO_JSON}Expecting ':' (line 1, column 9)"),
    "a number of Python": (b'{"rows": [NaN]}', f"{NO_JSON}NaN is no JSON value"),
    "a number with a zero": (b'{"rows": [01]}', f"{NO_JSON}Expecting ',' or ']' (line 1, column 12)"),
    "Latin-1": (b'{"rows": ["Caf\xe9"]}', f"{NO_JSON}it is not UTF-8"),
    "half a character at the end": (b'{"rows": []}\xc3', f"{NO_JSON}it is not UTF-8"),
    "no array": (b'{"error": "no key"}', "it has no array `rows`"),
    "something else by its name": (b'{"rows": {}}', "it has no array `rows`"),
    "an array without a name": (b"[]", "it has no array `rows`"),
    "two of them": (b'{"rows": [], "rows": [1]}', "it names `rows` twice"),
    "depth": (b'{"rows": [' + b"[" * 201 + b"]" * 201 + b"]}", TOO_DEEP),
    "depth without end": (b'{"rows": [' + b'{"a":' * 100_000, TOO_DEEP),
    "depth beside the array": (b'{"x": ' + b"[" * 300 + b"]" * 300 + b', "rows": []}', TOO_DEEP),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_page_is_refused_in_one_sentence(what: str) -> None:
    """Whatever came instead of a page, in whatever chunks, is named with what is wrong and where."""
    content, problem = REFUSED[what]
    for chunks in ([content], chunks_of(content, [3])):
        with pytest.raises(FileUnreadable) as refused:
            JsonPages(FIELDS, ("rows",)).survey(KEY, chunks)
        assert str(refused.value) == f"`{KEY}` is refused: {problem}"


def test_as_deep_as_allowed_is_read() -> None:
    """Brackets in strings do not count."""
    deep = "[" * 199 + '"[[["' + "]" * 199
    assert rows_of(JsonPages(FIELDS), [f'[{{"id": {deep}}}]'.encode()]) == {1: (deep, None, None)}


def test_a_document_that_is_the_array_may_be_nothing_else() -> None:
    """Without a path the document is looked at itself."""
    with pytest.raises(FileUnreadable, match=r"is refused: its document is no array$"):
        JsonPages(FIELDS).survey(KEY, [b'{"rows": []}'])


def test_a_document_that_is_too_long_is_refused_before_more_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks beyond the limit stay where they are; a document of exactly that length is read."""
    monkeypatch.setattr(json_document, "LONGEST_DOCUMENT", 2 << 20)
    source, mebibyte = JsonPages(FIELDS), b" " * (1 << 20)
    assert source.survey(KEY, [b"[]", mebibyte, mebibyte[2:]]).is_empty
    left = iter([b"[]", mebibyte, mebibyte, b"never", b"taken"])
    with pytest.raises(FileUnreadable, match="it is longer than the 2 MiB that a JSON document may have"):
        source.survey(KEY, left)
    assert list(left) == [b"never", b"taken"]
