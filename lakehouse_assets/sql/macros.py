r"""Macros: the functions of our SQL whose meaning must not depend on the engine, one rendering per dialect.

sqlglot translates syntax, not meaning: casts round, `\s` and `trim` know different blanks, division truncates or
not. So rules and models call these names, and each has a table of values that every engine is tested on
(`lakehouse_assets_tests/sql/test_macros.py`). All text patterns use `[0-9]` and match the whole value.

    blank(text)            NULL, empty, or only Unicode white space
    parse_int(text)        INT, or NULL      parse_amount(text)  DECIMAL(18,2), or NULL
    parse_bool(text)       BOOLEAN, or NULL  parse_date(text)    DATE, or NULL
    parse_instant(text)    UTC moment (microseconds) of an ISO-8601 text, or NULL; text without offset is local time
    local_date(moment)     DATE of a UTC moment in the source time zone
    utc(moment)            zone-less UTC moment, as gold stores it
    int_div(a, b)          quotient of two integers >= 0, rounded down
    ratio(a, b)            DOUBLE quotient of two integers, NULL when b is 0
    cents(amount)          BIGINT cents of a DECIMAL(18,2)      money(cents)  the inverse, exact
    whole_days(a, b)       days from date a to date b           add_days(date, n)  DATE
    as_text(value)         VARCHAR
    fingerprint(a, b, …)   64-bit hash of typed values and of which of them are NULL; compared within one engine only
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lakehouse_assets.sql import zones

Dialect = Literal["athena", "duckdb", "spark"]

WHITE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode White_Space (PropList.txt), as the inside of a character class."""
INT = r"[+-]?[0-9]+"
AMOUNT = r"[+-]?(0*[0-9]{1,16}(\.[0-9]{0,2})?|\.[0-9]{1,2})"
DATE = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
PLAIN_INSTANT = rf"{DATE}[T ]{CLOCK}:[0-5][0-9]"
OFFSET = r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
INSTANT = rf"{DATE}[T ]{CLOCK}(:[0-5][0-9]([.,][0-9]+)?)?{OFFSET}?"


@dataclass(frozen=True)
class Words:
    """The few phrases in which the dialects differ; each takes SQL text and returns SQL text."""

    matches: Callable[[str, str], str]
    moment: Callable[[str], str]
    add_seconds: Callable[[str, str], str]
    utc: Callable[[str], str]
    int_div: Callable[[str, str], str]
    whole_days: Callable[[str, str], str]
    add_days: Callable[[str, str], str]
    text: str = "VARCHAR"
    fingerprint: Callable[[tuple[str, ...]], str] = lambda values: f"hash({', '.join(values)})"
    wants_space: bool = False
    escape: Callable[[str], str] = lambda pattern: pattern

    def extract(self, text: str, pattern: str) -> str:
        """The first group of a pattern, or NULL."""
        return f"nullif(regexp_extract({text}, '{self.escape(pattern)}', 1), '')"


def _backslashes(pattern: str) -> str:
    return pattern.replace("\\", "\\\\")


WORDS: dict[Dialect, Words] = {
    "duckdb": Words(
        matches=lambda x, p: f"coalesce(regexp_full_match({x}, '{p}'), FALSE)",
        moment=lambda x: f"TRY_CAST({x} AS TIMESTAMP)",
        add_seconds=lambda t, n: f"({t} + to_seconds({n}))",
        utc=lambda t: t,
        int_div=lambda a, b: f"({a} // {b})",
        whole_days=lambda a, b: f"datediff('day', {a}, {b})",
        add_days=lambda d, n: f"CAST({d} + to_days(CAST({n} AS INTEGER)) AS DATE)",
    ),
    "spark": Words(
        matches=lambda x, p: f"coalesce({x} RLIKE '\\\\A(?:{_backslashes(p)})\\\\z', FALSE)",
        moment=lambda x: f"TRY_CAST({x} AS TIMESTAMP)",
        add_seconds=lambda t, n: f"timestampadd(SECOND, {n}, {t})",
        utc=lambda t: t,
        int_div=lambda a, b: f"({a} div {b})",
        whole_days=lambda a, b: f"datediff({b}, {a})",
        add_days=lambda d, n: f"date_add({d}, {n})",
        text="STRING",
        # xxhash64 passes over NULL, so which values are NULL is hashed too.
        fingerprint=lambda values: f"xxhash64({', '.join(f'{v}, {v} IS NULL' for v in values)})",
        escape=_backslashes,
    ),
    "athena": Words(
        matches=lambda x, p: f"coalesce(regexp_like({x}, '\\A(?:{p})\\z'), FALSE)",
        moment=lambda x: f"TRY_CAST({x} AS TIMESTAMP(6))",
        add_seconds=lambda t, n: f"date_add('second', {n}, {t})",
        utc=lambda t: f"CAST(({t}) AT TIME ZONE 'UTC' AS TIMESTAMP(6))",
        int_div=lambda a, b: f"({a} / {b})",
        whole_days=lambda a, b: f"date_diff('day', {a}, {b})",
        add_days=lambda d, n: f"date_add('day', {n}, {d})",
        wants_space=True,
    ),
}


def _typed(pattern: str, sql_type: str) -> Callable[[Words, str, str], str]:
    """Text that matches is cast, anything else is NULL."""
    return lambda w, _zone, x: f"CASE WHEN {w.matches(x, pattern)} THEN TRY_CAST({x} AS {sql_type}) END"


def _instant(w: Words, zone: str, x: str) -> str:
    """The common form is cast as it stands; any other is put together from its parts."""
    plain = _from_local(w, zone, x, w.moment(f"replace({x}, 'T', ' ')" if w.wants_space else x))
    seconds = f"coalesce({w.extract(x, ':[0-9]{2}:([0-9]{2})')}, '00')"
    micros = f"rpad(substr(coalesce({w.extract(x, '[.,]([0-9]+)')}, '0'), 1, 6), 6, '0')"
    moment = w.moment(f"substr({x}, 1, 10) || ' ' || substr({x}, 12, 5) || ':' || {seconds} || '.' || {micros}")
    tail = w.extract(x, f"{OFFSET}$")
    return (
        f"CASE WHEN {w.matches(x, PLAIN_INSTANT)} THEN {plain} WHEN {w.matches(x, INSTANT)} THEN "
        f"CASE WHEN {tail} IS NULL THEN {_from_local(w, zone, x, moment)} ELSE {_from_offset(w, tail, moment)} END END"
    )


def _from_offset(w: Words, tail: str, moment: str) -> str:
    """UTC moment from a local one and its offset as text; NULL when that leaves the four-digit years."""
    digits = f"replace(substr({tail}, 2), ':', '')"
    size = f"(CAST(substr({digits}, 1, 2) AS INTEGER) * 3600 + CAST(rpad(substr({digits}, 3), 2, '0') AS INTEGER) * 60)"
    offset = f"CASE WHEN {tail} = 'Z' THEN 0 WHEN substr({tail}, 1, 1) = '-' THEN -{size} ELSE {size} END"
    utc = w.add_seconds(moment, f"-({offset})")
    first, last = "TIMESTAMP '1000-01-01 00:00:00'", "TIMESTAMP '9999-12-31 23:59:59.999999'"
    return f"CASE WHEN {utc} BETWEEN {first} AND {last} THEN {utc} END"


def _from_local(w: Words, zone: str, x: str, moment: str) -> str:
    """UTC moment from a local one in the source zone; the offset is looked up by the text's minute."""
    first, boundaries = zones.local_boundaries(zone)
    if not boundaries and first == 0:
        return moment
    minute = f"replace(substr({x}, 1, 16), 'T', ' ')"
    return w.add_seconds(moment, f"-({zones.search(minute, first, boundaries, zones.MINUTE)})")


def _local_date(w: Words, zone: str, moment: str) -> str:
    first, boundaries = zones.utc_boundaries(zone)
    if not boundaries and first == 0:
        return f"CAST({moment} AS DATE)"
    return f"CAST({w.add_seconds(moment, zones.search(moment, first, boundaries))} AS DATE)"


MACROS: dict[str, Callable[..., str]] = {
    # Printable ASCII at the start settles nearly every value without a regular expression.
    "blank": lambda w, _z, x: (
        f"CASE WHEN {x} BETWEEN '!' AND '~' THEN FALSE WHEN {x} IS NULL THEN TRUE "
        f"ELSE {w.matches(x, f'[{WHITE}]*')} END"
    ),
    "parse_int": _typed(INT, "INTEGER"),
    "parse_amount": _typed(AMOUNT, "DECIMAL(18, 2)"),
    "parse_date": _typed(DATE, "DATE"),
    "parse_bool": lambda _w, _z, x: (
        f"CASE WHEN {x} = '1' THEN TRUE WHEN {x} = '0' THEN FALSE "
        f"WHEN lower({x}) = 'true' THEN TRUE WHEN lower({x}) = 'false' THEN FALSE END"
    ),
    "parse_instant": _instant,
    "local_date": _local_date,
    "utc": lambda w, _z, t: w.utc(t),
    "int_div": lambda w, _z, a, b: w.int_div(a, b),
    "ratio": lambda _w, _z, a, b: f"CASE WHEN {b} <> 0 THEN CAST({a} AS DOUBLE) / CAST({b} AS DOUBLE) END",
    "cents": lambda _w, _z, x: f"CAST(CAST({x} AS DECIMAL(20, 2)) * 100 AS BIGINT)",
    "money": lambda _w, _z, c: f"CAST(CAST({c} AS DECIMAL(20, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2))",
    "whole_days": lambda w, _z, a, b: w.whole_days(a, b),
    "add_days": lambda w, _z, d, n: w.add_days(d, n),
    "fingerprint": lambda w, _z, *values: w.fingerprint(values),
    "as_text": lambda w, _z, x: f"CAST({x} AS {w.text})",
}
"""Name -> rendering; takes the dialect's words, the source zone and the arguments as SQL text."""


def render_macro(name: str, arguments: list[str], dialect: Dialect, zone: str) -> str:
    """One call of a macro as SQL text of the dialect."""
    return MACROS[name](WORDS[dialect], zone, *arguments)
