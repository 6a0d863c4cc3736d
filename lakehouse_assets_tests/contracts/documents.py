"""Small contract documents that are well-formed, one per layer, for tests that spoil or extend them."""

from __future__ import annotations

from typing import Any

Item = dict[str, Any]


def custom(**values: object) -> list[Item]:
    """Custom properties as a contract's YAML has them."""
    return [{"property": name, "value": value} for name, value in values.items()]


def column(name: str, kind: str = "STRING", place: int = 0, **properties: object) -> Item:
    """One column; `place` is that in the key."""
    key = {"primaryKey": True, "primaryKeyPosition": place, "required": True} if place else {}
    words = {"name": name, "physicalType": kind, "description": f"The {name}"}
    return words | key | ({"customProperties": custom(**properties)} if properties else {})


def rule(code: str, kind: str, severity: str, implementation: str | None = None, **properties: object) -> Item:
    """One rule."""
    words = {"name": code, "severity": severity, "description": f"what {code} says"}
    sql = {} if implementation is None else {"implementation": implementation}
    return words | sql | {"customProperties": custom(kind=kind, **properties)}


def table(layer: str, columns: list[Item], rules: list[Item], **properties: object) -> Item:
    """One contract of a table `things`."""
    return {
        "name": "things",
        "version": "1.0.0",
        "description": {"purpose": "Things"},
        "team": [{"username": "owner@example.com"}],
        "customProperties": custom(**({"layer": layer, "database": "lake"} | properties)),
        "schema": [{"dataGranularityDescription": "one row per thing", "properties": columns, "quality": rules}],
    }


def silver(*columns: Item, rules: tuple[Item, ...] = (), **properties: object) -> Item:
    """A silver table with a key `id`, further columns, and where each row came from."""
    provenance = [column("_file_time", "TIMESTAMP"), column("_file"), column("_line", "INT")]
    missing = rule("id_missing", "row", "reject", "blank(id)")
    return table(
        "silver",
        [column("id", place=1, source="id"), *columns, *provenance],
        [missing, *rules],
        **({"landing": "things"} | properties),
    )


def gold(*columns: Item, rules: tuple[Item, ...] = (), **properties: object) -> Item:
    """A gold table by day."""
    asked = {"window": "day", "window_source": "touched_dates"} | properties
    return table("gold", [column("day", "DATE", 1), *columns], list(rules), **asked)


def landing(*columns: Item, **properties: object) -> Item:
    """A landing dataset with one column."""
    return table(
        "landing", [column("id"), *columns], [], **({"database": "landing", "files": "things/*.csv"} | properties)
    )
