"""Define `lakehouse lineage`, which prints where a table's columns come from and which columns come from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import PipelineOption, pipelines_of

if TYPE_CHECKING:
    from lakehouse_assets.sql.column_graph import ColumnGraph
    from lakehouse_assets.sql.lineage import Source


def lineage(
    table: Annotated[
        str, typer.Argument(metavar="TABLE[.COLUMN]", help="A table or a column, such as clean_readings.humidity.")
    ],
    *,
    pipeline: PipelineOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the same as JSON, and nothing else.")] = False,
) -> None:
    """Print where a table's columns come from, down to the landed files, and which columns come from them.

    It is read from the contracts and the SQL of the models; no lake is needed.

    Examples:
        lakehouse lineage gold.daily_weather

        lakehouse lineage clean_readings.humidity --json
    """
    graph, columns = _found(table, pipelines_of(pipeline))
    if json:
        import orjson

        answer = [facts(graph, column) for column in columns]
        terminal.data(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return
    downstream = graph.downstream
    for column in columns:
        terminal.say(f"{column.table}.{column.column}")
        for line in [*tree("<-", graph.upstream, column), *tree("->", downstream, column)]:
            terminal.say(line)


def facts(graph: ColumnGraph, column: Source) -> dict[str, Any]:
    """Return a column with all that it comes from and all that comes from it, as nested plain values."""

    def nested(links: Mapping[Source, tuple[Source, ...]], one: Source, name: str) -> list[dict[str, Any]]:
        return [
            {"table": next_.table, "column": next_.column, name: nested(links, next_, name)}
            for next_ in links.get(one, ())
        ]

    return {
        "table": column.table,
        "column": column.column,
        "upstream": nested(graph.upstream, column, "upstream"),
        "downstream": nested(graph.downstream, column, "downstream"),
    }


def tree(arrow: str, links: Mapping[Source, tuple[Source, ...]], column: Source, depth: int = 1) -> Iterator[str]:
    """Yield a line for each column that is linked with a column, each with its own ones indented below it."""
    for one in links.get(column, ()):
        yield f"{'  ' * depth}{arrow} {one.table}.{one.column}"
        yield from tree(arrow, links, one, depth + 1)


def _found(name: str, pipelines: tuple[str, ...]) -> tuple[ColumnGraph, list[Source]]:
    """Return the lineage of the pipeline that has the named table, and the named columns.

    Raises:
        BadRequest: there is no such table or column.
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.contracts.layers import model_sql
    from lakehouse_assets.sql.column_graph import column_graph

    names = dict[str, list[str]]()
    for pipeline in pipelines:
        known = contracts(pipeline)
        for contract in known.values():
            spellings = {contract.catalog_name, f"{contract.layer}.{contract.name}", contract.name}
            wanted = name.replace("/", ".")
            column = next((wanted.removeprefix(f"{s}.") for s in spellings if wanted.startswith(f"{s}.")), None)
            if wanted in spellings or column in {c.name for c in contract.columns}:
                graph = column_graph(known, lambda gold, whose=pipeline: model_sql(whose, gold.name))  # type: ignore[misc]
                every = [one for one in graph.upstream if one.table == contract.catalog_name]
                return graph, [one for one in every if wanted in spellings or one.column == column]
            if column is not None:
                names.setdefault(contract.catalog_name, [c.name for c in contract.columns])
    if names:
        table, columns = next(iter(names.items()))
        raise BadRequest(message=f"`{table}` has no such column; it has: {', '.join(columns)}")
    tables = sorted(
        c.catalog_name for one in pipelines for c in contracts(one).values() if c.layer not in {"control", "landing"}
    )
    raise BadRequest(message=f"there is no table or column `{name}`; there are: {', '.join(tables)}")
