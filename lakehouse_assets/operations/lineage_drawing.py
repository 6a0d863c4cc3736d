"""Draw column lineage as Mermaid flowcharts, which GitHub and the site of the documents render."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from lakehouse_assets.sql.column_graph import ColumnGraph
from lakehouse_assets.sql.lineage import Source


def of_columns(graph: ColumnGraph, table: str) -> str:
    """Return a flowchart with the columns of a table and those of other tables that they come from."""
    origins = graph.of_table(table)
    read = sorted({one for found in origins.values() for one in found})
    names = _named([*read, *(Source(table, column) for column in origins)])
    lines = [*_tables(read, names), *_box(table, [Source(table, column) for column in origins], names, "own")]
    for column, found in origins.items():
        lines += [f"  {names[one]} --> {names[Source(table, column)]}" for one in found]
    return _chart(lines)


def of_tables(graph: ColumnGraph) -> str:
    """Return a flowchart with the tables of a pipeline, and which are made from which."""
    edges = sorted({(one.table, column.table) for column, found in graph.upstream.items() for one in found})
    tables = sorted({table for edge in edges for table in edge})
    names = {table: f"t{number}" for table, number in zip(tables, count(), strict=False)}
    nodes = [f'  {names[table]}["{table}"]' for table in tables]
    return _chart([*nodes, *(f"  {names[one]} --> {names[other]}" for one, other in edges)])


def _named(columns: Iterable[Source]) -> dict[Source, str]:
    return {column: f"c{number}" for number, column in enumerate(columns)}


def _tables(columns: Sequence[Source], names: dict[Source, str]) -> list[str]:
    tables = sorted({column.table for column in columns})
    lines = list[str]()
    for number, table in enumerate(tables):
        lines += _box(table, [column for column in columns if column.table == table], names, f"s{number}")
    return lines


def _box(table: str, columns: Iterable[Source], names: dict[Source, str], identifier: str) -> list[str]:
    inner = [f'    {names[column]}["{column.column}"]' for column in columns]
    return [f'  subgraph {identifier} ["{table}"]', *inner, "  end"]


def _chart(lines: Iterable[str]) -> str:
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```", ""])
