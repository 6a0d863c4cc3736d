"""From bytes to records: which files are read, which refused, and that both roads through a file see the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.load import mixed
from lakehouse_assets.load.reader import Lines, Record, plain_records, records
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.load.staged import judged
from lakehouse_assets_tests.oracle import COLUMNS, File, read_records

HEADER = "product_id,department_id,department,product_name"
NAMES = COLUMNS["products"]


def products(content: str | bytes, key: str = "products.csv") -> File:
    """A products file with exactly this content."""
    content = content.encode() if isinstance(content, str) else content
    return replace(csv_file("products", key, ""), content=gzip.compress(content) if key.endswith(".gz") else content)


def names(tmp_path: Path, content: str | bytes, key: str = "products.csv") -> list[tuple[int, str | None]]:
    """Line and product name of every row of a file, as the engine has them."""
    return [(row["at"][1], row["product_name"]) for row in judged(LakeDriver(tmp_path), [products(content, key)])[1]]


FORMS = {
    "byte order mark": f"\ufeff{HEADER}\n1,2,3,A\n",
    "CRLF": f"{HEADER}\r\n1,2,3,A\r\n",
    "CR": f"{HEADER}\r1,2,3,A\r",
    "mixed newlines": f"{HEADER}\r\n1,2,3,A\n",
    "quotes": f'{HEADER}\n"1","2",3,"A"\n',
    "quoted header": '"product_id",department_id,"department",product_name\n1,2,3,A\n',
    "another order": "product_name,department,product_id,department_id\nA,3,1,2\n",
    "blanks in the header": "product_id , department_id,\tdepartment,product_name\n1,2,3,A\n",
    "no newline at the end": f"{HEADER}\n1,2,3,A",
    "further columns": f"x,{HEADER},file_index\n9,1,2,3,A,7\n",
    "a further column twice": f"x,{HEADER},x\n9,1,2,3,A,7\n",
    "further columns without a name": f"{HEADER},,\n1,2,3,A,,\n",
    "a further column in other case": f"{HEADER},Product_Name\n1,2,3,A,B\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_read_in_any_form_that_csv_allows(tmp_path: Path, form: str) -> None:
    """Marks, newlines, quotes, the order of columns and columns nobody knows change nothing about the row."""
    _, rows = judged(LakeDriver(tmp_path), [products(FORMS[form])])
    expected = dict(zip(NAMES, ("1", "2", "3", "A"), strict=True))
    assert rows == [expected | {"at": (0, 2), "codes": [], "warnings": []}]


BODIES = {
    "doubled quotes": ('1,2,3,"say ""A"""\n', [(2, 'say "A"')]),
    "a newline in quotes": ('1,2,3,"A\r\nB"\n4,2,3,C\n', [(2, "A\r\nB"), (4, "C")]),
    "text after a quote": ('1,2,3,"A"x\n4,2,3,C\n', [(2, None), (3, "C")]),
    "an unclosed quote": ('1,2,3,"A\n4,2,3,C\n5,2,3,D\n', [(2, None), (3, "C"), (4, "D")]),
    "a trailing comma": ("1,2,3,A,\n4,2,3,C\n", [(2, None), (3, "C")]),
    "a short line": ("1,2,3\n4,2,3,C\n", [(2, None), (3, "C")]),
    "a long and a short line": ("1,2,3,A,5\n4,2,3\n5,2,3,C\n", [(2, None), (3, None), (4, "C")]),
    "a blank line": ("\n1,2,3,A\n\n4,2,3,C\n\n", [(3, "A"), (5, "C")]),
    "a line of spaces": ("1,2,3,A\n   \n", [(2, "A"), (3, None)]),
    "a NUL": ("1,2,3,A\0B\n", [(2, "A\0B")]),
    "a line separator of Unicode": ("1,2,3,A\u2028B\x85\n4,2,3,C\n", [(2, "A\u2028B\x85"), (3, "C")]),
    "what other readers take for NULL": ("1,2,3,NULL\n2,2,3,\\N\n#,2,3, A \n", [(2, "NULL"), (3, "\\N"), (4, " A ")]),
    "a very long field": (f"1,2,3,{'A' * 200_000}\n", [(2, "A" * 200_000)]),
    "a very long field in quotes": (f'1,2,3,"{"A" * 200_000}"\n', [(2, "A" * 200_000)]),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_record_costs_only_itself(tmp_path: Path, body: str) -> None:
    """A record that is no CSV is malformed on its first line, the others have their values and physical lines."""
    text, expected = BODIES[body]
    assert names(tmp_path, f"{HEADER}\n{text}") == expected


def test_bytes_that_are_no_utf8_make_one_record_malformed(tmp_path: Path) -> None:
    """A Latin-1 name is a reject that still shows what stood there; its neighbours are read."""
    lake = LakeDriver(tmp_path)
    lake.load(products(f"{HEADER}\n1,2,3,".encode() + b"Caf\xe9\n2,2,3,Tea\n"))
    assert list(lake.rejects().values()) == [("1,2,3,Caf\\xe9", ("row_malformed",))]
    assert list(lake.silver()["products"]) == ["2"]


REFUSED = {
    "a missing column": (b"product_id,department,product_name\n1,2,3\n", "lacks department_id"),
    "a column twice": (HEADER.encode() + b",department\n", "names department twice"),
    "binary junk": (bytes(range(128, 256)), "no CSV header"),
    "a broken header": (b'"product_id"x,' + HEADER.encode() + b"\n", "no CSV header"),
    "prose": (b"Dear colleague\nthe export failed\n", "no CSV header"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_is_no_csv_of_its_dataset_is_refused_as_a_whole(tmp_path: Path, what: str) -> None:
    """It is named with its reason and costs nothing but itself."""
    content, reason = REFUSED[what]
    good = products(f"{HEADER}\n1,2,3,A\n", "products/good.csv")
    sources, rows = judged(LakeDriver(tmp_path), [products(content, "products/bad.csv"), good])
    assert (list(sources.refused), len(rows)) == (["products/bad.csv"], 1)
    assert reason in sources.refused["products/bad.csv"]


def test_a_gzip_file_is_read_and_half_of_one_is_refused(tmp_path: Path) -> None:
    """A packed file is a file; one whose upload broke off is refused, as is one that only has the name."""
    whole = products(f"{HEADER}\n1,2,3,A\n", "products/whole.csv.gz")
    half = replace(whole, key="products/half.csv.gz", content=whole.content[:-6])
    fake = replace(whole, key="products/fake.csv.gz", content=b"product_id\n")
    sources, rows = judged(LakeDriver(tmp_path), [whole, half, fake])
    assert [row["product_name"] for row in rows] == ["A"]
    assert sources.refused.keys() == {"products/half.csv.gz", "products/fake.csv.gz"}


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", HEADER.encode(), HEADER.encode() + b"\r\n"])
def test_a_file_without_records_is_fine(tmp_path: Path, content: bytes) -> None:
    """Nothing at all, or a header alone, is no row and no complaint."""
    sources, rows = judged(LakeDriver(tmp_path), [products(content)])
    assert (rows, sources.refused, sources.read) == ([], {}, 0)


NASTY_NAMES = [
    "a b.csv",
    "ü.csv",
    "o'clock.csv",
    "a[1].csv",
    "a*.csv",
    "a?.csv",
    "{a,b}.csv",
    "a=1.csv",
    "a%20b.csv",
    'q".csv',
]


def test_names_mean_nothing_but_themselves(tmp_path: Path) -> None:
    """Spaces, quotes and what other tools take for a pattern are just letters of a file's name."""
    lake = LakeDriver(tmp_path / "department=hive")
    keys = [*NASTY_NAMES, "a1.csv", "ab.csv", *(f"{name}.gz" for name in NASTY_NAMES)]
    lake.load(*(products(f"{HEADER}\n{n},2,3,{n}\n", f"products/{key}") for n, key in enumerate(keys)))
    held = lake.rows("SELECT product_id, department, _file FROM delta_lakehouse.clean_products")
    assert {row["product_id"]: row["_file"] for row in held} == {str(n): f"products/{k}" for n, k in enumerate(keys)}
    assert {row["department"] for row in held} == {"3"}


def test_columns_that_nobody_knows_are_reported(tmp_path: Path) -> None:
    """The run report names them by file."""
    report = LakeDriver(tmp_path).load(products(f"{HEADER},colour,size\n1,2,3,A,red,L\n"))
    assert report.extra_columns == {"products.csv": ["colour", "size"]}


PIECES = ['"', '""', ",", "\n", "\r\n", "\r", "1", "x y", "é", "\0", '",', '\n"', "1,2,3,4\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_records_are_those_of_strict_csv(pieces: list[str]) -> None:
    """Of any text the reader makes the records that Python's strict csv makes; broken quoting costs one line."""
    text = f"{HEADER}\n{''.join(pieces)}"
    found = [r if r.fields and len(r.fields) == 4 else replace(r, fields=None) for r in records(text.encode())]
    assert found[1:] == list(expected_records(text))


HIDDEN = '1,2,3,"a\n1,2,3,4\n1,2,3,4\n5"\n'
SPOTS = [
    *PIECES,
    HIDDEN,
    '"a,b"',
    '""',
    '"a ""b"""',
    ',"c"',
    '"d",',
    '1,"2",3,"4"\r\n',
    '"1","2,2","","4"\n',
    '"1\n2",3,4,5\n',
]


@given(st.lists(st.sampled_from(SPOTS), max_size=40), st.sampled_from(["", "\n", "\udce9\n"]))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_lines_that_leave_no_doubt_are_records_of_strict_csv_too(pieces: list[str], tail: str) -> None:
    """Whichever reader takes a line of a mixed file, it makes what strict CSV makes; here two lines are a block."""
    content = f"{HEADER}\n{''.join(pieces)}{tail}".encode("utf-8", "surrogateescape")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixed, "BLOCK_LINES", 2)
        found = [row for batch in mixed.batches(content, 0, NAMES, NAMES) for row in batch.to_pylist()]
    strict = [(r.line, r.fields if r.fields and len(r.fields) == 4 else None) for r in records(content)]
    values = [(r["_row"], None if r["_malformed"] else tuple(r[name] for name in NAMES)) for r in found]
    assert sorted(values, key=itemgetter(0)) == strict[1:]


def test_a_byte_order_mark_in_the_middle_of_a_file_is_text() -> None:
    """Also where the fast reader's block begins with it; only the one at the start of a file is none of its data."""
    content = "\ufeffid,name\n\ufeff1,a\n\ufeff2,b\n".encode()
    rows = [row for batch in mixed.batches(content, 0, ("id", "name"), ("id", "name")) for row in batch.to_pylist()]
    assert [row["id"] for row in rows] == ["\ufeff1", "\ufeff2"]


def test_empty_lines_of_a_file_with_one_column_are_no_records() -> None:
    """Where a record has no comma, an empty line looks like one."""
    batch = next(mixed.batches(b"id\n\n1\n\r\n2\n", 0, ("id",), ("id",)))
    assert batch.to_pydict() == {"_row": [3, 5], "_malformed": [False, False], "id": ["1", "2"]}


@pytest.mark.parametrize("row", ["1,2,3,Tea", '"1","2","3","Tea"', '1,2,3,"Tea, green"'])
def test_a_line_with_whole_fields_in_quotes_leaves_no_doubt(row: str) -> None:
    """What exporters write goes to the fast reader even where another line is broken."""
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        record = Lines.record
        patch.setattr(Lines, "record", lambda self, line: asked.append(line) or record(self, line))
        found = list(mixed.batches(f'{HEADER}\n{row}\n1,"2"x,3,4\n{row}\n'.encode(), 0, NAMES, NAMES))
    assert sum(batch.num_rows for batch in found) == 3
    assert asked == [0, 2]


def expected_records(text: str, above: int = 0) -> Iterator[Record]:
    """The oracle's records; after broken quoting that runs over lines it starts anew on the second of them."""
    lines = list(io.StringIO(text, newline=""))
    for line, values, raw in read_records(text.encode(), NAMES):
        if values is None and is_broken(raw):
            yield Record(above + line, None, lines[line - 1].rstrip("\r\n"))
            yield from expected_records(f"{HEADER}\n{''.join(lines[line:])}", above + line - 1)
            return
        yield Record(above + line, tuple(map(str, values.values())) if values else None, raw)


def is_broken(raw: str) -> bool:
    """Whether strict CSV refuses the quoting of this text."""
    try:
        list(csv.reader(io.StringIO(raw, newline=""), strict=True))
    except csv.Error:
        return True
    return False


FIELDS = st.sampled_from(
    ["", "1", "x y", " ", "é", "NULL", "\\", "'", "#", "\t", "\x0b", "\u2028", "2025-04-01", "\ufeff"]
)
LINES = st.lists(FIELDS, min_size=4, max_size=4).map(",".join) | st.lists(FIELDS, min_size=3, max_size=5).map(",".join)
TEXTS = st.tuples(st.sampled_from(["\n", "\r\n"]), st.lists(LINES, max_size=6), st.booleans()).map(
    lambda text: text[0].join([HEADER, *text[1]]) + (text[0] if text[2] else "")
)


@given(st.lists(TEXTS, min_size=4, max_size=8))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_the_fast_road_sees_what_the_strict_one_sees(texts: list[str]) -> None:
    """Rows, codes and line numbers of files without quotes are the same whichever reader takes them."""
    files = [products(text, f"products/{n}.csv") for n, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        lake = LakeDriver(Path(folder))
        strict, slow = judged(lake, files, strict=True)
        either, fast = judged(lake, files)
    assert fast == slow
    assert either.read == strict.read == len(fast)
    assert strict.native == []


@pytest.mark.parametrize("content", [f"{HEADER}\n1,2,3,4\n5,6,7,8\n", f"{HEADER}\r\n1,2,3,é\r\n5,6,7,8"])
def test_a_clean_file_is_plain(content: str) -> None:
    """What most files are is counted from bytes alone and goes to the engine's own reader."""
    assert plain_records(content.encode(), 4) == 2


@pytest.mark.parametrize("form", ["CR", "mixed newlines", "quotes", "quoted header"])
def test_a_file_that_readers_disagree_about_is_not_plain(form: str) -> None:
    """Quotes and mixed newlines are for the strict reader."""
    assert plain_records(FORMS[form].encode(), 4) is None


def test_silver_knows_the_physical_line_of_every_row(tmp_path: Path) -> None:
    """Over plain, quoted, packed and gappy files `_line` counts every line from the header's 1."""
    plain, packed = (HEADER + "\r\n" + "".join(f"{k}{n},2,3,{n}\r\n" for n in range(2, 9)) for k in "pg")
    gappy = f'{HEADER}\n\nq3,2,3,"a\nb"\nq5,2,3,c\nbad\nq7,2,3,d'
    lake = LakeDriver(tmp_path)
    lake.load(products(plain, "products/z.csv"), products(gappy), products(packed, "products/g.csv.gz"))
    held = lake.rows("SELECT product_id, _line FROM delta_lakehouse.clean_products")
    assert len(held) == 7 + 3 + 7
    assert all(int(row["product_id"][1:]) == row["_line"] for row in held)
