"""What an engine opens of an Iceberg table by day: the files of the days that are asked for, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.gold import build
from lakehouse_assets.sql.dialects import Parameter
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.contracts.documents import column, gold
from lakehouse_assets_tests.lake import never

TABLE = parse_contract(gold(column("n", "BIGINT"), partition_by="day"))
SELECT = " UNION ALL ".join(f"SELECT DATE '2025-04-0{n}' AS day, {n} AS n" for n in (1, 2, 3))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    """An engine over a lake whose table has a row on each of three days."""
    lake = open_lake(str(tmp_path / "lake"))
    lake.create()
    engine = DuckEngine(lake)
    build(engine, TABLE, SELECT, None, never)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    "where",
    [
        "t.day = DATE '2025-04-02'",
        "t.day BETWEEN add_days(CAST(:as_of AS DATE), -1) AND add_days(CAST(:as_of AS DATE), -1)",
        "t.day IN (:touched)",
    ],
)
def test_only_files_of_the_asked_days_are_opened(engine: DuckEngine, where: str) -> None:
    """The last day's file is spoilt, and a question about the day before does not meet it."""
    (file,) = Path(engine.lake.root).rglob("day=2025-04-03/*.parquet")
    file.write_bytes(b"no parquet")
    clock: dict[str, Parameter] = {"as_of": date(2025, 4, 3), "touched": (date(2025, 4, 2),)}
    assert engine.rows(f"SELECT t.n FROM lake.things AS t WHERE {where}", clock) == [{"n": 2}]


def test_days_are_the_same_from_folders_and_files(engine: DuckEngine) -> None:
    """A file that lies elsewhere has its day inside, as all have."""
    files = [str(file) for file in Path(engine.lake.root).rglob("*.parquet")]
    engine.show_files("from_folders", TABLE, files)
    flat = [str(Path(engine.lake.root) / f"{number}.parquet") for number, _ in enumerate(files)]
    for file, copy in zip(files, flat, strict=True):
        Path(copy).write_bytes(Path(file).read_bytes())
    engine.show_files("from_files", TABLE, flat)
    rows = [engine.rows(f"SELECT t.day, t.n FROM {name} AS t ORDER BY 1") for name in ("from_folders", "from_files")]
    assert rows[0] == rows[1]
    assert rows[0][0] == {"day": date(2025, 4, 1), "n": 1}
