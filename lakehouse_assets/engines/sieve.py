"""Keep what a gold model gives but for the groups whose values do not fit, which are found by halving.

This is the slow way, which is only gone after the whole has failed. Each half is a statement of its own: what it gives
is kept, and one that fails is halved again until a single group is left. So it is the engine that says what fits,
however deep in the model the value stands that does not: in a sum, a product, a cast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.engines.contributors import NUMBERS, Contributors
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.fitting import is_unfit
from lakehouse_assets.engines.kept_out import WHOLE
from lakehouse_assets.sql.casts import quoted
from lakehouse_assets.sql.dialects import Parameter, Values, literal

MOST_GROUPS = 1000
"""How many groups a build keeps out at most: where more do not fit, it is the model that is wrong, and no row."""
EXPLAINED = 10
"""Of how many groups the rows behind them are looked for."""


class Sieve:
    """Keep the rows of a model that fit, and know the groups that do not.

    Args:
        engine: which shows the tables that the model reads.
        contract: the gold table.
        model: its SELECT.
        sources: contracts of the tables that it reads, by catalog name; rows of others are not named.
        windows: SELECTs of one column, `value`, that give all values of the window together; none when they are not
            known.
    """

    def __init__(
        self,
        engine: DuckEngine,
        contract: Contract,
        model: str,
        sources: Mapping[str, Contract],
        windows: Sequence[str] = (),
    ) -> None:
        self._engine, self._contract, self._model = engine, contract, model
        self._contributors = Contributors(engine, contract, model, sources)
        self._windows, self._key = windows, contract.key
        self._kept_out: dict[str, list[str]] = {}
        self._count = 0

    @property
    def kept_out(self) -> dict[str, list[str]]:
        """Return what does not fit, in sentences, by the value of the window as text."""
        return self._kept_out

    def keep(self, name: str, given: Mapping[str, Parameter]) -> None:
        """Keep the rows that fit as a relation.

        Args:
            name: of the relation.
            given: the model's parameters.

        Raises:
            duckdb.Error: the groups themselves cannot be told, or too many of them do not fit.
        """
        engine = self._engine
        self._tell_groups(given)
        engine.keep(name, f"{self._select()} WHERE FALSE", given)
        total = int(engine.rows("SELECT count(*) AS n FROM __groups")[0]["n"])
        # The whole has failed already, so it is not tried again.
        open_ranges = [(1, total)] if total == 1 else _halves(1, total)
        while open_ranges:
            first, last = open_ranges.pop(0)
            try:
                engine.add(name, *self._part(first, last, given))
            except Exception as error:
                if not is_unfit(error):
                    raise
                if first == last:
                    self._keep_out(first, given, error)
                open_ranges[:0] = _halves(first, last)

    def _tell_groups(self, given: Mapping[str, Parameter]) -> None:
        """Keep the keys of all groups in order; where a value spoils that too, the values of the window alone."""
        contract, engine = self._contract, self._engine
        try:
            self._key = contract.key
            engine.keep("__groups_0", f"SELECT DISTINCT {self._names} FROM ({self._model}) AS m", given)
        except Exception as error:
            if not is_unfit(error) or not self._windows or contract.window not in contract.key:
                raise
            self._key = (str(contract.window),)
            union = " UNION ".join(f"SELECT w.value FROM ({select}) AS w" for select in self._windows)
            engine.keep(
                "__groups_0", f"SELECT DISTINCT u.value AS {self._names} FROM ({union}) AS u WHERE u.value IS NOT NULL"
            )
        numbered = f"SELECT g.*, row_number() OVER (ORDER BY {self._names}) AS place FROM __groups_0 AS g"
        engine.keep("__groups", numbered)

    @property
    def _names(self) -> str:
        return ", ".join(map(quoted, self._key))

    def _keep_out(self, place: int, given: Mapping[str, Parameter], error: Exception) -> None:
        self._count += 1
        if self._count > MOST_GROUPS:
            raise error
        (group,) = self._keys(place, place)
        said = ", ".join(f"{name} {value}" for name, value in group.items())
        if self._count <= EXPLAINED:
            said += self._contributors.words(group, self._unfit(place, given))
        window = str(group.get(self._contract.window or "", WHOLE))
        self._kept_out.setdefault(window, []).append(said)

    def _unfit(self, place: int, given: Mapping[str, Parameter]) -> list[str]:
        """Return the columns that the engine cannot compute for a group.

        What stands before a join or a window function spoils all of them; then it is taken to be a decimal's.
        """
        where, narrowed = self._where(place, place, given)
        content = [column for column in self._contract.columns if not column.key]
        found = [column for column in content if not self._is_computable(column, where, narrowed)]
        if found == content:
            found = [column for column in content if column.data_type.name == "DECIMAL"]
        return [column.name for column in found]

    def _is_computable(self, column: Column, where: str, given: Mapping[str, Parameter]) -> bool:
        try:
            self._engine.rows(f"SELECT {_typed(column)} FROM ({self._model}) AS m WHERE {where}", given)
        except Exception as error:
            if not is_unfit(error):
                raise
            return False
        return True

    def _select(self) -> str:
        return f"SELECT {', '.join(map(_typed, self._contract.columns))} FROM ({self._model}) AS m"

    def _part(self, first: int, last: int, given: Mapping[str, Parameter]) -> tuple[str, Mapping[str, Parameter]]:
        where, narrowed = self._where(first, last, given)
        return f"{self._select()} WHERE {where}", narrowed

    def _where(self, first: int, last: int, given: Mapping[str, Parameter]) -> tuple[str, Mapping[str, Parameter]]:
        """Return what groups in a range of places meet, and the parameters that give their part of the window.

        The engine computes a group only where both leave it in: literal ends go down to the tables that are read, and
        what they cannot reach, behind a window function or a join, the parameter of the window does.
        """
        contract = self._contract
        low, high = (self._keys(place, place)[0] for place in (first, last))
        names = f"({', '.join(f'm.{quoted(name)}' for name in self._key)})"
        least, most = (f"({', '.join(literal(v).sql('athena') for v in some.values())})" for some in (low, high))
        where = f"{names} >= {least} AND {names} <= {most}"
        if first == last:
            where = " AND ".join(f"m.{quoted(name)} = {literal(v).sql('athena')}" for name, v in low.items())
        if not contract.window_source or contract.window not in contract.key:
            return where, given
        inside = (
            f"SELECT DISTINCT {quoted(contract.window)} AS value FROM __groups WHERE place BETWEEN {first} AND {last}"
        )
        self._engine.keep("__sifted", inside)
        return where, {**given, "everything": False, contract.window_source: Values("__sifted")}

    def _keys(self, first: int, last: int) -> list[dict[str, Any]]:
        return self._engine.rows(f"SELECT {self._names} FROM __groups WHERE place BETWEEN {first} AND {last}")


def _typed(column: Column) -> str:
    """Return a column of the model in the type of the contract, so that what has no room there is found here."""
    name = f"m.{quoted(column.name)}"
    return f"CAST({name} AS {column.type}) AS {quoted(column.name)}" if column.data_type.name in NUMBERS else name


def _halves(first: int, last: int) -> list[tuple[int, int]]:
    """Return the halves of a range, both ends inclusive; a single place has none.

    >>> _halves(1, 5), _halves(4, 4)
    ([(1, 3), (4, 5)], [])
    """
    middle = (first + last) // 2
    return [(first, middle), (middle + 1, last)] if first < last else []
