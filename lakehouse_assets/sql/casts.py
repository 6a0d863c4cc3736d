"""Cast landing text to typed values, by the one table of which macro reads a type.

These are the forms of text that each type takes:

    STRING         the text itself; of a key (`Contract.identifiers`) without invisible characters at its ends
    INT, BIGINT    [+-]digits[.zeros], within the type's range
    DOUBLE         [+-]digits[.digits][e[+-]digits], the nearest there is; neither infinity, nor zero for what is not 0
    DECIMAL(p,s)   [+-]digits[.digits], at most p-s and s of them
    BOOLEAN        1, 0, true, false in any case
    DATE           YYYY-MM-DD, years 0001 to 9999
    TIMESTAMP      ISO-8601 date and time of day, with offset, or in the source time zone; in UTC within these years
    ARRAY<type>    a flat JSON array
    STRUCT<…>      a flat JSON object
    (of any type)  blank text is NULL, and so is text of another form

The inverse, a value's text, is `load/text_form.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.contracts.types import ColumnType, TypeName


def quoted(name: str | None) -> str:
    """Quote a column name, so that no engine mistakes it for a keyword."""
    return f'"{name}"'


def _decimal(x: str, kind: ColumnType) -> str:
    # Amounts have a macro of their own, which rules call too: the load computes it once for both.
    is_amount = (kind.precision, kind.scale) == (18, 2)
    return f"parse_amount({x})" if is_amount else f"parse_decimal({x}, {kind.precision}, {kind.scale})"


def _record(x: str, kind: ColumnType) -> str:
    return f"parse_record({x}, '{', '.join(f'{name}: {field}' for name, field in kind.fields)}')"


CASTS: dict[TypeName, Callable[[str, ColumnType], str]] = {
    "STRING": lambda x, _kind: f"parse_text({x})",
    "INT": lambda x, _kind: f"parse_int({x})",
    "BIGINT": lambda x, _kind: f"parse_bigint({x})",
    "DOUBLE": lambda x, _kind: f"parse_double({x})",
    "DECIMAL": _decimal,
    "BOOLEAN": lambda x, _kind: f"parse_bool({x})",
    "DATE": lambda x, _kind: f"parse_date({x})",
    "TIMESTAMP": lambda x, _kind: f"parse_instant({x})",
    "ARRAY": lambda x, kind: f"parse_array({x}, '{kind.element}')",
    "STRUCT": _record,
}
"""Maps each type to its macro call. Every type has an entry, so every contract that can be read can be loaded."""


def cast_of(column: Column) -> str:
    """Return the expression for the typed value of a landing column; blank text gives NULL."""
    return CASTS[column.data_type.name](quoted(column.source or column.name), column.data_type)


def cast_in(contract: Contract, column: Column) -> str:
    """Return the expression for the typed value of a column where the contract says whether it is a key."""
    is_key = column.name in contract.identifiers
    return f"parse_key({quoted(column.source or column.name)})" if is_key else cast_of(column)
