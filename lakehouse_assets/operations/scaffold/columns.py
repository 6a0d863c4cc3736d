"""Say of each type how its text is read, judged and shown, as scaffolds need it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lakehouse_assets.contracts import Column
from lakehouse_assets.contracts.types import ALLOWED
from lakehouse_assets.errors import BadRequest, ContractInvalid

NAME = re.compile(r"[a-z][a-z0-9_]*")
SPLIT = re.compile(r",(?![^<(]*[>)])")
"""Matches a comma between columns, which is none within a type."""
MACROS = {
    "INT": "parse_int", "BIGINT": "parse_bigint", "DOUBLE": "parse_double", "BOOLEAN": "parse_bool",
    "DATE": "parse_date", "TIMESTAMP": "parse_instant",
}  # fmt: skip
SAMPLES: dict[str, tuple[str, Any]] = {
    "STRING": ("a", "a"), "INT": ("1", 1), "BIGINT": ("1", 1), "DOUBLE": ("1.5", 1.5), "BOOLEAN": ("true", True),
    "DATE": ("2025-04-01", "2025-04-01"), "TIMESTAMP": ("2025-04-01T10:00:00Z", "2025-04-01T10:00:00"),
    "DECIMAL": ("1", 1),
}  # fmt: skip
"""Maps types to a text that lands, and the value that is read of it."""


def require_name(name: str, what: str) -> str:
    """Return a name that may be that of a table, rule or package.

    Raises:
        BadRequest: it may not.
    """
    if not NAME.fullmatch(name):
        raise BadRequest(message=f"`{name}` is no name of a {what}: lower-case letters, digits and _, a letter first")
    return name


def columns_of(text: str, key: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns that `name:TYPE, …` names; a column without a type is STRING.

    Args:
        text: as given on the command line.
        key: names of those that are the key, in order.

    Raises:
        BadRequest: a name or type makes no sense, or the key is none of the columns.
    """
    found = []
    for part in filter(None, map(str.strip, SPLIT.split(text))):
        name, _, kind = (piece.strip() for piece in part.partition(":"))
        column = Column(require_name(name, "column"), _spelled(kind or "STRING"), f"Column {name}")
        try:
            _ = column.data_type
        except (ContractInvalid, ValueError) as error:
            problem = f"column `{name}`: `{kind}` is no type; there are {ALLOWED}"
            raise BadRequest(message=problem) from error
        found.append(column)
    names = [column.name for column in found]
    if not found or len(set(names)) < len(names):
        raise BadRequest(message=f"columns are `name:TYPE, name:TYPE`, each once; `{text}` is none of that")
    for name in key:
        if name not in names:
            raise BadRequest(message=f"the key column `{name}` is none of the columns: {', '.join(names)}")
    return tuple(found)


def _spelled(kind: str) -> str:
    """Return a type as contracts spell it: words in capitals, names of fields in small letters.

    >>> _spelled("struct<X: int>"), _spelled("decimal(8, 3)")
    ('STRUCT<x: INT>', 'DECIMAL(8,3)')
    """
    digits = re.sub(r"(?<=\d),\s+(?=\d)", ",", kind.upper())
    return re.sub(r"\w+(?=\s*:)", lambda found: found[0].lower(), digits)


def parsed(column: Column) -> str | None:
    """Return the expression that reads a column's text; None of text, which is its own value."""
    kind, name = column.data_type, f'"{column.name}"'
    if kind.name in MACROS:
        return f"{MACROS[kind.name]}({name})"
    if kind.name == "DECIMAL":
        return f"parse_decimal({name}, {column.type[8:-1].replace(',', ', ')})"
    if kind.is_nested:
        macro = "parse_array" if kind.name == "ARRAY" else "parse_record"
        return f"{macro}({name}, '{column.type.partition('<')[2][:-1]}')"
    return None


def broken(column: Column, *, needed: bool) -> tuple[str, str, str] | None:
    """Return code, words and condition of the rule that rejects what a column cannot hold; None where it takes all.

    Args:
        column: the column.
        needed: whether it may not be NULL.
    """
    expression, name = parsed(column), f'"{column.name}"'
    if expression is None:
        return (f"{column.name}_missing", f"{column.name} is blank", f"blank({name})") if needed else None
    words = f"{column.name} is {'blank or ' if needed else ''}no {column.type}"
    condition = f"{expression} IS NULL"
    return (f"{column.name}_invalid", words, condition if needed else f"NOT blank({name}) AND {condition}")


def sample(column: Column) -> tuple[str | None, Any]:
    """Return a text of a column as it lands, and the value that is read of it; both None of arrays and records."""
    return SAMPLES.get(column.data_type.name, (None, None))
