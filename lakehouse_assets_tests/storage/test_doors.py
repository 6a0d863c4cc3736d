"""Stores and tables are opened by `lakehouse_assets/storage` alone, so that all of them know the lake's options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

OPENS = re.compile(r"\b(DeltaTable(\.create)?|is_deltatable|FolderStore|SqlCatalog|GlueCatalog|load_catalog)\(")
"""Opening a table, a store or a catalog past the door."""
BY_PATH = re.compile(
    r"write_deltalake\((f?['\"]|str\(|[\w.]*(location|lake|path|root|uri)\b)|\b(vacuum|delta_scan|iceberg_scan)\(['\"f]"
)
"""Writing or reading a table by its path."""
AS_PATH = re.compile(
    r"\bPath\([^)]*\b(lake|landing)\b|\b(lake|lake_root)\)? ?/ |\b(lake|lake_root|store): (str|Path)\b"
)
"""A lake or a landing as a path."""
NAMES = (
    "settings.py",
    "operations/",
    "lakehouse_assets/__init__.py",
    "graph/resource.py",
    "graph/process.py",
    "moves3objects/logic.py",
)
"""Where a lake is a name: what people type, Dagster's configuration of strings, tags of runs, and a Lambda's event."""
RULES = ("contracts/layers.py", "sql/ddl.py")
"""Where a lake's root is a part of a text that is made."""


def offending(pattern: re.Pattern[str], *apart: str) -> list[str]:
    """Lines of the product outside of `storage` that match."""
    files = [file for folder in ("lakehouse_assets", "glue", "lambdas") for file in sorted(Path(folder).rglob("*.py"))]
    told = [str(file) for file in files if not str(file).startswith("lakehouse_assets/storage/")]
    looked_at = [file for file in told if not any(part in file for part in apart)]
    assert len(looked_at) > 80
    lines = [(file, line) for file in looked_at for line in Path(file).read_text("utf-8").splitlines()]
    return [f"{file}: {line.strip()}" for file, line in lines if pattern.search(line)]


def test_tables_and_stores_are_opened_by_the_lake() -> None:
    """No other module opens a table, a catalog or a store."""
    assert offending(OPENS) == []


def test_no_table_is_written_or_read_by_its_path() -> None:
    """A path knows no storage options."""
    assert offending(BY_PATH) == []


def test_a_lake_is_handed_on_as_a_value() -> None:
    """Beside the edges where it is typed or configured, no module takes a path for a lake or a landing."""
    assert offending(AS_PATH, *NAMES, *RULES) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (OPENS, "    table = DeltaTable(location)"),
        (OPENS, "    if not DeltaTable.is_deltatable(location):"),
        (OPENS, "    store = FolderStore(config.lake)"),
        (BY_PATH, '    write_deltalake(f"{lake}/orders", rows, mode="append")'),
        (BY_PATH, "    write_deltalake(str(location), rows)"),
        (BY_PATH, "    write_deltalake(self.location, rows)"),
        (AS_PATH, '    text = (Path(work.lake) / "corrected").read_text()'),
        (AS_PATH, '    text = (lake / "corrected").read_text()'),
        (AS_PATH, "def ensure(contract: Contract, lake: str) -> None:"),
    ],
)
def test_what_was_there_once_would_be_found(pattern: re.Pattern[str], line: str) -> None:
    """The patterns match the ways past the door that the product had."""
    assert pattern.search(line)
