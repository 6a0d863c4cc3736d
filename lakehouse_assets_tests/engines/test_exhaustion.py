"""Running out of memory or disk is one sentence with the way out, wherever it comes from."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets.engines.connection import Spill, connect
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.errors import (
    AccessDenied,
    DiskFull,
    HeapExhausted,
    LakehouseError,
    MemoryExhausted,
    SpillExhausted,
)
from lakehouse_assets.storage.lake import open_lake

RANKED = "SELECT x, row_number() OVER (ORDER BY hash(x)) AS n FROM range(4000000) AS t(x)"
SORT = f"SELECT max(x) AS x FROM ({RANKED}) WHERE n > 1"


SETTINGS = ("memory_limit", "max_temp_directory_size", "temp_directory")


def error_of(memory: str, spill: Spill) -> LakehouseError | None:
    """What a sort of 4 million rows, about 130 MB, ends in within these limits."""
    db, folder = connect(memory, 2, spill)
    with folder, pytest.raises(Exception, match=r".") as raised:
        db.execute(SORT).fetchall()
    db.close()
    return exhausted(raised.value)


def test_an_error_that_is_its_own_cause_is_looked_at_once() -> None:
    """`raise found or error from error` makes such errors; none is to hang whoever asks."""
    error = ValueError("odd")
    error.__cause__ = error
    assert exhausted(error) is None


def test_what_does_not_fit_into_memory_is_spilled_where_it_is_told(tmp_path: Path) -> None:
    """The folder is made, and empty again afterwards."""
    db, folder = connect("40MB", 2, Spill(tmp_path / "spill", "2GB"))
    assert Path(folder.name).parent == tmp_path / "spill"
    assert db.execute(SORT).fetchall() == [(3_999_999,)]
    db.close()
    folder.cleanup()
    assert list((tmp_path / "spill").iterdir()) == []


def test_too_little_room_for_temporary_files_is_said_with_the_settings(tmp_path: Path) -> None:
    """Those of the room, and of the memory that would make it needless."""
    found = error_of("40MB", Spill(tmp_path, "1MB"))
    assert isinstance(found, SpillExhausted)
    for setting in ("LAKEHOUSE_DUCKDB_TEMP,", "LAKEHOUSE_DUCKDB_TEMP_LIMIT", "LAKEHOUSE_DUCKDB_MEMORY"):
        assert setting in str(found)


def test_too_little_memory_is_said_with_the_setting(tmp_path: Path) -> None:
    """What cannot be spilled, such as one long value, needs memory."""
    db, folder = connect("30MB", 1, Spill(tmp_path))
    with folder, pytest.raises(Exception, match=r"Out of Memory") as raised:
        db.execute("SELECT length(string_agg(repeat('x', 1000), '')) FROM range(200000)").fetchall()
    db.close()
    assert isinstance(exhausted(raised.value), MemoryExhausted)
    assert "LAKEHOUSE_DUCKDB_MEMORY" in str(exhausted(raised.value))


def test_a_question_is_held_to_the_same_limits(tmp_path: Path) -> None:
    """`lakehouse sql` spills into the folder that is set, and not beside who asks."""
    lake = open_lake(str(tmp_path / "lake"))
    lake.create()
    scope = QueryScope(lake, {}, "40MB", 2, Spill(tmp_path / "spill", "1MB"))
    sql = (
        "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY x DESC) AS n FROM UNNEST(sequence(1, 3000000)) AS t(x))"
    )
    with pytest.raises((SpillExhausted, MemoryExhausted)):
        list(ask(scope, sql).batches)
    assert list((tmp_path / "spill").iterdir()) == []


def test_the_engine_takes_the_limits(tmp_path: Path) -> None:
    """DuckDB itself says what it was told."""
    engine = DuckEngine(open_lake(str(tmp_path)), memory="123MB", threads=1, spill=Spill(tmp_path / "s", "456MB"))
    found = [engine._db.execute(f"SELECT current_setting('{name}')").fetchall()[0][0] for name in SETTINGS]  # noqa: SLF001
    engine.close()
    assert (found[:2], Path(found[2]).parent) == (["117.3 MiB", "434.8 MiB"], tmp_path / "s")


RUST = "Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)"
SPILLED = 'IO Error: Could not write file "/tmp/lakehouse-spill-x/duckdb_temp_storage-0.tmp": No space left on device'
ARROW = "External error: Out of Memory Error: could not allocate block of size 256.0 KiB (38.1 MiB/38.1 MiB used)"

JAVA = (
    "An error occurred while calling o69.collectToPython.\n: java.lang.OutOfMemoryError: Java heap space\n\tat a.b(C:1)"
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFull),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DiskFull),
        (OSError(RUST), DiskFull),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), DiskFull),
        (OSError(SPILLED), SpillExhausted),
        (ValueError(ARROW), MemoryExhausted),
        (RuntimeError(JAVA), HeapExhausted),
        (RuntimeError("[INVALID_DRIVER_MEMORY] System memory 182452224 must be at least 471859200."), HeapExhausted),
        (MemoryError(), MemoryExhausted),
        (OSError(errno.EIO, "Input/output error"), None),
        (ValueError("no such column"), None),
    ],
)
def test_an_error_is_known_by_its_words_too(error: Exception, kind: type[LakehouseError] | None) -> None:
    """Libraries hand DuckDB's and the system's errors on in errors of their own, which may be the cause of others."""
    outer = RuntimeError("the step failed")
    outer.__cause__ = error
    found = exhausted(outer)
    assert found is None if kind is None else isinstance(found, kind)


def test_too_little_memory_of_spark_is_said_with_its_own_setting() -> None:
    """And with what a Glue job has instead; DuckDB's memory has no part in it."""
    found = str(exhausted(RuntimeError(JAVA)))
    assert found.startswith(
        "the memory that Spark's Java may take is not enough (java.lang.OutOfMemoryError: Java heap"
    )
    assert "LAKEHOUSE_SPARK_MEMORY" in found
    assert "GlueWorkerType" in found
    assert "DUCKDB" not in found
    assert "\n" not in found


def test_a_full_disk_is_said_without_the_layers_of_a_library() -> None:
    """Whoever writes a table names it; what Spark puts aside is no table's, and a file that is named stays."""
    failed = OSError(f"Failed to parse parquet: External: {RUST}")
    said = "(No space left on device (os error 28))"
    assert str(exhausted(failed, "`clean_orders`")).startswith(f"no room left to write `clean_orders` {said}")
    shuffled = RuntimeError("No space left on device\n\tat org.apache.spark.storage.DiskBlockObjectWriter.write")
    assert "write a temporary file of Spark (No space" in str(exhausted(shuffled, "`clean_orders`"))
    assert "`/lake/a.tmp`: No space" in str(
        exhausted(OSError("Could not write `/lake/a.tmp`: No space left on device"))
    )


class Unsaid(Exception):  # noqa: N818 - as Py4J's, whose text is asked of Java
    """An error of Java, which is not there any more."""

    def __str__(self) -> str:
        raise ConnectionRefusedError(111, "Connection refused")


def test_java_that_ends_in_the_middle_had_too_little_memory() -> None:
    """Spark ends it where a task has none left; nobody can be asked then what it was."""
    closing = ConnectionRefusedError(111, "Connection refused")
    closing.__context__ = Unsaid()
    assert isinstance(exhausted(closing), HeapExhausted)
    lost = type("Py4JNetworkError", (Exception,), {})("Answer from Java side is empty")
    assert "(Java has ended in the middle of its work)" in str(exhausted(lost))


def test_what_says_already_who_refused_is_not_read_again() -> None:
    """A store names itself and the right; the library's error below it says neither."""
    below = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")
    refused = AccessDenied(place="s3://acme-drops/shop", problem="ListObjectsV2 needs s3:ListBucket")
    refused.__cause__ = below
    failed = RuntimeError("a step failed")
    failed.__cause__ = refused
    assert exhausted(failed) is refused
