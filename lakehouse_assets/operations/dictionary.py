"""Write the data dictionary: one Markdown page with every table of the lake, made from the contracts.

This module renders and writes the page; the facts about tables stand in the contracts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from lakehouse_assets.contracts import Column, Contract, Rule, contracts
from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.contracts.packages import pipelines
from lakehouse_assets.contracts.properties import LAYERS
from lakehouse_assets.operations.lineage_drawing import of_columns, of_tables
from lakehouse_assets.sql.column_graph import ColumnGraph, column_graph

HEAD = """# Data dictionary

Written from the contracts in `lakehouse_assets/contracts/`; change those, not this page.
"""


def write(path: Path) -> None:
    """Write the page of all pipelines to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(current(), "utf-8")


def current() -> str:
    """Return the page of all pipelines' contracts.

    Raises:
        ContractInvalid: one of them is broken, so the page would lack its table.
    """
    every = {pipeline: contracts(pipeline) for pipeline in pipelines()}
    for known in every.values():
        known.require_sound()
    graphs = {name: column_graph(known, partial(_model, name)) for name, known in every.items()}
    drawn = {
        contract.catalog_name: of_columns(graphs[name], contract.catalog_name)
        for name, known in every.items()
        for contract in known.values()
        if contract.layer == "gold"
    }
    page = render((contract for known in every.values() for contract in known.values()), drawn)
    return "\n".join([page, "## Which tables are made from which\n", *_pipelines(graphs)])


def _model(pipeline: str, gold: Contract) -> str:
    return model_sql(pipeline, gold.name)


def _pipelines(graphs: Mapping[str, ColumnGraph]) -> Iterable[str]:
    """Yield a drawing of each pipeline's tables."""
    for name, graph in graphs.items():
        yield f"### Pipeline {name}\n"
        yield of_tables(graph)


def render(tables: Iterable[Contract], drawn: Mapping[str, str] | None = None) -> str:
    """Return the page: an overview, then each table with its columns and rules, from landing to gold, by name.

    Args:
        tables: their contracts.
        drawn: drawings of where columns come from, by catalog name.
    """
    ordered = sorted(tables, key=lambda c: (LAYERS.index(c.layer), c.catalog_name))
    parts = (
        HEAD,
        _overview(ordered),
        *(_section(contract, (drawn or {}).get(contract.catalog_name)) for contract in ordered),
    )
    return "\n".join(parts)


def _overview(tables: list[Contract]) -> str:
    rows = [(f"[{c.catalog_name}](#{_anchor(c)})", c.layer, c.description, c.grain) for c in tables]
    return _table(("table", "layer", "meaning", "grain"), rows)


def _section(contract: Contract, drawing: str | None) -> str:
    parts = [
        f"## {contract.catalog_name}\n",
        f"{contract.description.rstrip('.')}.\n",
        _facts(contract),
        _columns(contract.columns),
    ]
    if contract.rules:
        parts += ["Rules:\n", _rules(contract.rules)]
    if drawing:
        parts += ["Where its columns come from:\n", drawing]
    return "\n".join(parts)


def _facts(contract: Contract) -> str:
    facts = {
        "Layer": contract.layer,
        "Grain": contract.grain,
        "Key": ", ".join(f"`{name}`" for name in contract.key) or "none",
        "Version": contract.version,
        "Owner": contract.owner,
        "Freshness": _freshness(contract.freshness_hours),
    }
    return "".join(f"- {name}: {value}\n" for name, value in facts.items())


def _freshness(hours: int | None) -> str:
    return "nothing is promised" if hours is None else f"at most {hours} hours old"


def _columns(columns: Iterable[Column]) -> str:
    head = ("column", "type", "unit", "nullable", "key", "source", "meaning")
    return _table(head, (_column(column) for column in columns))


def _column(column: Column) -> tuple[str, ...]:
    return (
        f"`{column.name}`",
        column.type,
        column.unit or "",
        "no" if column.required else "yes",
        str(column.key or ""),
        f"`{column.source}`" if column.source else "",
        column.description,
    )


def _rules(rules: Iterable[Rule]) -> str:
    head = ("code", "decided by", "verdict", "in words")
    return _table(head, ((f"`{r.code}`", r.decided_by, r.verdict, r.description) for r in rules))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(contract: Contract) -> str:
    """Return the heading's anchor as GitHub forms it, which leaves out the dot."""
    return contract.catalog_name.replace(".", "")
