"""Read a table into a pandas data frame of its contract's types, from the lake's files or through Athena."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlglot import condition, exp
from sqlglot.errors import SqlglotError

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.options import reading
from lakehouse_assets.operations.sql import parse_moment, query_scope
from lakehouse_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_table(
    name: str,
    *,
    as_of: str | datetime | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    lake: str | None = None,
) -> pd.DataFrame:
    """Return the rows of a table; see `lakehouse_assets.table`, which is what people call.

    Raises:
        BadRequest, TableMissing, LakehouseError: see there.
    """
    import pandas as pd

    from lakehouse_assets.engines.query import ask_arrow, table_of

    settings = reading(lake)
    scope, moment = query_scope(settings), _moment(as_of)
    contract = table_of(scope, name.lower())
    chosen = _chosen(contract, columns)
    if settings.target == "aws" and moment is None:
        rows = _by_athena(settings, contract, chosen, where)
    else:
        rows = ask_arrow(scope, statement(contract, chosen, where), moment)
    return rows.cast(schema_of(contract, chosen)).to_pandas(types_mapper=pd.ArrowDtype)


def ask_frame(settings: Settings, sql: str) -> pd.DataFrame:
    """Return the answer to one SELECT, which is small, as a data frame; Athena answers where AWS is the target.

    Raises:
        LakehouseError: it cannot be answered.
    """
    import pandas as pd
    import pyarrow as pa

    from lakehouse_assets.engines.query import ask_arrow

    if settings.target != "aws":
        return ask_arrow(query_scope(settings), sql).to_pandas(types_mapper=pd.ArrowDtype)
    from lakehouse_assets.operations.athena import asked

    answer = asked(settings, sql)
    names = answer.columns if answer else ()
    rows = [row for page in answer.batches for row in page] if answer else []
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    found = pa.table({name: pa.array(values) for name, values in zip(names, columns, strict=True)})
    return found.to_pandas(types_mapper=pd.ArrowDtype)


def _moment(as_of: str | datetime | None) -> datetime | None:
    if isinstance(as_of, datetime):
        return as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    return None if as_of is None else parse_moment(as_of)


def _chosen(contract: Contract, columns: Sequence[str] | None) -> tuple[str, ...]:
    known = [column.name for column in contract.columns]
    strange = [name for name in columns or () if name not in known]
    if strange or isinstance(columns, str):
        asked = columns if isinstance(columns, str) else strange[0]
        problem = f"`{asked}` is no list of columns" if isinstance(columns, str) else f"there is no column `{asked}`"
        raise BadRequest(message=f"{problem} of `{contract.catalog_name}`; there are: {', '.join(known)}")
    return tuple(dict.fromkeys(columns or known))


def statement(contract: Contract, columns: Iterable[str], where: str | None, *, nested_as_json: bool = False) -> str:
    """Return the SELECT of some columns and rows of a table in the order of its key, in Athena's SQL.

    Args:
        contract: the table's.
        columns: their names.
        where: a condition; None for all rows.
        nested_as_json: whether lists and rows are answered as JSON, since Athena's own text of them is ambiguous.

    Raises:
        BadRequest: `where` is no condition.
    """
    try:
        asked = None if where is None else condition(where, dialect="athena")
    except SqlglotError as error:
        raise BadRequest(message=f"where is `{where}`, which is no condition in Athena's SQL") from error
    shown = [_shown(contract, name, nested_as_json=nested_as_json) for name in columns]
    select = exp.select(*shown).from_(exp.table_(contract.name, db=contract.database))
    ordered = select.order_by(*(exp.column(name, quoted=True) for name in contract.key))
    return (ordered if asked is None else ordered.where(asked)).sql(dialect="athena")


def _shown(contract: Contract, name: str, *, nested_as_json: bool) -> exp.Expr:
    column = exp.column(name, quoted=True)
    if not (nested_as_json and contract.column(name).data_type.is_nested):
        return column
    json = exp.func("json_format", exp.cast(column, "JSON", dialect="athena"), dialect="athena")
    return exp.alias_(json, name, quoted=True)


def schema_of(contract: Contract, columns: Iterable[str]) -> pa.Schema:
    """Return the Arrow types of some columns of a contract; that a column is required is not repeated."""
    import pyarrow as pa

    from lakehouse_assets.engines.delta import arrow_schema

    whole = arrow_schema(contract)
    return pa.schema([pa.field(name, whole.field(name).type) for name in columns])


def _by_athena(settings: Settings, contract: Contract, columns: Sequence[str], where: str | None) -> pa.Table:
    import pyarrow as pa

    # What talks to AWS is imported where AWS is the target.
    from lakehouse_assets.operations.athena import asked

    schema = schema_of(contract, columns)
    answer = asked(settings, statement(contract, columns, where, nested_as_json=True))
    pages = () if answer is None else answer.batches
    found = [page_of(schema, page) for page in pages if page]
    return pa.Table.from_batches(found, schema=schema)


def page_of(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    """Return rows as Athena answered them, of which lists and rows are JSON, in the types of a contract."""
    import pyarrow as pa

    columns = zip(schema, zip(*rows, strict=True), strict=True)
    return pa.RecordBatch.from_arrays([_array(field, values) for field, values in columns], schema=schema)


def _array(field: pa.Field, values: Sequence[Any]) -> pa.Array:
    import orjson
    import pyarrow as pa

    if not pa.types.is_nested(field.type):
        return pa.array(values, type=field.type)
    return pa.array([None if value is None else _read(field.type, orjson.loads(value)) for value in values], field.type)


def _read(kind: pa.DataType, value: Any) -> Any:  # noqa: ANN401 - a JSON value in, what Arrow takes out
    """Return a JSON value as Arrow takes it for a type; Trino writes moments, days and decimals as text or number."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_list(kind):
        return [_read(kind.value_type, one) for one in value]
    if pa.types.is_struct(kind):
        given = value if isinstance(value, dict) else dict(zip((f.name for f in kind), value, strict=True))
        return {field.name: _read(field.type, given.get(field.name)) for field in kind}
    if pa.types.is_string(kind) or pa.types.is_boolean(kind):
        return value
    return pa.scalar(str(value)).cast(kind).as_py()
