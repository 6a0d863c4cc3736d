"""Define the types of columns: the vocabulary of contracts, read from text once, written back in one spelling.

Here: what a type is and how engines spell it. Not here: casts (`sql/casts.py`) and Arrow types (`engines/delta.py`).

    STRING  INT  BIGINT  DOUBLE  BOOLEAN  DATE  TIMESTAMP
    DECIMAL(p,s)                       1 <= p <= 38 digits, 0 <= s <= p of them after the point
    ARRAY<type>                        of one of the above
    STRUCT<name: type, name: type>     a record; each field of one of the above
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast, get_args

ScalarName = Literal["STRING", "INT", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "DECIMAL"]
TypeName = Literal[ScalarName, "ARRAY", "STRUCT"]
MAX_PRECISION = 38
"""Limits the digits of a DECIMAL to what Delta, Iceberg, Spark, DuckDB and Athena all hold."""
ALLOWED = (
    "STRING, INT, BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP, DECIMAL(p,s) with 1 <= p <= 38 and 0 <= s <= p, "
    "ARRAY<…> of one of these, or STRUCT<name: …, name: …> of these"
)
DECIMAL = re.compile(r"DECIMAL\(([0-9]{1,2}),([0-9]{1,2})\)", re.IGNORECASE)
NESTED = re.compile(r"(ARRAY|LIST|STRUCT)<(.*)>", re.IGNORECASE)
FIELD = re.compile(r"([a-z_][a-z0-9_]*):(.+)")
"""Matches one field of a record without blanks. Athena folds names to lower case, so no name may depend on case."""
OTHER_COMMAS = re.compile(r",(?![^(]*\))")
"""Matches the commas outside of parentheses: those between the fields of a record."""
ALIASES = {"INTEGER": "INT", "LONG": "BIGINT"}
"""Maps the type names of Delta and Iceberg to those of contracts."""


@dataclass(frozen=True)
class ColumnType:
    """Hold one type.

    Attributes:
        name: its name without what stands in brackets.
        precision, scale: of a DECIMAL: digits in all, and after the point; 0 otherwise.
        element: type of an array's elements; None otherwise.
        fields: names and types of a record's fields, in order; empty otherwise.
    """

    name: TypeName
    precision: int = 0
    scale: int = 0
    element: ColumnType | None = None
    fields: tuple[tuple[str, ColumnType], ...] = ()

    def __str__(self) -> str:
        if self.name == "DECIMAL":
            return f"DECIMAL({self.precision},{self.scale})"
        if self.name == "ARRAY":
            return f"ARRAY<{self.element}>"
        if self.name == "STRUCT":
            return f"STRUCT<{', '.join(f'{name}: {kind}' for name, kind in self.fields)}>"
        return self.name

    @property
    def is_nested(self) -> bool:
        """Say whether the type is an array or a record."""
        return self.name in {"ARRAY", "STRUCT"}


@cache
def parse_type(text: str) -> ColumnType:
    """Read a type from its spelling; case and blanks do not matter, and Delta's and Iceberg's own words are known.

    >>> str(parse_type("decimal(18, 6)")), str(parse_type("list<long>"))
    ('DECIMAL(18,6)', 'ARRAY<BIGINT>')
    >>> str(parse_type("STRUCT<amount:DECIMAL(18,6),currency:STRING>"))
    'STRUCT<amount: DECIMAL(18,6), currency: STRING>'

    Raises:
        ValueError: the text is no type of the vocabulary.
    """
    plain = re.sub(r"\s", "", text)
    match = NESTED.fullmatch(plain)
    if not match:
        return _scalar(plain)
    if match[1].upper() != "STRUCT":
        return ColumnType("ARRAY", element=_scalar(match[2]))
    fields = [FIELD.fullmatch(part) for part in OTHER_COMMAS.split(match[2])]
    named = tuple((field[1], _scalar(field[2])) for field in fields if field)
    if len({name for name, _ in named}) < len(fields):
        raise ValueError(text)
    return ColumnType("STRUCT", fields=named)


def is_widening(old: str, new: str) -> bool:
    """Say whether every value of a type is one of the other, which an Iceberg column may then become as it is.

    https://iceberg.apache.org/spec/#schema-evolution

    >>> is_widening("DECIMAL(18,2)", "DECIMAL(38,2)"), is_widening("INT", "BIGINT"), is_widening("BIGINT", "INT")
    (True, True, False)
    >>> is_widening("DECIMAL(18,2)", "DECIMAL(38,4)"), is_widening("DATE", "DATE")
    (False, False)
    """
    before, after = parse_type(old), parse_type(new)
    if (before.name, after.name) == ("DECIMAL", "DECIMAL"):
        return before.scale == after.scale and before.precision < after.precision
    return (before.name, after.name) == ("INT", "BIGINT")


def _scalar(plain: str) -> ColumnType:
    name = ALIASES.get(plain.upper(), plain.upper())
    if match := DECIMAL.fullmatch(plain):
        precision, scale = int(match[1]), int(match[2])
        if 1 <= precision <= MAX_PRECISION and scale <= precision:
            return ColumnType("DECIMAL", precision, scale)
    elif name in get_args(ScalarName) and name != "DECIMAL":
        return ColumnType(cast("TypeName", name))
    raise ValueError(plain)
