"""What a refusal says: what a file is that is no CSV, no JSON page or no gzip file, and names that can be read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets.core.shown import listed, name_shown, visible
from lakehouse_assets.errors import FileUnreadable
from lakehouse_assets.formats.compression import unpacked
from lakehouse_assets.formats.csv_format import Csv
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.protocol import Field

NAMES = ("order_id", "user_id", "total")
FIELDS = tuple(Field(name, (name,)) for name in NAMES)
TEXT = "order_id,user_id,total\n1,7,10.00\n2,8,11.00\n"


def zipped(*names: str) -> bytes:
    """A ZIP archive with entries of these names."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x")
    return held.getvalue()


def tarred() -> bytes:
    """A tar archive with a CSV in it."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        entry = tarfile.TarInfo("x.csv")
        entry.size = len(TEXT)
        archive.addfile(entry, io.BytesIO(TEXT.encode()))
    return held.getvalue()


def parquet() -> bytes:
    """A Parquet file."""
    held = io.BytesIO()
    pq.write_table(pa.table({"order_id": [1]}), held)
    return held.getvalue()


NO_CSV = {
    "semicolons": (TEXT.replace(",", ";").encode(), "its fields are separated by `;`, not by commas"),
    "tabs": (TEXT.replace(",", "\t").encode(), "its fields are separated by tabs, not by commas"),
    "pipes": (TEXT.replace(",", "|").encode(), "its fields are separated by `|`, not by commas"),
    "semicolons around a comma": (b"order_id;user_id;total,EUR\n", "its fields are separated by `;`, not by commas"),
    "quoted, semicolons": (b'"order_id";"user_id";"total"\n', "its fields are separated by `;`, not by commas"),
    "UTF-16": (TEXT.encode("utf-16"), "it is UTF-16 text, not CSV; save it as UTF-8"),
    "UTF-16, big end first": ("\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"), "it is UTF-16 text, not CSV"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "it is UTF-16 text, not CSV; save it as UTF-8"),
    "UTF-32": (TEXT.encode("utf-32"), "it is UTF-32 text, not CSV; save it as UTF-8"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "it is a spreadsheet (xlsx), not CSV; save it as CSV"),
    "ods": (zipped("mimetype", "content.xml"), "it is a spreadsheet (ods), not CSV; save it as CSV"),
    "xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "it is a spreadsheet or document of older Office programs"),
    "zip": (zipped("orders.csv"), "it is a ZIP archive, not CSV"),
    "tar": (tarred(), "it is a tar archive, not CSV"),
    "gzip by another name": (
        gzip.compress(TEXT.encode(), mtime=0),
        "it is packed by gzip, but its name does not end in `.gz`",
    ),
    "bzip2": (bz2.compress(TEXT.encode()), "it is packed by bzip2, not CSV"),
    "xz": (lzma.compress(TEXT.encode()), "it is packed by xz, not CSV"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "it is a 7z archive, not CSV"),
    "parquet": (parquet(), "it is a Parquet file, not CSV"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\n", "it is a PDF, not CSV"),
    "html": (b"\n<!DOCTYPE html>\n<html>", "it is an HTML page, not CSV"),
    "json": (b'[\n {"order_id": 1}]', "it is JSON, not CSV"),
    "an object of JSON": (b'{"order_id": 1, "user_id": 2}\n', "it is JSON, not CSV"),
    "xml": (b'<?xml version="1.0"?>\n', "it is XML, not CSV"),
    "zeros": (bytes(300), "it is nothing but zero bytes, not CSV"),
    "a title": (b"Orders of March\n" + TEXT.encode(), "its first line is no CSV header: `Orders of March`"),
    "what Excel is told": (b"sep=,\n" + TEXT.encode(), "its first line is `sep=,`, which only Excel understands"),
    "a bell": (b"ring\x07\n", r"its first line is no CSV header: `ring\x07`"),
}


def refusal(look: Callable[[], object]) -> str:
    """Why a file is refused, without its name."""
    with pytest.raises(FileUnreadable) as refused:
        look()
    problem: str = refused.value.facts["problem"]
    return problem


@pytest.mark.parametrize(("content", "says"), NO_CSV.values(), ids=NO_CSV.keys())
def test_a_file_that_is_no_csv_is_called_what_it_is(content: bytes, says: str) -> None:
    """Whichever way it is looked at."""
    reader = Csv(FIELDS)
    assert refusal(lambda: reader.survey("x.csv", iter([content]))).startswith(says)
    assert refusal(lambda: list(reader.batches("x.csv", iter([content]), 0))).startswith(says)


def test_a_tar_that_is_packed_by_gzip_is_called_a_tar() -> None:
    """Its content is looked at, not its name."""
    packed = gzip.compress(tarred(), mtime=0)
    says = refusal(lambda: Csv(FIELDS).survey("x.csv.gz", unpacked("x.csv.gz", iter([packed]))))
    assert says == "it is a tar archive, not CSV"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (TEXT.encode(), "its name ends in `.gz`, but it is not packed by gzip"),
        (zipped("x.csv"), "its name ends in `.gz`, but it is a ZIP archive"),
        (b"\x1f", "it is no complete gzip file"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-4], "it is no complete gzip file"),
    ],
)
def test_what_is_not_packed_by_gzip_is_told_from_what_breaks_off(content: bytes, says: str) -> None:
    """A name that ends in .gz is a promise."""
    assert refusal(lambda: list(unpacked("x.csv.gz", iter([b"", content])))) == says


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html><body>503</body></html>", "it is an HTML page, no JSON document"),
        ('{"records": []}'.encode("utf-16"), "it is UTF-16 text, no JSON document"),
        (gzip.compress(b"{}", mtime=0), "it is packed by gzip, but its name does not end in `.gz`"),
        (b"{,}", "it is no JSON document: Expecting a name in double quotes (line 1, column 2)"),
        (b'{"a": "\xff"}', "it is no JSON document: it is not UTF-8"),
    ],
)
def test_a_page_that_is_no_json_is_called_what_it_is(content: bytes, says: str) -> None:
    """An error page of a server says so."""
    assert refusal(lambda: JsonPages(FIELDS, ("records",)).survey("x.json", iter([content]))) == says


def test_names_that_look_alike_can_be_told_apart() -> None:
    """A zero-width space in a header is shown as an escape."""
    content = TEXT.replace("order_id", "order_id\u200b").encode()
    says = refusal(lambda: Csv(FIELDS).survey("x.csv", iter([content])))
    assert says == r"it lacks order_id; it has order_id\u200b, user_id, total"


def test_a_sentence_lists_ten_names_at_most() -> None:
    """A header of a hundred thousand names is one line."""
    content = ",".join(f"c{n}" for n in range(100_000)).encode()
    says = refusal(lambda: Csv(FIELDS).survey("x.csv", iter([content])))
    assert says == ("it lacks order_id, user_id, total; it has c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 99,990 more")


def test_every_character_that_cannot_be_seen_is_an_escape() -> None:
    """Controls, blanks other than the space, marks of direction and half characters; all others stay."""
    assert visible("a b\tc\x1b[2J\u00a0\u202e\udcff\x85 Ä 日本") == r"a b\tc\x1b[2J\xa0\u202e\udcff\x85 Ä 日本"
    assert name_shown(" ") == '" "'
    assert listed(["a", "", "b\n"]) == r'a, "", b\n'
