r"""Say what a file is that is not what it should be, so that whoever dropped it knows what to do.

The first bytes tell: numbers that formats begin with (https://en.wikipedia.org/wiki/List_of_file_signatures), byte
order marks, and how text begins. Nothing is decided here: a file is refused for other reasons, and then looked at.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from lakehouse_assets.core.shown import name_shown

HEAD_BYTES = 1 << 16
"""How many bytes are looked at: names in a ZIP archive stand behind the first packed file."""
PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
}
SIGNATURES = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a spreadsheet or document of older Office programs (xls, doc)",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"PAR1": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\x00": "an SQLite database",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a rich text document (rtf)",
    b"\x89PNG": "a picture (png)",
    b"\xff\xd8\xff": "a picture (jpeg)",
    b"GIF8": "a picture (gif)",
}
IN_ZIP = {
    b"application/vnd.oasis.opendocument.spreadsheet": "a spreadsheet (ods)",
    b"xl/": "a spreadsheet (xlsx)",
    b"word/": "a document (docx)",
    b"[Content_Types].xml": "a spreadsheet or document of an Office program (xlsx, docx)",
}
MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
HTML = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
JSON = re.compile(rb"\{|\[\s*([{\[\]\"]|$)")
TAR = (257, b"ustar")
SEPARATORS = {";": "`;`", "\t": "tabs", "|": "`|`"}
EXCEL_LINE = re.compile(r'"?sep=(.)"?', re.DOTALL)


def kind_of(head: bytes) -> str | None:
    """Return what a file is, in words that go on after `it is`; None for text that begins like any other.

    >>> kind_of(b"PAR1"), kind_of(b"id,name")
    ('a Parquet file', None)
    """
    packed = next((name for start, name in PACKED.items() if head.startswith(start)), None)
    if packed:
        return f"packed by {packed}"
    if head.startswith(b"PK\x03\x04"):
        return next((kind for name, kind in IN_ZIP.items() if name in head), "a ZIP archive")
    if head[TAR[0] :].startswith(TAR[1]):
        return "a tar archive"
    known = next((kind for start, kind in SIGNATURES.items() if head.startswith(start)), None)
    return known or _encoding(head) or _markup(head)


def no_csv(head: bytes, line: str, needed: Collection[str]) -> str | None:
    """Say what a file is that is no CSV, as a clause that goes on after the file's name; None when it may be one.

    Args:
        head: its first bytes.
        line: its first line as text.
        needed: the columns that it should have.
    """
    kind = kind_of(head)
    if kind is None:
        separator = separator_of(line, needed)
        if EXCEL_LINE.fullmatch(line.strip()):
            return f"its first line is `{name_shown(line.strip())}`, which only Excel understands, and not its header"
        if separator:
            return f"its fields are separated by {separator}, not by commas"
        return None
    if kind.startswith("packed by gzip"):
        return "it is packed by gzip, but its name does not end in `.gz`"
    advice = "; save it as UTF-8" if kind.startswith("UTF-") else "; save it as CSV" if "spreadsheet" in kind else ""
    return f"it is {kind}, not CSV{advice}"


def no_json(head: bytes, problem: str) -> str:
    """Say why a file is no JSON document: what it is, or else what is wrong with it."""
    kind = kind_of(head)
    if kind is None or kind == "JSON":
        return f"it is no JSON document: {problem}"
    if kind.startswith("packed by gzip"):
        return "it is packed by gzip, but its name does not end in `.gz`"
    return f"it is {kind}, no JSON document"


def no_gzip(head: bytes) -> str:
    """Say why a file whose name ends in `.gz` cannot be unpacked."""
    return f"its name ends in `.gz`, but it is {kind_of(head) or 'not packed by gzip'}"


def separator_of(line: str, needed: Collection[str]) -> str | None:
    """Return in words what separates the needed names in a line, when it is no comma.

    >>> separator_of("id;name", ["id", "name"]), separator_of("id,name", ["id", "name"])
    ('`;`', None)
    """

    def names(separator: str) -> set[str]:
        return {name.strip(' \t"') for name in line.split(separator)} & set(needed)

    found = max(SEPARATORS, key=lambda separator: len(names(separator)))
    return SEPARATORS[found] if len(names(found)) > len(names(",")) else None


def _encoding(head: bytes) -> str | None:
    """Return the encoding of text that is not UTF-8, where its first bytes tell; NUL bytes do without a mark."""
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked:
        return f"{marked} text"
    start = head[:64]
    if start and not any(start):
        return "nothing but zero bytes"
    if len(start) > 3 and 0 in (any(start[0::2]), any(start[1::2])):  # noqa: PLR2004 - two characters
        return "UTF-16 text"
    return None


def _markup(head: bytes) -> str | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if HTML.match(text):
        return "an HTML page"
    if text.startswith(b"<?xml"):
        return "XML"
    return "JSON" if JSON.match(text) else None
