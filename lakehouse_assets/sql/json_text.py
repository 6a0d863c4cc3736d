r"""Read JSON text as arrays and records of single values, without relying on what an engine takes for JSON.

A regular expression of RFC 8259 looks at the whole text first: one flat array, or one flat object. Only what it lets
through is taken apart, again by regular expressions, so that every engine sees the same pieces; an engine's own JSON
function is asked for nothing but what the escapes of one string stand for. Then each piece goes through the cast of its
type like any other text (`scalars`), numbers as they are written.

NULL as a whole is: text that is no flat JSON of that kind; a piece that does not fit its type; a field that stands
twice; an escape in a field's name, `\u0000`, or half of a surrogate pair. A piece that is `null` or blank is NULL,
a field that does not stand there too; fields that the type does not name are passed over.

The patterns are possessive (`*+`): nothing in JSON is ambiguous, and Java's matcher needs no stack then, however long
the text is.
"""

from __future__ import annotations

from functools import partial

from lakehouse_assets.contracts.types import ColumnType
from lakehouse_assets.sql.scalars import SCALARS, blank
from lakehouse_assets.sql.words import Words

BACKSLASH = "\\"
SPACE = r"[ \t\n\r]*+"
PLAIN = r'[^"\\\x00-\x1f]*+'
UNIT = (
    r"u(?:0(?:0(?:0[1-9a-fA-F]|[1-9a-fA-F][0-9a-fA-F])|[1-9a-fA-F][0-9a-fA-F]{2})|[1-9a-ce-fA-CE-F][0-9a-fA-F]{3}"
    r"|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""Matches a character written by its number: not 0, surrogates only in pairs."""
STRING = rf'"{PLAIN}(?:\\(?:["\\/bfnrt]|{UNIT}){PLAIN})*+"'
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
VALUE = rf"(?:{STRING}|{NUMBER}|true|false|null)"
PAIR = rf'"{PLAIN}"{SPACE}:{SPACE}{VALUE}'
ARRAY = rf"{SPACE}\[{SPACE}(?:{VALUE}(?:{SPACE},{SPACE}{VALUE})*+)?+{SPACE}\]{SPACE}"
OBJECT = rf"{SPACE}\{{{SPACE}(?:{PAIR}(?:{SPACE},{SPACE}{PAIR})*+)?+{SPACE}\}}{SPACE}"
ELEMENT = rf'{STRING}|[^\[\],"\x00-\x20]+'
"""Matches one value of an array whose text has been checked: a non-string has no brackets, commas or blanks."""


def array(w: Words, zone: str, x: str, kind: ColumnType) -> str:
    """Return the expression for the array that a text stands for; it gives NULL for other text."""
    element = kind.element or kind
    texts = w.each(w.found(x, ELEMENT), partial(_text, w))
    # Nested, since engines may compute both sides of an AND, and only text that matches may be taken apart.
    fits = f"CASE WHEN {w.any_of(texts, partial(_misfits, w, zone, element))} THEN FALSE ELSE TRUE END"
    values = w.each(texts, partial(_value, w, zone, element))
    return f"CASE WHEN {w.matches(x, ARRAY)} THEN CASE WHEN {fits} THEN {values} END END"


def record(w: Words, zone: str, x: str, kind: ColumnType, sql_type_of: dict[str, str]) -> str:
    """Return the expression for the record that a text stands for; it gives NULL for other text.

    Args:
        w: the dialect's words.
        zone: the source time zone.
        x: the text.
        kind: the record's type.
        sql_type_of: the fields' types in the dialect, by name.
    """
    texts = {name: w.let(w.extract(x, _field(name)), partial(_text, w)) for name, _ in kind.fields}
    bad = [f"{w.size(w.found(x, _name(name)))} > 1" for name in texts]
    bad += [w.let(texts[name], partial(_misfits, w, zone, field)) for name, field in kind.fields]
    values = [
        (name, w.let(texts[name], partial(_value, w, zone, field)), sql_type_of[name]) for name, field in kind.fields
    ]
    misfits = " ".join(f"WHEN {condition} THEN NULL" for condition in bad)
    return f"CASE WHEN {w.matches(x, OBJECT)} THEN CASE {misfits} ELSE {w.record(values)} END END"


def _name(name: str) -> str:
    """Return the pattern of a field's name behind a brace or comma; within a string, quotes would have a backslash."""
    return rf'[{{,]{SPACE}"{name}"{SPACE}:'


def _field(name: str) -> str:
    return rf'{_name(name)}{SPACE}({STRING}|[^,}}"\x00-\x20]+)'


def _text(w: Words, piece: str) -> str:
    """Return the text that a piece of JSON stands for: strings unescaped, numbers as written, NULL for null."""
    inside = f"substr({piece}, 2, length({piece}) - 2)"
    has_escape = f"replace({piece}, '{w.escape(BACKSLASH)}', '') <> {piece}"
    escaped = f"CASE WHEN {has_escape} THEN {w.unescaped(piece)} ELSE {inside} END"
    return f"CASE WHEN {piece} = 'null' THEN NULL WHEN substr({piece}, 1, 1) = '\"' THEN {escaped} ELSE {piece} END"


def _value(w: Words, zone: str, kind: ColumnType, text: str) -> str:
    return SCALARS[kind.name](w, zone, text, kind)  # type: ignore[index] # single values only: see contracts/types.py


def _misfits(w: Words, zone: str, kind: ColumnType, text: str) -> str:
    """Return the condition that a piece is neither null nor blank, and still no value of its type."""
    return f"({_value(w, zone, kind, text)}) IS NULL AND NOT ({blank(w, text)})"
