"""A small lake that an older version made, and what it held: see `README.md`.

`python -m lakehouse_assets_tests.regression.older_lake LAKE` writes what a lake holds beside the archive. It is run
once, by the version that made the lake and where it was made.
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lakehouse_assets_tests.regression.digest import table_figures
from lakehouse_assets_tests.regression.figures import readable

ARCHIVE = Path(__file__).with_name("lake-0.1.0.tar.gz")
CONTENTS = Path(__file__).with_name("lake-0.1.0.json")
MADE_AT = "/srv/lakehouse/lake"
"""Where the lake was made; the metadata of its gold tables and their catalog name this folder."""
DATABASES = ("delta_lakehouse", "ecommerce_gold")
PLACE = '"dataset", "file", "line", "codes"'
REJECTS = f"SELECT {PLACE} FROM delta_lakehouse.ecommerce_rejects WHERE status = 'open' ORDER BY 1, 2, 3"
PENDING = f"SELECT {PLACE} FROM delta_lakehouse.ecommerce_pending ORDER BY 1, 2, 3"

Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]
"""Answers a statement as `lakehouse sql --format json` does: moments, dates and decimals are text."""


def unpack(folder: Path) -> Path:
    """A copy of the lake in this folder."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "lake"


def contents() -> dict[str, Any]:
    """What the lake held when it was made: every table's columns and figures, open rejects, pending rows."""
    found: dict[str, Any] = json.loads(CONTENTS.read_text("utf-8"))
    return found


def figures_now(ask: Ask, table: str, columns: Sequence[str]) -> dict[str, Any]:
    """Rows and digest of a table, over columns that it had when the lake was made."""
    chosen = ", ".join(f'"{name}"' for name in columns)
    return table_figures(ask(f"SELECT {chosen} FROM {table}"), columns)


def records(rows: Rows) -> list[str]:
    """Rejected or pending rows as lines: dataset, file, line and codes."""
    return [f"{row['dataset']} {row['file']} {row['line']} {row['codes']}" for row in rows]


def look(ask: Ask) -> dict[str, Any]:
    """Everything that is kept about a lake."""
    tables = [row["table"] for name in DATABASES for row in ask(f"SHOW TABLES IN {name}")]
    columns = {table: [row["column"] for row in ask(f"DESCRIBE {table}")] for table in tables}
    return {
        "columns": columns,
        "tables": {table: figures_now(ask, table, names) for table, names in columns.items()},
        "open_rejects": records(ask(REJECTS)),
        "pending": records(ask(PENDING)),
    }


def main() -> None:
    """Write down what the lake named on the command line holds."""
    import subprocess

    command = str(Path(sys.executable).with_name("lakehouse"))

    def ask(sql: str) -> Rows:
        asked = [command, "sql", sql, "--format", "json", "--lake", sys.argv[1]]
        rows: Rows = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
        return rows

    CONTENTS.write_text(readable(look(ask)), "utf-8")


if __name__ == "__main__":
    main()
