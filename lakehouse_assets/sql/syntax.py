"""Say in words what is wrong with the text of a statement; a parser's own words are for those who write parsers."""

from __future__ import annotations

import re
from typing import Any

from sqlglot.errors import SqlglotError

CLOSING = re.compile(r"Expecting (?P<what>\S+)$")
WANTED = re.compile(r"Expected (?P<what>.+?) but got")
END = "TokenType.SENTINEL"


def problem_of(error: SqlglotError) -> str:
    """Return what is wrong, and where, given what sqlglot says.

    >>> import sqlglot
    >>> try: sqlglot.parse_one("SELECT a FROM WHERE b > 1")
    ... except SqlglotError as found: problem_of(found)
    'a table name is missing before `WHERE` (line 1, column 19)'
    """
    found: list[dict[str, Any]] = getattr(error, "errors", None) or []
    if not found:
        return "a quote or a comment that begins in it does not end"
    first = found[0]
    said, word, before = str(first["description"]), str(first["highlight"]), _last(str(first["start_context"]))
    return f"{_what(said, word, before)} (line {first['line']}, column {first['col']})"


def _what(said: str, word: str, before: str) -> str:
    after = f" after `{before}`" if before else ""
    wanted = WANTED.match(said)
    if wanted:
        what = f"a {wanted['what']}" if wanted["what"][0].islower() else f"`{wanted['what']}`"
        return f"{what} is missing after `{word}`" if END in said else f"{what} is missing before `{word}`"
    closing = CLOSING.match(said)
    if closing:
        return f"`{closing['what']}` is missing after `{word}`"
    if said.startswith("Required keyword"):
        return f"something is missing after `{word}`"
    if "following CTE" in said:
        return "a SELECT is missing after the tables of WITH"
    return f"`{word}` is not expected{after}"


def _last(text: str) -> str:
    words = text.split()
    return words[-1] if words else ""
