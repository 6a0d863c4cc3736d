"""Cut the build of a whole gold table into slices of its window, by how many rows its model reads.

A slice is a range of the window's values. They are what silver's contracts say that its rows touch (`affects`), since
that is how a table of a new lake is built too. They stay in the engine, and a model reads them as a relation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.sql.dialects import Parameter, Values
from lakehouse_assets.sql.gold import window_parameters
from lakehouse_assets.sql.models import tables_read

SLICE_ROWS = 5_000_000
"""Rows that a model reads for one slice, about: few enough that what it groups fits into 800 MB."""


@dataclass(frozen=True)
class Slices:
    """Say what a build is cut by.

    Attributes:
        values: SELECTs of one column, `value`, that give all values of the window together; none when the table is
            built in one piece.
        rows: how many rows the model reads for one slice, about.
    """

    values: tuple[str, ...] = ()
    rows: int = SLICE_ROWS


def cut(engine: DuckEngine, contract: Contract, model: str, slices: Slices) -> Iterator[Mapping[str, Parameter]]:
    """Yield the model's parameters for each slice in turn; each holds until the next one is asked for."""
    everything, source = window_parameters(contract, None), contract.window_source
    count = -(-_rows_read(engine, model) // slices.rows) if slices.values and source else 1
    if source is None or count < 2:  # noqa: PLR2004 - a single slice is the whole
        yield everything
        return
    union = " UNION ALL ".join(f"SELECT p.value FROM ({select}) AS p" for select in slices.values)
    once = f"SELECT DISTINCT u.value FROM ({union}) AS u WHERE u.value IS NOT NULL"
    engine.keep("__values", f"SELECT v.value, row_number() OVER (ORDER BY v.value) AS place FROM ({once}) AS v")
    total = engine.rows("SELECT count(*) AS n FROM __values")[0]["n"]
    if total < 2:  # noqa: PLR2004 - a single value is a single slice
        yield everything
        return
    for first, last in _ranges(total, min(count, total)):
        engine.keep("__slice", f"SELECT value FROM __values WHERE place > {first} AND place <= {last}")
        yield {**everything, "everything": False, source: Values("__slice")}


def _ranges(total: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield the ends (exclusive, inclusive) of ranges of as nearly one size as may be.

    >>> list(_ranges(7, 3))
    [(0, 2), (2, 4), (4, 7)]
    """
    for number in range(count):
        yield total * number // count, total * (number + 1) // count


def _rows_read(engine: DuckEngine, model: str) -> int:
    """Return how many rows the tables hold that a model reads, which their files say without being read."""
    return sum(int(engine.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"]) for name in tables_read(model))
