"""Rows that a file of positions says are deleted are not read, as Athena's MERGE leaves them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines.duckdb_tables import scan
from lakehouse_assets.engines.iceberg import arrow_schema
from lakehouse_assets.storage.iceberg_files import DATA, POSITIONS, live_entries

SALES = contracts("ecommerce")["gold.daily_sales"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two data files of three rows each, whose orders are 0 to 2 and 10 to 12."""
    paths = [tmp_path / f"20261127_{number}.parquet" for number in (1, 2)]
    schema = pa.schema([field.with_nullable(nullable=True) for field in arrow_schema(SALES)])
    for path, first in zip(paths, (0, 10), strict=True):
        columns = {name: [None] * 3 for name in schema.names} | {"orders": [first, first + 1, first + 2]}
        pq.write_table(pa.table(columns, schema=schema), path)
    return [str(path) for path in paths]


@pytest.mark.parametrize("alike", [True, False])
def test_deleted_rows_are_left_out_wherever_the_table_was_made(files: list[str], tmp_path: Path, alike: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The second row of the first file and the last of the second; the places named are those of another lake."""
    deletes = tmp_path / "deletes.parquet"
    named = [f"s3://elsewhere/data/{Path(file).name}" for file in files]
    pq.write_table(pa.table({"file_path": named, "pos": [1, 2]}), deletes)
    db = duckdb.connect()
    select = scan(SALES, files, db, alike=alike, deletes=[str(deletes)])
    assert db.execute(f"SELECT orders FROM ({select}) ORDER BY 1").fetchall() == [(0,), (2,), (10,), (11,)]
    assert db.execute(f"SELECT count(*) FROM ({scan(SALES, files, db, alike=alike)})").fetchone() == (6,)


def test_a_manifest_tells_rows_from_deletes() -> None:
    """A manifest of the first version of the format, which knows no deletes, has rows only."""
    assert (DATA, POSITIONS) == (0, 1)
    assert [entry[2] for entry in live_entries(manifest(with_content=True))] == [POSITIONS]
    assert [entry[2] for entry in live_entries(manifest(with_content=False))] == [DATA]


def manifest(*, with_content: bool) -> bytes:
    """A manifest of one file, of the second version of the format or of the first."""
    import io

    from fastavro import writer

    fields = [{"name": "file_path", "type": "string"}, {"name": "file_size_in_bytes", "type": "long"}]
    content = [{"name": "content", "type": "int"}] if with_content else []
    file = {"type": "record", "name": "r2", "fields": [*content, *fields]}
    status, data = {"name": "status", "type": "int"}, {"name": "data_file", "type": file}
    schema = {"type": "record", "name": "manifest_entry", "fields": [status, data]}
    held = {"file_path": "a.parquet", "file_size_in_bytes": 4} | ({"content": POSITIONS} if with_content else {})
    out = io.BytesIO()
    writer(out, schema, [{"status": 1, "data_file": held}])
    return out.getvalue()
