"""Name the gold table whose model computes a value that does not fit, wherever the engine's error comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.refusals import refusal_of
from lakehouse_assets.errors import LakehouseError, ValueUnfit
from lakehouse_assets.storage.damage import first_line

UNFIT = re.compile(r"Conversion Error|Out of Range Error|does not fit|not in range|[Oo]verflow")
"""Matches the words of DuckDB, and of Arrow where it writes what DuckDB gives."""
OF_A_VALUE = re.compile(r"(?:Conversion|Out of Range|Invalid Input) Error: [^\n]*")
"""Matches what DuckDB says of a value, also within the words of what has called it, such as an executor of Spark."""
MOST_DIGITS = 38
"""Counts the digits that a DECIMAL has at most."""


def is_unfit(error: Exception) -> bool:
    """Say whether an error of the engine, or of what writes, is about a value that does not fit."""
    return not isinstance(error, LakehouseError) and bool(UNFIT.search(str(error)))


def is_of_a_value(error: Exception) -> bool:
    """Say whether an error of the engine is about a value that it met, not about the statement."""
    return is_unfit(error) or (not isinstance(error, LakehouseError) and "Malformed JSON" in str(error))


def value_words(error: Exception) -> str:
    """Return what the engine says of the value, without its excerpt of the statement and its own names."""
    found = OF_A_VALUE.search(str(error))
    return refusal_of(Exception(found[0]) if found else error).replace("text__", "").rstrip(".")


@contextmanager
def fitting(contract: Contract) -> Iterator[None]:
    """Turn an error about a value that does not fit into one that names the table, and its sums that lack room.

    Raises:
        ValueUnfit: see there.
    """
    try:
        yield
    except Exception as error:
        if not is_unfit(error):
            raise
        raise ValueUnfit(table=contract.catalog_name, problem=first_line(error), way_out=_way_out(contract)) from error


def _way_out(contract: Contract) -> str:
    narrow = [
        f"`{column.name}` {column.data_type}"
        for column in contract.columns
        if column.data_type.name == "DECIMAL" and column.data_type.precision < MOST_DIGITS
    ]
    if not narrow:
        return ""
    return f"; give sums room in contract and SELECT, as DECIMAL({MOST_DIGITS},s): {', '.join(narrow)}"
