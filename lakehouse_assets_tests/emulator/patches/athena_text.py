"""Write values and types as Athena's GetQueryResults does: everything is text, and NULL is a cell without one."""

from __future__ import annotations

import math
import re
from typing import Any

SIMPLE = re.compile(r"^([a-z ]+?)(?:\(([^)]*)\))?( with time zone)?$")
NESTED = re.compile(r"^(array|map|row)\((.*)\)$", re.DOTALL)
PRECISION = {"integer": 10, "bigint": 19, "smallint": 5, "tinyint": 3, "double": 17, "real": 7, "varchar": 2147483647}


def column_info(name: str, kind: str) -> dict[str, Any]:
    """Return a column's description for Trino's type.

    >>> info = column_info("price", "decimal(18, 6)")
    >>> info["Type"], info["Precision"], info["Scale"]
    ('decimal', 18, 6)
    >>> column_info("at", "timestamp(3) with time zone")["Type"]
    'timestamp with time zone'
    """
    base, arguments = parted(kind)
    precision, scale = PRECISION.get(base, 0), 0
    if base == "decimal":
        precision, scale = (int(part) for part in arguments.split(","))
    elif base.startswith("timestamp"):
        precision = 3
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": {"real": "float"}.get(base, base),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base in ("varchar", "char"),
    }


def parted(kind: str) -> tuple[str, str]:
    """Return a type without its arguments, and those.

    >>> parted("array(varchar(3))"), parted("timestamp(6)"), parted("date")
    (('array', 'varchar(3)'), ('timestamp', '6'), ('date', ''))
    """
    if nested := NESTED.match(kind):
        return nested[1], nested[2]
    found = SIMPLE.match(kind)
    return (found[1] + (found[3] or ""), found[2] or "") if found else (kind, "")


def text_of(value: Any, kind: str) -> str | None:
    """Return the text of a value that Trino's protocol gave; None for NULL.

    >>> text_of([1, None], "array(integer)"), text_of(1e10, "double"), text_of(True, "boolean")
    ('[1, null]', '1.0E10', 'true')
    >>> text_of([1, "x"], 'row("id" bigint, "name" varchar)'), text_of({"a": 1}, "map(varchar, integer)")
    ('{id=1, name=x}', '{a=1}')
    """
    if value is None:
        return None
    base, arguments = parted(kind)
    if base == "array":
        return "[" + ", ".join(inner(one, arguments) for one in value) + "]"
    if base == "map":
        keys, values = split(arguments)
        pairs = value.items()
        return "{" + ", ".join(f"{inner(key, keys)}={inner(one, values)}" for key, one in pairs) + "}"
    if base == "row":
        fields = (named(field) for field in split(arguments))
        return "{" + ", ".join(f"{name}={inner(one, of)}" for (name, of), one in zip(fields, value, strict=True)) + "}"
    return scalar(value, base)


def inner(value: Any, kind: str) -> str:
    """Return the text of a value inside another, where NULL is a word."""
    found = text_of(value, kind)
    return "null" if found is None else found


def scalar(value: Any, base: str) -> str:
    """Return the text of a value that holds no others."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if base in ("double", "real"):
        return java_double(float(value))
    return str(value)


def java_double(value: float) -> str:
    """Write a number as Java does.

    >>> [java_double(value) for value in (1.0, 0.5, 1e7, 1.25e-4, float("nan"))]
    ['1.0', '0.5', '1.0E7', '1.25E-4', 'NaN']
    """
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, exponent = f"{value!r}".lower().split("e") if "e" in repr(value) else scientific(value)
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def scientific(value: float) -> tuple[str, str]:
    """Return digits and exponent of a number that Python writes without one."""
    exponent = math.floor(math.log10(abs(value)))
    return repr(float(f"{value / 10**exponent:.16g}")), str(exponent)


def split(arguments: str) -> list[str]:
    """Return the arguments of a type, which may have arguments themselves.

    >>> split('"id" decimal(18, 6), "of" map(varchar, bigint)')
    ['"id" decimal(18, 6)', '"of" map(varchar, bigint)']
    """
    parts, depth, begin = [], 0, 0
    for place, sign in enumerate(arguments):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(arguments[begin:place].strip())
            begin = place + 1
    return [*parts, arguments[begin:].strip()]


def named(field: str) -> tuple[str, str]:
    """Return name and type of a row's field.

    >>> named('"id" bigint'), named("id bigint")
    (('id', 'bigint'), ('id', 'bigint'))
    """
    name, _, kind = field.partition(" ")
    return name.strip('"'), kind
