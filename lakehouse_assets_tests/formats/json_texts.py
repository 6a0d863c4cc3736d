"""JSON documents as people and programs write them: any blanks, any escapes, numbers in every spelling."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st


class Number(str):
    """A number as it is written."""

    __slots__ = ()


NUMBERS = st.sampled_from(
    [
        "0",
        "-0",
        "7",
        "-12",
        "1.10",
        "0.000001",
        "123456789012.345678",
        "1e2",
        "-1.50E+3",
        "18446744073709551616",
        "1E400",
    ]
).map(Number)
STRINGS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ['"', "\\", "\n", "\u2028", "é", "😀", "]},"]
)
SCALARS = NUMBERS | STRINGS | st.booleans() | st.none()
NAMES = st.sampled_from(["id", "offer", "payouts", "other", "é"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=4)
BLANKS = st.sampled_from(["", " ", "\n", "\r\n\t "])


def rendered(value: Any, blank: str, *, ascii_only: bool) -> str:
    """A value as JSON text, with blanks wherever they may be."""
    between = f"{blank},{blank}"
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (
            f"{rendered(name, '', ascii_only=ascii_only)}{blank}:{blank}{rendered(inner, blank, ascii_only=ascii_only)}"
            for name, inner in value.items()
        )
        return f"{{{blank}{between.join(members)}{blank}}}"
    if isinstance(value, list):
        return f"[{blank}{between.join(rendered(inner, blank, ascii_only=ascii_only) for inner in value)}{blank}]"
    return json.dumps(value, ensure_ascii=ascii_only)


def text_of(value: Any) -> str | None:
    """The text that a column has of a value, worked out from the value and not from a document."""
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return rendered(value, "", ascii_only=False)
