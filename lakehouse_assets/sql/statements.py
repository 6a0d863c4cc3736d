"""Take a script apart into its statements, since Athena runs one at a time. Pure."""

from __future__ import annotations

import re

PART = re.compile(
    r"""
    '(?:[^']|'')*'      # text
  | "(?:[^"]|"")*"      # a name in a query
  | `(?:[^`]|``)*`      # a name in DDL
  | --[^\n]*            # a comment
  | /\*.*?\*/           # a comment
  | (?P<end>;)
  | [^'"`;/-]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


def statements(script: str) -> list[str]:
    """Return the statements of a script without the semicolons between them; those in text and comments part nothing.

    >>> statements("CREATE TABLE `a;b` (x int); SELECT ';' /* one; comment */;;")
    ['CREATE TABLE `a;b` (x int)', "SELECT ';' /* one; comment */"]
    """
    found = [""]
    for part in PART.finditer(script):
        if part["end"]:
            found.append("")
        else:
            found[-1] += part[0]
    return [text.strip() for text in found if text.strip()]
