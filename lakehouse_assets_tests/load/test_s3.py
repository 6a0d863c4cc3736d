"""A lake and a landing in S3: the same tables, counts and rejects as in folders, whatever comes in one run."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets_tests.lake import LakeDriver, facts_of, folder_files
from lakehouse_assets_tests.load.test_real import AS_OF, GOLD, by_day, tables
from lakehouse_assets_tests.oracle import File
from lakehouse_assets_tests.s3_lake import S3LakeDriver

HEADER = "product_id,department_id,department,product_name\n"
ORDERS = "SELECT order_id, CAST(total_amount AS VARCHAR) AS amount FROM delta_lakehouse.clean_orders ORDER BY order_id"
SALES = "SELECT CAST(sum(amount) AS VARCHAR) AS amount FROM ecommerce_gold.daily_sales"


@pytest.fixture
def lake(s3: str) -> S3LakeDriver:
    """A lake and a landing in an empty bucket."""
    return S3LakeDriver(s3)


def built(lake: LakeDriver) -> None:
    """All gold tables as silver is now."""
    for name in GOLD:
        lake.gold(name)


def answer(lake: LakeDriver, sql: str, as_of: datetime | None = None) -> list[tuple[Any, ...]]:
    """What a user is answered."""
    scope = QueryScope(lake.value, {c.catalog_name: c for c in lake.known.values() if c.layer != "landing"})
    return [row for rows in ask(scope, sql, as_of).batches for row in rows]


def test_all_files_at_once_and_again(lake: S3LakeDriver, real_data: Path, tmp_path: Path) -> None:
    """The recorded shop: tables, counts and checks of a folder lake; the second pass writes no data file."""
    files, folder = folder_files(real_data), LakeDriver(tmp_path)
    assert facts_of(lake.load(*files, as_of=AS_OF)) == facts_of(folder.load(*files, as_of=AS_OF))
    assert tables(lake) == tables(folder)
    before = lake.data_files()
    lake.load(*files, as_of=AS_OF)
    built(lake)
    assert lake.data_files() == before
    assert answer(lake, SALES) == [("640666.01",)]


@pytest.mark.parametrize(
    "at_once",
    [
        pytest.param(3, id="in two runs"),
        pytest.param(1, id="day by day", marks=pytest.mark.nightly),
    ],  # the first is quick
)
def test_one_run_after_the_other(lake: S3LakeDriver, real_data: Path, tmp_path: Path, at_once: int) -> None:
    """The products and the five recorded days in several runs, each with gold after it, and a folder's in one run."""
    days, folder = by_day(folder_files(real_data)), LakeDriver(tmp_path)
    for first in range(0, len(days), at_once):
        lake.load(*(file for files in days[first : first + at_once] for file in files), as_of=AS_OF)
        built(lake)
    folder.load(*(file for files in days for file in files), as_of=AS_OF)
    assert tables(lake) == tables(folder)


@pytest.mark.parametrize("in_folder", [False, True])
def test_duckdb_itself_reads_plain_files_where_they_lie(
    s3: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_folder: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A plain and a packed file of 4,000 products each go to its own reader, for a lake in S3 or in a folder."""
    native, read = list[str](), DuckEngine._read_natively  # noqa: SLF001 - what the reader is asked
    monkeypatch.setattr(DuckEngine, "_read_natively", lambda self, asked: (native.append(asked), read(self, asked)))
    lake = S3LakeDriver(s3, folder=str(tmp_path / "lake") if in_folder else None)
    texts = [HEADER + "".join(f"{n},1,{part},Name {n}\n" for n in range(part, 8000, 2)) for part in (0, 1)]
    plain = File("products", "products/a b.csv", AS_OF, texts[0].encode())
    packed = File("products", "products/[1].csv.gz", AS_OF, gzip.compress(texts[1].encode()))
    (report,) = (t for name, t in lake.load(plain, packed).tables.items() if name == "clean_products")
    assert (report.counts.valid, len(lake.silver()["products"])) == (8000, 8000)
    assert [asked.count("s3://") for asked in native] == [1, 1]
