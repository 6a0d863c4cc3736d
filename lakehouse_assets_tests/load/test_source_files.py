"""From bytes to records: which files are read, which refused, and that both roads through a file see the same rows."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import LandingChanged
from lakehouse_assets.formats.registry import format_of
from lakehouse_assets.load import file_source, source_files
from lakehouse_assets.load.file_source import FileSource, LandedObjects
from lakehouse_assets.load.source_files import survey
from lakehouse_assets.sql import silver
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.load.staged import judged
from lakehouse_assets_tests.oracle import COLUMNS, File

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


def test_a_packed_file_that_breaks_off_behind_what_was_looked_at_is_refused(tmp_path: Path) -> None:
    """That it is not plain shows in its first rows, that its end is missing only at the end."""
    rows = "".join(f'{n},"2",3,A{n * 7919}\n' for n in range(200_000))
    whole = products(f"{HEADER}\n{rows}", "products/large.csv.gz")
    sources, found = judged(LakeDriver(tmp_path), [replace(whole, content=whole.content[:-9])])
    assert (list(sources.refused), found) == (["products/large.csv.gz"], [])


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


@dataclass
class Trusting:
    """A landing that takes every file for unchanged."""

    inner: LandedObjects

    def is_unchanged(self, entry: FileEntry) -> bool:
        """It says so."""
        return bool(entry)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


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


def small_files(*bodies: str) -> list[File]:
    """Plain files with these lines below their header, one more in another order of columns, and one that is packed."""
    plain = [products(f"{HEADER}\n{body}", f"products/{number}.csv") for number, body in enumerate(bodies)]
    swapped = products("product_name,department,x,product_id,department_id\nF,2,9,7,3\n", "products/s.csv")
    return [*plain, swapped, products(f"{HEADER}\n8,2,3,G\n", "products/t.csv.gz")]


def test_many_small_files_are_read_as_each_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together, in bundles of some, they give the same rows with the same lines as through the engine's reader."""
    files = small_files("1,2,3,A\n", "2,2,3,B", "3,2,3,C\n4,2,3,\n")
    one_by_one = judged(LakeDriver(tmp_path / "native"), files)[1]
    monkeypatch.setattr(source_files, "MANY_FILES", 1)
    monkeypatch.setattr(file_source, "BUNDLE_BYTES", 120)
    sources, together = judged(LakeDriver(tmp_path / "small"), files)
    assert (len(sources.small), len(sources.native), sources.read) == (4, 1, 6)
    assert together == one_by_one


def test_a_small_file_that_only_looks_plain_is_read_strictly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commas add up, its lines do not: two malformed rows, and nothing happens to the others."""
    monkeypatch.setattr(source_files, "MANY_FILES", 1)
    sources, rows = judged(LakeDriver(tmp_path), small_files("5,2,3\n6,2,3,D,E\n", "9,2,3,H\n"))
    assert sources.small == []
    assert [row["codes"] for row in rows] == [["row_malformed"]] * 2 + [[]] * 3


def test_silver_knows_the_physical_line_of_every_row(tmp_path: Path) -> None:
    """Over plain, quoted, packed and gappy files `_line` counts every line from the header's 1."""
    plain, packed = (HEADER + "\r\n" + "".join(f"{k}{n},2,3,{n}\r\n" for n in range(2, 9)) for k in "pg")
    gappy = f'{HEADER}\n\nq3,2,3,"a\nb"\nq5,2,3,c\nbad\nq7,2,3,d'
    lake = LakeDriver(tmp_path)
    lake.load(products(plain, "products/z.csv"), products(gappy), products(packed, "products/g.csv.gz"))
    held = lake.rows("SELECT product_id, _line FROM delta_lakehouse.clean_products")
    assert len(held) == 7 + 3 + 7
    assert all(int(row["product_id"][1:]) == row["_line"] for row in held)


def test_a_file_that_goes_while_it_is_looked_at_is_left_out(tmp_path: Path) -> None:
    """It was there when the run asked whether it had changed, and is not when its bytes are wanted."""
    lake = LakeDriver(tmp_path)
    work = lake.work(lake.drop(products(FORMS["quotes"])))
    (lake.landing / "products.csv").unlink()
    source_format = format_of(work.datasets["products"], lake.known["silver.clean_products"])
    source = FileSource(source_format, Trusting(work.landing), dict(enumerate(work.manifest.files)))
    with closing(lake.engine()) as engine:
        sources = survey(source, engine)
    assert (sources.skipped, sources.refused, sources.odd) == (["products.csv"], {}, {})


@pytest.mark.parametrize("replaced", [None, b"prose\n", f'{HEADER}\n"1",2,3\n'.encode()])
def test_a_file_that_changes_behind_the_survey_fails_the_try(tmp_path: Path, replaced: bytes | None) -> None:
    """Gone or another one, it is met while the engine takes its records, and the error comes out as it is."""
    lake = LakeDriver(tmp_path)
    work, engine = lake.work(lake.drop(products(FORMS["quotes"]))), lake.engine()
    contract = lake.known["silver.clean_products"]
    source_format = format_of(work.datasets["products"], contract)
    source = FileSource(source_format, work.landing, dict(enumerate(work.manifest.files)))
    sources = survey(source, engine)
    path = lake.landing / "products.csv"
    path.unlink() if replaced is None else path.write_bytes(replaced)
    for look in (
        lambda: engine.stage("parsed", sources.text(None), silver.parsed(contract)) and sources.check_unchanged(engine),
        lambda: list(source.raw_text(0, [2])),
    ):
        with pytest.raises(LandingChanged, match=r"products.csv. changed while it was being read"):
            look()
    engine.close()
