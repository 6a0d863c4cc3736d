"""One dataset's files judged by the engine, without the rest of a load: what the reading and rule tests look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lakehouse_assets.errors import NativeRefused
from lakehouse_assets.formats.registry import format_of
from lakehouse_assets.load.file_source import FileSource
from lakehouse_assets.load.source_files import SourceFiles, survey
from lakehouse_assets.sql import silver
from lakehouse_assets_tests.lake import SILVER, LakeDriver
from lakehouse_assets_tests.oracle import File

Rows = list[dict[str, Any]]


def judged(lake: LakeDriver, files: Sequence[File], *, strict: bool = False) -> tuple[SourceFiles, Rows]:
    """How the files of one dataset were read, and their rows: `at` (file, line), `codes`, `warnings`, typed values."""
    dataset = files[0].dataset
    contract = lake.known[f"silver.{SILVER[dataset]}"]
    work, engine = lake.work(lake.drop(*files)), lake.engine()
    try:
        source_format = format_of(work.datasets[dataset], contract)
        source = FileSource(source_format, work.landing, dict(enumerate(work.manifest.files)))
        sources = survey(source, engine, strict=strict)
        sources.counted = engine.stage("parsed", sources.text(None), silver.parsed(contract))
        rows = engine.rows("SELECT * FROM parsed ORDER BY _row")
    except NativeRefused:
        assert not strict
        return judged(lake, files, strict=True)
    finally:
        engine.close()
    return sources, [_shown(row) for row in rows]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in row.items() if not name.startswith("_")}
    return values | {
        "at": divmod(row["_row"], silver.ROWS_PER_FILE),
        "codes": _split(row["_codes"]),
        "warnings": _split(row["_warnings"]),
    }


def _split(codes: str) -> list[str]:
    return sorted(code for code in codes.split(",") if code)
