"""Say which names tables, columns and rules may have: those that every engine, catalog and screen takes as they are.

Athena folds names to lower case, rule codes stand beside each other with commas between them, and Dagster's names are
words. Columns of landing are called as files call them, so they may be almost anything.
"""

from __future__ import annotations

import re

NAME = re.compile(r"[a-z_][a-z0-9_]*")
TAKEN = "lower-case letters, digits and _, no digit first"
"""Says in words what `NAME` matches."""
LANDED = "visible characters without quotes, none of them a blank at its ends"
"""Says in words what `is_landed_name` takes."""
QUOTES = frozenset("\"'`")


def is_name(text: object) -> bool:
    """Say whether a text may be the name of a table, a column or a rule.

    >>> is_name("clean_readings"), is_name("_file"), is_name("old readings;"), is_name("Total"), is_name(None)
    (True, True, False, False, False)
    """
    return isinstance(text, str) and NAME.fullmatch(text) is not None


def is_landed_name(text: str) -> bool:
    """Say whether a text may be the name of a landing column, which is what the first line of a file calls it.

    >>> is_landed_name("Station ID"), is_landed_name("naïve"), is_landed_name(" id"), is_landed_name('a"b')
    (True, True, False, False)
    """
    return bool(text) and text.isprintable() and text == text.strip() and not QUOTES & set(text)
