r"""Define the macros: SQL functions whose meaning does not depend on the engine, rendered once per dialect.

sqlglot translates syntax, not meaning: casts round, `\s` and `trim` know different blanks, division truncates or
not. So rules and models call these names, and each has a table of values that every engine is tested on
(`lakehouse_assets_tests/sql/test_macros.py`). All text patterns use `[0-9]` and match the whole value.

    blank(text)            NULL, empty, or only white space and characters that nobody sees (`scalars`)
    parse_text(text)       the text, or NULL when it is blank
    parse_key(text)        the text without invisible characters at its ends, or NULL when it is blank
    says(text, 'word')     whether text is this word, blanks and invisible characters at its ends aside
    key_shape(text)        what a key is without blanks, leading zeros, zeros after a point and case; equal for keys
                           that people mix up
    parse_int(text)        INT, or NULL      parse_bigint(text)  BIGINT, or NULL     parse_double(text)  DOUBLE, or NULL
    parse_decimal(text, p, s)  DECIMAL(p,s), or NULL             parse_amount(text)  DECIMAL(18,2), or NULL
    parse_bool(text)       BOOLEAN, or NULL  parse_date(text)    DATE, or NULL
    parse_instant(text)    UTC moment (microseconds) of an ISO-8601 text, or NULL; text without offset is local time
    parse_array(text, 'INT')                   ARRAY of a flat JSON array, or NULL (`json_text`)
    parse_record(text, 'id: INT, name: STRING')  STRUCT of a flat JSON object, or NULL
    local_date(moment)     DATE of a UTC moment in the source time zone
    utc(moment)            zone-less UTC moment, as gold stores it
    hour_of(moment)        when the UTC hour of a zone-less moment began
    int_div(a, b)          quotient of two integers >= 0, rounded down
    ratio(a, b)            DOUBLE quotient of two integers, NULL when b is 0
    cents(amount)          BIGINT cents of a DECIMAL(18,2)      money(cents)  the inverse, exact
    exchange(amount, from, to)  DECIMAL(18,6) amount in another currency, by both currencies' DECIMAL(18,8) rates to a
                           third one, exact but for the last decimal, half up; NULL is what no rate is known for
    whole_days(a, b)       days from date a to date b           add_days(date, n)  DATE
    as_text(value)         VARCHAR of anything but DOUBLE, arrays and records, which engines write differently
    field(record, 'name')  one field of a record                nulls_in(array)  which elements are NULL
    json_object_of('a', x, …)  JSON text of an object of texts  json_field(json, 'a')  the text of one of its fields
    sorted_codes(codes)    comma-ended codes, sorted, with commas between them only
    has_code(codes, 'c')   whether such a list has this code
    fingerprint(a, b, …)   64-bit hash of typed values and of which of them are NULL; compared within one engine only.
                           What is NULL within an array or a record has to be named beside it (`versions`).
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

from lakehouse_assets.contracts.types import ColumnType, parse_type
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql import json_text, scalars, zones
from lakehouse_assets.sql.sql_types import in_athena
from lakehouse_assets.sql.words import WORDS, Dialect, Words

__all__ = ["MACROS", "Dialect", "render_macro"]


def _local_date(w: Words, zone: str, moment: str) -> str:
    if zone == zones.OF_RUN:  # Athena's own table of zones: a moment of UTC has one date in each, whatever the version.
        return f"CAST(at_timezone(with_timezone({w.utc(moment)}, 'UTC'), '{zone}') AS DATE)"
    first, boundaries = zones.utc_boundaries(zone)
    if not boundaries and first == 0:
        return f"CAST({moment} AS DATE)"
    return f"CAST({w.add_seconds(moment, zones.lookup(w, moment, first, boundaries))} AS DATE)"


def _exchange(w: Words, _zone: str, amount: str, rate: str, into: str) -> str:
    """Return amount times `into` by `rate`, rounded half away from zero once.

    Engines divide decimals differently, so whole numbers are divided: millionths of the amount times hundred millionths
    of one rate, by those of the other. Both have 18 digits at most, so their product has 36.
    """
    above = f"{w.whole(f'abs({amount})', 6)} * {w.whole(into, 8)}"
    millionths = f"CAST({w.half_up(above, w.whole(rate, 8))} AS DECIMAL(28, 0))"
    found = f"CAST({millionths} * CAST(0.000001 AS DECIMAL(7, 6)) AS DECIMAL(18, 6))"
    return f"CASE WHEN {rate} > 0 THEN CASE WHEN {amount} < 0 THEN -{found} ELSE {found} END END"


def _named_type(wrap: str, literal: str) -> ColumnType:
    """Return the nested type that a macro's last argument names: a text literal of what stands in its brackets.

    Raises:
        BadRequest: the argument names no type.
    """
    try:
        return parse_type(wrap.format(literal.strip("'")))
    except ValueError as error:
        raise BadRequest(message=f"{literal} names no type; {wrap.format('…')} holds types of single values") from error


def _reader_of(type_name: str) -> Callable[[Words, str, str], str]:
    """Return the macro that reads text as a type of single values, as pieces of JSON are read too (`SCALARS`)."""
    kind = parse_type(type_name)
    read = scalars.SCALARS[kind.name]  # type: ignore[index] # single values only: see contracts/types.py
    return lambda w, zone, x: read(w, zone, x, kind)


def _array(w: Words, zone: str, x: str, element: str) -> str:
    return json_text.array(w, zone, x, _named_type("ARRAY<{}>", element))


def _record(w: Words, zone: str, x: str, fields: str) -> str:
    kind = _named_type("STRUCT<{}>", fields)
    return json_text.record(w, zone, x, kind, {name: in_athena(field) for name, field in kind.fields})


MACROS: dict[str, Callable[..., str]] = {
    "blank": lambda w, _z, x: scalars.blank(w, x),
    "parse_text": _reader_of("STRING"),
    "parse_key": lambda w, _z, x: scalars.key(w, x),
    "says": lambda w, _z, x, word: scalars.says(w, x, word),
    "key_shape": lambda w, _z, x: scalars.key_shape(w, x),
    "parse_int": _reader_of("INT"),
    "parse_bigint": _reader_of("BIGINT"),
    "parse_double": _reader_of("DOUBLE"),
    "parse_amount": _reader_of("DECIMAL(18,2)"),
    "parse_decimal": lambda w, _z, x, precision, scale: scalars.decimal(w, x, int(precision), int(scale)),
    "parse_date": _reader_of("DATE"),
    "parse_bool": _reader_of("BOOLEAN"),
    "parse_instant": _reader_of("TIMESTAMP"),
    "parse_array": _array,
    "parse_record": _record,
    "local_date": _local_date,
    "utc": lambda w, _z, t: w.utc(t),
    "hour_of": lambda _w, _z, t: f"date_trunc('hour', {t})",
    "int_div": lambda w, _z, a, b: w.int_div(a, b),
    "ratio": lambda _w, _z, a, b: f"CASE WHEN {b} <> 0 THEN CAST({a} AS DOUBLE) / CAST({b} AS DOUBLE) END",
    "cents": lambda w, _z, x: w.cents(x),
    "money": lambda _w, _z, c: f"CAST(CAST({c} AS DECIMAL(20, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2))",
    "exchange": _exchange,
    "whole_days": lambda w, _z, a, b: w.whole_days(a, b),
    "add_days": lambda w, _z, d, n: w.add_days(d, n),
    "fingerprint": lambda w, _z, *values: w.fingerprint(values),
    "field": lambda w, _z, x, name: w.field(x, name.strip("'")),
    "json_object_of": lambda w, _z, *pairs: w.json_object(pairs),
    "json_field": lambda w, _z, x, name: w.json_field(x, name.strip("'")),
    "has_code": lambda w, _z, x, code: w.has_code(x, code),
    "sorted_codes": lambda w, _z, x: w.sorted_list(x),
    "nulls_in": lambda w, _z, x: w.each(x, lambda e: f"{e} IS NULL"),
    "as_text": lambda w, _z, x: f"CAST({x} AS {w.text})",
}
"""Maps a macro's name to its rendering, which takes the dialect's words, the zone and the arguments as SQL text."""


def render_macro(name: str, arguments: list[str], dialect: Dialect, zone: str) -> str:
    """Write one call of a macro as SQL text of the dialect.

    Raises:
        BadRequest: the call has too many or too few arguments, or one that makes no sense.
    """
    takes = [p.name for p in signature(MACROS[name]).parameters.values()][2:]
    try:
        signature(MACROS[name]).bind(None, None, *arguments)
    except TypeError as error:
        raise BadRequest(message=f"`{name}` takes {len(takes)} arguments and was given {len(arguments)}") from error
    return MACROS[name](WORDS[dialect], zone, *arguments)
