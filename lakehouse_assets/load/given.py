"""Ask a gold model, or the rules of a silver table, what they make of rows that are given; no lake is read or written.

The statements, their parameters and the types are those of a build and of a load, on the embedded engine in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.binding import words
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.load.stage import split_codes
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.gold import window_parameters
from lakehouse_assets.sql.models import tables_read

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


@dataclass(frozen=True)
class GivenTables:
    """Show tables that hold just the rows that are given.

    Attributes:
        engine: an engine of its own.
        known: contracts of all stored tables, by catalog name.
    """

    engine: DuckEngine
    known: Mapping[str, Contract]

    def show(self, given: Mapping[str, Sequence[Row]], needed: Iterable[str]) -> None:
        """Show each needed table with the rows that are given of it, or without rows.

        Args:
            given: rows by catalog name; a column that a row does not have is NULL.
            needed: catalog names.

        Raises:
            BadRequest: a table or column is given that there is not, or a value that its column cannot hold.
        """
        for name in given:
            if name not in self.known:
                raise BadRequest(message=f"there is no table `{name}`; there are {', '.join(self.known)}")
        for number, name in enumerate({*given, *needed}):
            contract, shown = self.known[name], relation_of(name)
            self.engine.show_files(shown, contract, [])
            empty = self.engine.arrow(f"SELECT * FROM {name} LIMIT 0").schema
            self.engine.register(f"__given_{number}", table_of(name, empty, given.get(name, ())))
            self.engine.view(shown, f"SELECT * FROM __given_{number}")

    def model(self, contract: Contract, select: str, *, windowed: bool) -> list[dict[str, Any]]:
        """Return the rows that a gold table gets from the tables that are shown, in the types of its contract.

        Args:
            contract: the gold table.
            select: its SELECT.
            windowed: whether it is asked by the values of its window that it gives itself, as a run asks for what was
                touched, and not as a whole.

        Raises:
            BadRequest: the engine does not take it, or a value has no room in its column.
        """
        import duckdb
        import pyarrow as pa

        window = None
        try:
            if windowed:
                self.engine.keep("__whole", select, window_parameters(contract, None))
                window = tuple(self.engine.values(f'SELECT DISTINCT "{contract.window}" AS w FROM __whole ORDER BY w'))
            self.engine.keep("__fresh", select, window_parameters(contract, window))
            columns = ", ".join(f'"{column.name}"' for column in contract.columns)
            order = ", ".join(f'"{name}"' for name in contract.key)
            found = self.engine.arrow(f"SELECT {columns} FROM __fresh ORDER BY {order}")
            return _plain(found.cast(_nullable(iceberg.arrow_schema(contract))))
        except duckdb.Error as error:
            raise BadRequest(message=words(error, tables_read(select))) from error
        except pa.ArrowInvalid as error:
            raise BadRequest(message=str(error).splitlines()[0]) from error

    def rules(self, contract: Contract, landed: Sequence[Row]) -> list[dict[str, Any]]:
        """Return for each landed row the values that were read of it, and `codes`, all rules that it breaks, sorted.

        Args:
            contract: the silver table.
            landed: rows as text by landing column; what is no text is written as text.

        Raises:
            BadRequest: a row has a column that the table does not read, or the engine does not take a rule.
        """
        import duckdb

        t = contract.name
        try:
            self.engine.register("__raw", _raw(contract, landed))
            self.engine.keep(f"{t}__parsed", silver.parsed(contract))
            rows = self.engine.rows(f"SELECT * FROM {t}__parsed ORDER BY _row")
            waits = self._waiting(contract)
        except duckdb.Error as error:
            raise BadRequest(message=words(error, self.known)) from error
        for number, row in enumerate(rows):
            codes = {*split_codes(row.pop("_codes")), *split_codes(row.pop("_warnings"))}
            row["codes"] = sorted({*codes, *waits.get(number, ())})
            del row["_row"]
        return rows

    def _waiting(self, contract: Contract) -> dict[int, list[str]]:
        """Return the codes of references whose parent is not among the rows given, by row."""
        t, found = contract.name, dict[int, list[str]]()
        for rule in contract.rules_of("reference"):
            if rule.reference is None:
                continue
            column = rule.reference.column
            own = f"{t}__parsed" if rule.reference.parent == contract.catalog_name else None
            self.engine.keep(
                "__missing", silver.missing(t, column, rule.reference.parent, rule.reference.parent_column, own)
            )
            joined = f'SELECT v._row FROM {t}__parsed AS v JOIN __missing AS m ON m.parent = v."{column}"'
            for row in self.engine.values(f"{joined} WHERE v._codes <> '{silver.MALFORMED}'"):
                found.setdefault(row, []).append(rule.code)
        return found


def tables_of(engine: DuckEngine, known: Iterable[Contract]) -> GivenTables:
    """Return the tables of a pipeline, of which none is shown yet."""
    return GivenTables(engine, stored_tables(known))


def table_of(name: str, schema: pa.Schema, rows: Sequence[Row]) -> pa.Table:
    """Return rows as an Arrow table of these types; a column that a row does not have is NULL.

    Raises:
        BadRequest: names the table, the column and the value that does not fit.
    """
    import pyarrow as pa

    strange = sorted({key for row in rows for key in row} - set(schema.names))
    if strange:
        raise BadRequest(message=f"`{name}` has no column `{strange[0]}`; it has {', '.join(schema.names)}")
    columns = []
    for field in schema:
        try:
            columns.append(pa.array([typed(row.get(field.name), field.type) for row in rows], field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, InvalidOperation) as error:
            problem = f"`{name}`: a value of `{field.name}` is no {field.type} ({str(error).splitlines()[0]})"
            raise BadRequest(message=problem) from error
    return pa.Table.from_arrays(columns, schema=schema)


def typed(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - as YAML gives it, and as Arrow takes it
    """Return a value of YAML as Arrow takes it for a type: numbers with digits, dates and moments may be text."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_list(kind):
        return [typed(one, kind.value_type) for one in value]
    if pa.types.is_struct(kind):
        return {field.name: typed(value.get(field.name), field.type) for field in kind}
    return _single(value, kind)


def _single(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - as `typed`
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and not isinstance(value, datetime):
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    if pa.types.is_date(kind) and not isinstance(value, date):
        return date.fromisoformat(str(value))
    if pa.types.is_decimal(kind):
        return Decimal(str(value))
    return str(value) if pa.types.is_string(kind) else value


def _raw(contract: Contract, landed: Sequence[Row]) -> pa.Table:
    import pyarrow as pa

    sources = dict.fromkeys(str(column.source) for column in contract.content if column.source)
    text = table_of(contract.landing, pa.schema([(name, pa.string()) for name in sources]), list(map(_texts, landed)))
    rows = [pa.array(range(len(landed)), pa.int64()), pa.array([False] * len(landed), pa.bool_())]
    return pa.table([*rows, *text.columns], names=["_row", "_malformed", *sources])


def _texts(row: Row) -> dict[str, str | None]:
    """Return the values of a landed row as text; YAML reads what has no quotes as a number, date or truth."""
    return {name: None if value is None else _text(value) for name, value in row.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _nullable(schema: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([field.with_nullable(nullable=True) for field in schema])


def _plain(table: pa.Table) -> list[dict[str, Any]]:
    return [dict(row) for row in table.to_pylist()]
