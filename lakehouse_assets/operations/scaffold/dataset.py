"""Draft a dataset: the contract of its files, that of its silver table with a rule per column, and a unit test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lakehouse_assets.contracts import Column
from lakehouse_assets.operations.scaffold.columns import broken, sample

PROVENANCE = (
    ("_file_time", "TIMESTAMP", "When the file that carried this version was last changed"),
    ("_file", "STRING", "Key of the file that carried this version"),
    ("_line", "INT", "Place of the record in that file from 1"),
)


@dataclass(frozen=True)
class Dataset:
    """Hold what is asked of a new dataset.

    Attributes:
        pipeline: its name.
        name: of the dataset; its table is `clean_<name>`.
        columns: as they land, with the types that they are read as.
        key: names of the key columns.
        files: patterns of its files.
        records: the field that holds the records of a JSON page; None for CSV.
        database: of silver.
        owner: of both contracts.
        windows: whether a changed row touches a window `dates` of the pipeline.
    """

    pipeline: str
    name: str
    columns: Sequence[Column]
    key: Sequence[str]
    files: str
    records: str | None
    database: str
    owner: str
    windows: bool

    @property
    def table(self) -> str:
        """Return the bare name of the silver table."""
        return f"clean_{self.name}"

    @property
    def day(self) -> str | None:
        """Return the first column of days, by which the table is sorted; None where there is none."""
        return next((c.name for c in self.columns if c.type == "DATE"), None)

    @property
    def moment(self) -> str | None:
        """Return the first column of moments, which says what version is newer; None where there is none."""
        return next((c.name for c in self.columns if c.type == "TIMESTAMP"), None)

    def is_needed(self, column: Column) -> bool:
        """Say whether a column may not be NULL: it is in the key, or sorts the table, or says what is newer."""
        return column.name in {*self.key, self.day, self.moment}


def drafted(asked: Dataset, contracts: Path, tests: Path) -> dict[Path, str]:
    """Return the files of a new dataset.

    Args:
        asked: what it is.
        contracts: folder of the package's contracts.
        tests: folder of its unit tests.
    """
    return {
        contracts / f"landing_{asked.name}.yaml": text_of(landing(asked)),
        contracts / f"{asked.table}.yaml": text_of(silver(asked)),
        tests / f"{asked.table}.yaml": f"# What the rules say of {asked.name} as they land.\n{text_of(_tests(asked))}",
    }


def text_of(document: object) -> str:
    """Return a value as YAML, in its own order."""
    text: str = yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)
    return text


def head(pipeline: str, layer: str, name: str, purpose: str, owner: str) -> dict[str, Any]:
    """Return the first fields of a contract."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"{pipeline}.{layer}.{name}",
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "description": {"purpose": purpose},
        "team": [{"username": owner, "role": "owner"}],
    }


def properties(**values: object) -> list[dict[str, object]]:
    """Return custom properties of these names and values, without those that are None."""
    return [{"property": name, "value": value} for name, value in values.items() if value is not None]


def landing(asked: Dataset) -> dict[str, Any]:
    """Return the contract of the files."""
    custom = properties(
        layer="landing",
        database="landing",
        files=asked.files,
        format="json_pages" if asked.records else None,
        records=asked.records,
    )
    columns = [{"name": c.name, "physicalType": "STRING", "description": c.description} for c in asked.columns]
    table = {"name": asked.name, "dataGranularityDescription": "one record per key and version", "properties": columns}
    purpose = f"Files of {asked.name}, read as text"
    return {
        **head(asked.pipeline, "landing", asked.name, purpose, asked.owner),
        "customProperties": custom,
        "schema": [table],
    }


def silver(asked: Dataset) -> dict[str, Any]:
    """Return the contract of the typed table."""
    day = asked.day
    custom = properties(
        layer="silver",
        database=asked.database,
        landing=asked.name,
        event_time=asked.moment,
        date_column=day,
        affects=[{"window": "dates", "column": day}] if day and asked.windows else None,
    )
    provenance = [
        {"name": name, "physicalType": kind, "required": True, "description": words} for name, kind, words in PROVENANCE
    ]
    table = {
        "name": asked.table,
        "dataGranularityDescription": f"one row per {', '.join(asked.key)}",
        "properties": [*(_column(asked, column) for column in asked.columns), *provenance],
        "quality": list(_rules(asked)),
    }
    purpose = f"{asked.name.capitalize()}, latest version of each"
    return {
        **head(asked.pipeline, "silver", asked.table, purpose, asked.owner),
        "customProperties": custom,
        "schema": [table],
    }


def _column(asked: Dataset, column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "physicalType": column.type, "description": column.description}
    if column.name in asked.key:
        found |= {"primaryKey": True, "primaryKeyPosition": asked.key.index(column.name) + 1}
    if asked.is_needed(column):
        found["required"] = True
    unit = "UTC" if column.type == "TIMESTAMP" else None
    return found | {"customProperties": properties(unit=unit, source=column.name)}


def rule(code: str, verdict: str, words: str, condition: str, kind: str = "row") -> dict[str, Any]:
    """Return a rule as a contract holds it."""
    return {
        "name": code,
        "type": "custom",
        "engine": "lakehouse",
        "severity": verdict,
        "description": words,
        "implementation": condition,
        "customProperties": properties(kind=kind),
    }


def _rules(asked: Dataset) -> Iterator[dict[str, Any]]:
    yield rule("row_malformed", "reject", "the record cannot be read", "the reader refused the record", "reader")
    for column in asked.columns:
        found = broken(column, needed=asked.is_needed(column))
        if found:
            yield rule(found[0], "reject", *found[1:])
    unique = {"name": "keys_unique", "type": "text", "severity": "fail", "description": "no key occurs twice"}
    yield unique | {"customProperties": properties(kind="keys_unique")}


def sample_row(columns: Sequence[Column]) -> dict[str, str]:
    """Return a landed row of these columns; arrays and records are left out."""
    texts = {column.name: sample(column)[0] for column in columns}
    return {name: text for name, text in texts.items() if text is not None}


def _tests(asked: Dataset) -> list[dict[str, Any]]:
    good = sample_row(asked.columns)
    values = {c.name: sample(c)[1] for c in asked.columns if c.data_type.name != "TIMESTAMP" and c.name in good}
    first = next(column for column in asked.columns if column.name == asked.key[0])
    code = (broken(first, needed=True) or ("",))[0]
    return [
        {"name": "a good record is read as it should be", "landed": [good], "expect": [{"codes": [], **values}]},
        {
            "name": "a record without its key is rejected",
            "landed": [good | {first.name: ""}],
            "expect": [{"codes": [code]}],
        },
    ]
