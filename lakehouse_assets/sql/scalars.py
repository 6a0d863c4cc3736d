r"""Read text as single values: which text stands for which value of a type is the same on every engine.

Casts of engines round, take blanks, exponents or words (`NaN`), and raise. So a regular expression looks at the text
first, and only what it lets through is cast. What does not fit a type exactly is NULL: more digits than a DECIMAL
has before or after the point, a number out of the type's range, a day that no month has. A whole number may have
zeros after its point, and a BOOLEAN one, as tools write it that hold integers as floats. Years are 0001 to 9999.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lakehouse_assets.contracts.types import ColumnType, ScalarName
from lakehouse_assets.sql import zones
from lakehouse_assets.sql.words import Words

WHITE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Lists the characters with Unicode's White_Space (PropList.txt), as the inside of a character class."""
INVISIBLE = (
    # Escapes, so that no literal holds a NUL, at which parsers of SQL end; Trino takes those above ASCII for bytes.
    r"\x00-\x08\x0e-\x1f\x7f"
    "\x80-\x84\x86-\x9f"
    "\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2007\u200b-\u200f\u202a-\u202f\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Lists the characters that are no part of a key where they stand at its ends, likewise: controls but for white
space, no-break spaces (U+00A0, U+2007, U+202F), the blank of Braille (U+2800), marks around annotations (U+FFF9 to
U+FFFB), and all with Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): U+00AD (soft hyphen), U+061C,
U+200E, U+200F, U+202A to U+202E and U+2066 to U+206F (directions of writing), U+200B to U+200D, U+034F and U+2060 to
U+2065 (zero width), U+FEFF (byte order mark), U+FE00 to U+FE0F, U+180B to U+180F and U+E0100 to U+E01EF (variations of
the character before), U+115F, U+1160, U+3164 and U+FFA0 (fillers), U+E0001 and U+E0020 to U+E007F (tags), and some of
music and other notations."""
SEEN = (("!", "~"), ("\xae", "\u02ff"), ("\u0370", "\u058f"), ("\u3400", "\ud7a3"))
"""Lists from where to where all characters are seen: ASCII, letters from Latin to Armenian, Chinese and Korean."""
INT = r"[+-]?[0-9]+"
WHOLE = rf"{INT}\.0*"
"""Matches a whole number with a point; the digits before it are the number."""
DOUBLE = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
ZERO = r"[+-]?[0.]+([eE][+-]?[0-9]+)?"
LARGEST = "1.7976931348623157E308"
"""Holds the largest DOUBLE; engines turn a larger number into infinity without an error."""
YEAR = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
DATE = rf"{YEAR}-[0-9]{{2}}-[0-9]{{2}}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
PLAIN_INSTANT = rf"{DATE}[T ]{CLOCK}:[0-5][0-9]"
OFFSET = r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
INSTANT = rf"{DATE}[T ]{CLOCK}(:[0-5][0-9]([.,][0-9]+)?)?{OFFSET}?"


def blank(w: Words, x: str) -> str:
    """Return the condition that a text is NULL, empty, or only characters that nobody sees."""
    # Printable ASCII at the start settles nearly every value without a regular expression.
    return (
        f"CASE WHEN {x} BETWEEN '!' AND '~' THEN FALSE WHEN {x} IS NULL THEN TRUE "
        f"ELSE {w.matches(x, f'[{WHITE}{INVISIBLE}]*')} END"
    )


def key(w: Words, x: str) -> str:
    """Return the expression for a key: the text without invisible characters at its ends, NULL if it is blank."""
    bare = w.without(x, rf"\A[{INVISIBLE}]++|[{INVISIBLE}]++\z")
    # Both ends settle nearly every key without a regular expression. The last character is asked first: DuckDB takes a
    # piece of a text twice as fast for all rows as for those that a condition has left.
    last = f"substr({x}, -1)"
    is_ascii, is_text = (f"{_is_seen(last, some)} AND {_is_seen(x, some)}" for some in (SEEN[:1], SEEN))
    return f"CASE WHEN {is_ascii} THEN {x} WHEN {is_text} THEN {x} WHEN NOT ({blank(w, x)}) THEN {bare} END"


def _is_seen(x: str, ranges: tuple[tuple[str, str], ...]) -> str:
    """Return the condition that a text begins with a character of these ranges."""
    return "(" + " OR ".join(f"{x} BETWEEN '{first}' AND '{last}'" for first, last in ranges) + ")"


def says(w: Words, x: str, word: str) -> str:
    """Return the condition that a text is a word and nothing else that is seen.

    The word is given as a literal of the dialect. Dialects escape quotes and backslashes differently, so one of these
    in a word stands for any character.
    """
    unseen = f"[{WHITE}{INVISIBLE}]*+"
    special = r"''|\\'|\\{1,2}|[!-/:-@\[-`{-~]"
    meant = re.sub(special, lambda found: "." if found[0][0] in "'\\" else f"\\{found[0]}", word[1:-1])
    return w.matches(x, f"{unseen}{meant}{unseen}")


def key_shape(w: Words, x: str) -> str:
    """Return the expression for what is left of a key without blanks, leading zeros, zeros after a point, and case."""
    unseen = f"{WHITE}{INVISIBLE}"
    bare = w.without(x, rf"\A[0{unseen}]++|[{unseen}]++|\.0++[{unseen}]*+\z")
    return f"lower({bare})"


def integer(w: Words, x: str, sql_type: str) -> str:
    """Return the expression that reads a whole number, with or without zeros after a point."""
    before = f"split_part({x}, '.', 1)"
    return (
        f"CASE WHEN {w.matches(x, INT)} THEN TRY_CAST({x} AS {sql_type}) "
        f"WHEN {w.matches(x, WHOLE)} THEN TRY_CAST({before} AS {sql_type}) END"
    )


def typed(w: Words, x: str, pattern: str, sql_type: str) -> str:
    """Return the expression that casts text matching the pattern and gives NULL for any other."""
    return f"CASE WHEN {w.matches(x, pattern)} THEN TRY_CAST({x} AS {sql_type}) END"


def decimal(w: Words, x: str, precision: int, scale: int) -> str:
    """Return the expression that reads a DECIMAL and gives NULL rather than lose a digit before or after the point."""
    return typed(w, x, decimal_pattern(precision, scale), f"DECIMAL({precision}, {scale})")


def decimal_pattern(precision: int, scale: int) -> str:
    r"""Return the pattern of the text that a DECIMAL takes; leading zeros do not count as digits.

    >>> decimal_pattern(18, 2)
    '[+-]?(0*[0-9]{1,16}(\\.[0-9]{0,2})?|\\.[0-9]{1,2})'
    >>> decimal_pattern(2, 2), decimal_pattern(3, 0)
    ('[+-]?(0+(\\.[0-9]{0,2})?|\\.[0-9]{1,2})', '[+-]?0*[0-9]{1,3}\\.?')
    """
    if not scale:
        return rf"[+-]?0*[0-9]{{1,{precision}}}\.?"
    whole = f"0*[0-9]{{1,{precision - scale}}}" if precision > scale else "0+"
    return rf"[+-]?({whole}(\.[0-9]{{0,{scale}}})?|\.[0-9]{{1,{scale}}})"


def double(w: Words, x: str) -> str:
    """Return the expression for the nearest DOUBLE; it gives NULL if that is infinity, or 0 for what is not 0."""
    value = f"TRY_CAST({x} AS DOUBLE)"
    fits = f"abs({value}) <= {LARGEST} AND ({value} <> 0 OR {w.matches(x, ZERO)})"
    return f"CASE WHEN {w.matches(x, DOUBLE)} THEN CASE WHEN {fits} THEN {value} END END"


def boolean(x: str) -> str:
    """Return the expression that reads true and false in any case, 1 and 0, also as floats, as a BOOLEAN."""
    return (
        f"CASE WHEN {x} IN ('1', '1.0') THEN TRUE WHEN {x} IN ('0', '0.0') THEN FALSE "
        f"WHEN lower({x}) = 'true' THEN TRUE WHEN lower({x}) = 'false' THEN FALSE END"
    )


def instant(w: Words, zone: str, x: str) -> str:
    """Return the expression for a moment: the two common forms are cast as they are, others built from their parts."""
    plain = _from_local(w, zone, x, w.moment(_with_space(w, x)))
    in_utc = w.moment(_with_space(w, f"substr({x}, 1, 19)"))
    seconds = f"coalesce({w.extract(x, ':[0-9]{2}:([0-9]{2})')}, '00')"
    micros = f"rpad(substr(coalesce({w.extract(x, '[.,]([0-9]+)')}, '0'), 1, 6), 6, '0')"
    moment = w.moment(f"substr({x}, 1, 10) || ' ' || substr({x}, 12, 5) || ':' || {seconds} || '.' || {micros}")
    second = w.moment(f"substr({x}, 1, 10) || ' ' || substr({x}, 12, 5) || ':' || {seconds}")
    tail = w.extract(x, f"{OFFSET}$")
    local = _from_local(w, zone, x, moment, second)
    return (
        f"CASE WHEN {w.matches(x, PLAIN_INSTANT)} THEN {plain} WHEN {w.matches(x, f'{PLAIN_INSTANT}Z')} THEN {in_utc} "
        f"WHEN {w.matches(x, INSTANT)} THEN "
        f"CASE WHEN {tail} IS NULL THEN {local} ELSE {_from_offset(w, tail, moment)} END END"
    )


def _with_space(w: Words, x: str) -> str:
    return f"replace({x}, 'T', ' ')" if w.wants_space else x


def _from_offset(w: Words, tail: str, moment: str) -> str:
    """Return the UTC moment of a local moment and its offset as text; it is NULL outside the years 1 to 9999."""
    digits = f"replace(substr({tail}, 2), ':', '')"
    size = f"(CAST(substr({digits}, 1, 2) AS INTEGER) * 3600 + CAST(rpad(substr({digits}, 3), 2, '0') AS INTEGER) * 60)"
    offset = f"CASE WHEN {tail} = 'Z' THEN 0 WHEN substr({tail}, 1, 1) = '-' THEN -{size} ELSE {size} END"
    utc = w.add_seconds(moment, f"-({offset})")
    return _within_years(utc)


def _within_years(utc: str) -> str:
    """Return the expression for a moment, NULL outside the years that every engine and Python can hold."""
    first, last = "TIMESTAMP '0001-01-01 00:00:00'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
    return f"CASE WHEN {utc} BETWEEN {first} AND {last} THEN {utc} END"


def _from_local(w: Words, zone: str, x: str, moment: str, near: str | None = None) -> str:
    """Return the UTC moment of a local moment in the source zone; `near` is a shorter one that has the same offset."""
    first, boundaries = zones.local_boundaries(zone)
    if not boundaries and first == 0:
        return moment
    utc = w.add_seconds(moment, f"-({zones.lookup(w, near or moment, first, boundaries)})")
    # Only the first and the last day can leave the years that there are; a text shows that it is of neither. No offset
    # changes on them, so the lookup, which is long, is written once.
    last = boundaries[-1][1] if boundaries else first
    early, late = (_within_years(w.add_seconds(moment, f"-({offset})")) for offset in (first, last))
    days = f"CASE WHEN {x} BETWEEN '0001-01-02' AND '9999-12-31' THEN {utc}"
    return f"{days} WHEN {x} < '0001-01-02' THEN {early} ELSE {late} END"


SCALARS: dict[ScalarName, Callable[[Words, str, str, ColumnType], str]] = {
    "STRING": lambda w, _zone, x, _t: f"CASE WHEN NOT ({blank(w, x)}) THEN {x} END",
    "INT": lambda w, _zone, x, _t: integer(w, x, "INTEGER"),
    "BIGINT": lambda w, _zone, x, _t: integer(w, x, "BIGINT"),
    "DOUBLE": lambda w, _zone, x, _t: double(w, x),
    "BOOLEAN": lambda _w, _zone, x, _t: boolean(x),
    "DATE": lambda w, _zone, x, _t: typed(w, x, DATE, "DATE"),
    "TIMESTAMP": lambda w, zone, x, _t: instant(w, zone, x),
    "DECIMAL": lambda w, _zone, x, t: decimal(w, x, t.precision, t.scale),
}
"""Maps each single-value type to the reader of its text, which takes the dialect's words, zone, text and type."""
