"""Find column lineage: which columns of which tables a column comes from, read from the SQL or from the contract."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node
from sqlglot.lineage import lineage as trace

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.sql.dialects import tree_of
from lakehouse_assets.sql.sql_types import in_athena


@dataclass(frozen=True, order=True)
class Source:
    """Hold one source column: the catalog name of its table, and its own name."""

    table: str
    column: str


def of_model(sql: str, contract: Contract, sources: dict[str, Contract]) -> dict[str, list[Source]]:
    """Return the sources of every column of a gold model; a column that only counts rows has none.

    Raises:
        ContractInvalid: the SELECT names a column that there is not, or lacks one of the contract's.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {c.database: {} for c in sources.values()}
    for table in sources.values():
        schema[table.database][table.name] = {column.name: in_athena(column.data_type) for column in table.columns}
    # All columns at once, so that the statement is resolved once and not once a column.
    name = f"gold.{contract.name}"
    try:
        nodes = trace(None, tree_of(sql), schema, dialect="athena", trim_selects=False)
    except SqlglotError as error:
        problem = f"its SELECT is not usable: {str(error).splitlines()[0]}"
        raise ContractInvalid(contract=name, problem=problem) from error
    lacking = [column.name for column in contract.columns if column.name not in nodes]
    if lacking:
        given = ", ".join(f"`{column}`" for column in nodes)
        raise ContractInvalid(contract=name, problem=f"its SELECT gives no column `{lacking[0]}`; it gives {given}")
    return {column.name: _sources(nodes[column.name]) for column in contract.columns}


def _sources(column: Node) -> list[Source]:
    leaves = ((leaf.expression, leaf.name) for leaf in column.walk())
    found = {
        Source(f"{table.db}.{table.name}", name.split(".")[-1].strip('"'))
        for table, name in leaves
        if isinstance(table, exp.Table)
    }
    return sorted(source for source in found if source.column != "*")


def of_silver(contract: Contract, landing: Contract) -> dict[str, list[Source]]:
    """Return the source of every column of a silver table: the landing column that it is cast from."""
    return {c.name: [Source(landing.catalog_name, c.source)] for c in contract.columns if c.source}
