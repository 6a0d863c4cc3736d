"""Answer questions about what there is to ask: SHOW and DESCRIBE, from the tables that the lake holds.

The words are Athena's: https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html. Not here: what tables a lake
holds and how they are written (`standing_tables`), and questions to their rows (`query`).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.engines.standing_tables import as_it_stands, standing
from lakehouse_assets.engines.time_travel import files_at
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.sql.ddl import athena_delta_ddl, athena_iceberg_ddl
from lakehouse_assets.storage.lake import Lake

Listing = tuple[tuple[str, ...], list[tuple[Any, ...]]]
"""Names of columns, and rows."""
Find = Callable[[str], Contract]
"""Returns the contract of a catalog name, or says that there is none."""
NAME = r"[`\"]?(?:\w+[`\"]?\.[`\"]?)?\w+[`\"]?"
IN = r"(?:\s+(?:IN|FROM)\s+[`\"]?(?P<database>\w+)[`\"]?)?"
LIKE = r"(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?"
PARTITION = re.compile(r"(?<=/)([^/=]+=[^/]*)(?=/)")
"""Matches a folder of a partition, as Delta and Iceberg name them after Hive."""
STATEMENTS = {
    "tables": rf"SHOW\s+TABLES{IN}{LIKE}",
    "views": rf"SHOW\s+VIEWS{IN}{LIKE}",
    "partitions": rf"SHOW\s+PARTITIONS\s+(?P<table>{NAME})",
    "schemas": rf"SHOW\s+(?:SCHEMAS|DATABASES){LIKE}",
    "columns": rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<table>{NAME}){IN}",
    "create": rf"SHOW\s+CREATE\s+TABLE\s+(?P<table>{NAME})",
    "describe": rf"DESC(?:RIBE)?\s+(?:(?:EXTENDED|FORMATTED)\s+)?(?P<table>{NAME})",
}
SHOWN = "what can be shown are TABLES, VIEWS, DATABASES, COLUMNS IN a table, PARTITIONS and CREATE TABLE of one"
"""Says in words which of these begin with SHOW."""


def asked(text: str) -> tuple[str, dict[str, str | None]] | None:
    """Return which question a text asks about what tables there are, and its words; None for any other text."""
    for kind, pattern in STATEMENTS.items():
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            return kind, match.groupdict()
    return None


def answered(
    question: tuple[str, dict[str, str | None]], lake: Lake, tables: Mapping[str, Contract], find: Find
) -> Listing:
    """Return the answer to a question that `asked` has recognised.

    Raises:
        BadRequest: there is no such table, or no run has made it yet.
        TableDamaged, LakeElsewhere: what is there cannot be read.
    """
    kind, words = question
    like, database = words.get("like"), words.get("database")
    if words.get("table") is None:
        return _listed(kind, lake, tables.values(), database, like)
    named = re.sub(r"[`\"]", "", str(words["table"])).lower()
    known = find(f"{database.lower()}.{named}" if database else named)
    return _described(kind, lake, as_it_stands(lake, known))


def _listed(kind: str, lake: Lake, tables: Iterable[Contract], database: str | None, like: str | None) -> Listing:
    """Return the tables, views or databases that the lake holds."""
    known = list(tables)
    found = standing(lake, known)
    _require_database(known, found, database)
    if kind == "views":
        return ("views",), []  # no model is one
    if kind == "tables":
        return _tables(_in(found, database), like)
    names = sorted({one.database for one in found})
    return ("database_name",), [(name,) for name in names if _is_like(name, like)]


def _described(kind: str, lake: Lake, contract: Contract) -> Listing:
    """Return what a question asks about one table."""
    if kind == "partitions":
        return ("partition",), [(name,) for name in _partitions(contract, lake)]
    if kind == "columns":
        return ("field",), [(column.name,) for column in contract.columns]
    if kind == "create":
        return ("createtab_stmt",), [(_create(contract, lake.root),)]
    rows: list[tuple[Any, ...]] = [(c.name, c.type.lower(), c.unit, c.description) for c in contract.columns]
    return ("column", "type", "unit", "description"), rows


def _require_database(known: Iterable[Contract], there: Iterable[Contract], database: str | None) -> None:
    """Refuse a database that neither contracts nor the lake have."""
    if database is not None and database.lower() not in {one.database for one in known}:
        names = sorted({one.database for one in there} or {one.database for one in known})
        raise BadRequest(message=f"there is no database `{database}`; there are: {', '.join(names)}")


def _partitions(contract: Contract, lake: Lake) -> list[str]:
    """Return the partitions that have rows now, as folders name them, such as `date=2025-04-01`."""
    folder = f"{lake.root}/{lake.key(contract)}/"
    inside = (file.removeprefix(folder) for file in files_at(contract, lake, None).rows)
    found = {"/".join(PARTITION.findall(f"/{file}")) for file in inside} - {""}
    if not found and not contract.partition_by:
        raise BadRequest(message=f"table `{contract.catalog_name}` has no partitions")
    return sorted(found)


def _in(found: Iterable[Contract], database: str | None) -> list[Contract]:
    return [one for one in found if database is None or one.database == database.lower()]


def _tables(found: Iterable[Contract], like: str | None) -> Listing:
    rows: list[tuple[Any, ...]] = [
        (one.catalog_name, one.layer, one.description) for one in found if _is_like(one.name, like)
    ]
    return ("table", "layer", "description"), rows


def _is_like(name: str, pattern: str | None) -> bool:
    """Say whether a name is meant: `*` and `%` stand for any text, `|` parts alternatives, as in Hive.

    >>> _is_like("daily_weather", "daily*|weekly*"), _is_like("station_days", "daily%")
    (True, False)
    """
    return pattern is None or any(fnmatch.fnmatch(name, one.replace("%", "*").lower()) for one in pattern.split("|"))


def _create(contract: Contract, root: str) -> str:
    render = athena_iceberg_ddl if contract.layer == "gold" else athena_delta_ddl
    return render(contract, table_location(contract, root))
