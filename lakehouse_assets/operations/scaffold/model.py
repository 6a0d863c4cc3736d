"""Draft a gold model: its SELECT, its contract and a unit test, made from the table that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import Column, Contract
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.scaffold.columns import SAMPLES, sample
from lakehouse_assets.operations.scaffold.dataset import head, properties, text_of

COUNT = "records"
"""Names the column that counts the rows of a group."""
NONE = "(none)"
"""Stands in a key for a text that a row does not have."""


@dataclass(frozen=True)
class Model:
    """Hold what is asked of a new model.

    Attributes:
        pipeline: its name.
        name: of the table.
        source: the table that it reads.
        key: columns of that one by which rows are grouped.
        measures: columns of that one that are summed, or of which the last one counts where there is no sum.
        database: of gold.
        owner: of the contract.
        window: column of the key and parameter by which it is built; None where it is built whole.
    """

    pipeline: str
    name: str
    source: Contract
    key: Sequence[str]
    measures: Sequence[str]
    database: str
    owner: str
    window: tuple[str, str] | None


def drafted(asked: Model, contracts: Path, sql: Path, tests: Path) -> dict[Path, str]:
    """Return the files of a new model.

    Raises:
        BadRequest: a column is not there, or cannot be summed up.
    """
    for name in (*asked.key, *asked.measures):
        if name not in {column.name for column in asked.source.columns}:
            there = ", ".join(column.name for column in asked.source.content)
            raise BadRequest(message=f"`{asked.source.catalog_name}` has no column `{name}`; it has {there}")
    return {
        sql / f"{asked.name}.sql": select(asked),
        contracts / f"{asked.name}.yaml": text_of(contract(asked)),
        tests / f"{asked.name}.yaml": f"# What {asked.name} gives of rows that are given.\n{text_of(_tests(asked))}",
    }


def select(asked: Model) -> str:
    """Return the SELECT, with its columns a line each."""
    keys = [asked.source.column(name) for name in asked.key]
    names = [_group(asked, column) for column in keys]
    grouped = []
    for column, name in zip(keys, names, strict=True):
        shown = f"utc({name})" if column.type == "TIMESTAMP" else name
        grouped.append(shown if shown == f'"{column.name}"' else f'{shown} AS "{column.name}"')
    columns = [*grouped, f"count(*) AS {COUNT}", *(_measured(asked.source.column(name)) for name in asked.measures)]
    lacking = [f'"{name}" IS NOT NULL' for name in left_out(asked)]
    window = [f'(:everything OR "{asked.window[0]}" IN (:{asked.window[1]}))'] if asked.window else []
    where = f"WHERE {' AND '.join([*window, *lacking])}\n" if window or lacking else ""
    listed = ",\n".join(f"  {column}" for column in columns)
    about = f"-- Rows of {asked.source.name} by {', '.join(asked.key)}."
    if left_out(asked):
        about += f"\n-- Rows without {' or '.join(left_out(asked))} are in no group, and so not counted."
    source = asked.source.catalog_name
    return f"{about}\nSELECT\n{listed}\nFROM {source}\n{where}GROUP BY {', '.join(names)}\n"


def left_out(asked: Model) -> list[str]:
    """Return the columns of the key without which a row is not counted: a key is never NULL, and only text says so."""
    columns = map(asked.source.column, asked.key)
    return [column.name for column in columns if not _is_needed(column) and not _says_none(asked, column)]


def _says_none(asked: Model, column: Column) -> bool:
    """Say whether rows without this column are a group of their own; what the model is built by stays as it is."""
    is_window = asked.window is not None and asked.window[0] == column.name
    return column.type == "STRING" and not _is_needed(column) and not is_window


def _group(asked: Model, column: Column) -> str:
    """Return by what rows are grouped."""
    return f"coalesce(\"{column.name}\", '{NONE}')" if _says_none(asked, column) else f'"{column.name}"'


def _is_needed(column: Column) -> bool:
    return column.required or column.key > 0


def _measured(column: Column) -> str:
    name, kind = f'"{column.name}"', measure_type(column)
    if column.data_type.name in {"INT", "BIGINT", "DECIMAL"}:
        return f"CAST(sum({name}) AS {kind}) AS {name}"
    return f"utc(max({name})) AS {name}" if kind == "TIMESTAMP" else f"max({name}) AS {name}"


def measure_type(column: Column) -> str:
    """Return the type of a column's sum, or of its greatest value where there is no sum of it.

    Raises:
        BadRequest: it has neither.
    """
    kind = column.data_type
    if kind.name in {"INT", "BIGINT"}:
        return "BIGINT"
    if kind.name == "DECIMAL":
        return f"DECIMAL(38,{column.type[8:-1].partition(',')[2]})"
    if kind.is_nested or kind.name == "BOOLEAN":
        raise BadRequest(
            message=f"`{column.name}` is {column.type}, of which there is neither a sum nor a greatest value"
        )
    return column.type


def contract(asked: Model) -> dict[str, Any]:
    """Return the contract of the table."""
    column, source = asked.window or (None, None)
    custom = properties(layer="gold", database=asked.database, window=column, window_source=source)
    keys = [_key(asked.source.column(name), place) for place, name in enumerate(asked.key, 1)]
    count = {"name": COUNT, "physicalType": "BIGINT", "required": True, "description": "Number of rows"}
    measures = [
        {"name": c.name, "physicalType": measure_type(c), "description": c.description}
        for c in map(asked.source.column, asked.measures)
    ]
    unique = {"name": "keys_unique", "type": "text", "severity": "fail", "description": "no key occurs twice"}
    table = {
        "name": asked.name,
        "dataGranularityDescription": f"one row per {', '.join(asked.key)}",
        "properties": [*keys, count, *measures],
        "quality": [unique | {"customProperties": properties(kind="keys_unique")}],
    }
    purpose = f"Rows of {asked.source.name} by {', '.join(asked.key)}"
    return {
        **head(asked.pipeline, "gold", asked.name, purpose, asked.owner),
        "customProperties": custom,
        "schema": [table],
    }


def _key(column: Column, place: int) -> dict[str, Any]:
    return {
        "name": column.name,
        "physicalType": column.type,
        "description": column.description,
        "primaryKey": True,
        "primaryKeyPosition": place,
        "required": True,
    }


def _tests(asked: Model) -> list[dict[str, Any]]:
    """Return a test of two rows in one group."""
    values = {name: sample(asked.source.column(name))[1] for name in (*asked.key, *asked.measures)}
    summed = {name: _twice(asked.source.column(name), values[name]) for name in asked.measures}
    expected = {**{name: values[name] for name in asked.key}, COUNT: 2, **summed}
    given = {asked.source.catalog_name: [dict(values), dict(values)]}
    return [{"name": "two rows of one group are one row", "given": given, "expect": [expected]}]


def _twice(column: Column, value: Any) -> Any:  # noqa: ANN401 - a sample of whatever type
    kind = column.data_type.name
    return value * 2 if kind in {"INT", "BIGINT", "DECIMAL"} and kind in SAMPLES else value
