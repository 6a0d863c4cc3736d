"""Read landed text as Spark DataFrames: plain files by Spark's text reader, the rest from Arrow through Parquet.

A plain file has no quotes, so splitting its lines at commas *is* reading CSV. One file is one partition, so that the
position of a line in its partition is its line in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lakehouse_assets.engines.protocol import NativeFile
from lakehouse_assets.errors import NativeRefused
from lakehouse_assets.sql.silver import ROWS_PER_FILE

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

WHOLE_FILES = dict.fromkeys(("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes"), str(2**40))
"""Settings of a session that reads one file per partition: no file is as large, and opening one "costs" as much."""
POSITION_BITS = 2**33 - 1
"""`monotonically_increasing_id` keeps the position in the partition in its lower 33 bits."""
NOT_LISTED_RIGHT = re.compile(r"[][{}*?:\\]")
"""Spark 4.1 lists the other files twice beside a name with pattern characters, and cannot open one with a colon."""


def native_frames(spark: SparkSession, files: Sequence[NativeFile], columns: tuple[str, ...]) -> list[DataFrame]:
    """Return one DataFrame of `_row`, `_malformed` and the columns per group of files with the same header.

    Raises:
        NativeRefused: a file's name is one that Spark does not read right.
    """
    for file in files:
        if NOT_LISTED_RIGHT.search(file.uri.split("://")[-1]):
            raise NativeRefused(engine="spark", problem=f"it cannot list the name {file.uri}")
    groups = groupby(sorted(files, key=lambda file: file.header), lambda file: file.header)
    return [_frame(spark, list(group), columns) for _, group in groups]


def _frame(spark: SparkSession, files: list[NativeFile], columns: tuple[str, ...]) -> DataFrame:
    header = files[0].header
    lines = spark.read.option("__globPaths__", "false").text([file.uri for file in files])
    numbered = lines.selectExpr(
        "_metadata.file_path AS path",
        f"monotonically_increasing_id() & {POSITION_BITS} AS position",
        "split(value, ',', -1) AS fields",
    )
    rows = numbered.where("position > 0").join(_first_rows(spark, files).hint("broadcast"), "path")
    fits = f"size(fields) = {len(header)}"
    # An optional column that these files lack is NULL.
    text_of = {
        c: f"IF({fits}, get(fields, {header.index(c)}), NULL)" if c in header else "CAST(NULL AS STRING)"
        for c in columns
    }
    texts = [f"{text_of[column]} AS `{column}`" for column in columns]
    return rows.selectExpr("first + position AS _row", f"NOT ({fits}) AS _malformed", *texts)


def _first_rows(spark: SparkSession, files: list[NativeFile]) -> DataFrame:
    """Return the `_row` of each file's header by path, in both spellings of a path without host."""
    import pyarrow as pa

    rows = {_listed_as(spark, file.uri): file.ordinal * ROWS_PER_FILE + 1 for file in files}
    rows |= {path.replace(":///", ":/"): row for path, row in rows.items()}
    return spark.createDataFrame(pa.table({"path": list(rows), "first": list(rows.values())}))


def _listed_as(spark: SparkSession, uri: str) -> str:
    """Return a path escaped as `_metadata.file_path` escapes it."""
    context = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(uri)  # type: ignore[union-attr]  # noqa: SLF001 - as pyspark does
    system = path.getFileSystem(context._jsc.hadoopConfiguration())  # noqa: SLF001
    return str(system.makeQualified(path).toUri().toString())


def odd_frame(spark: SparkSession, batches: Iterable[pa.RecordBatch], file: str) -> DataFrame | None:
    """Return the batches by way of a Parquet file, so that one at most is in memory; None without rows."""
    import pyarrow.parquet as pq
    from pyarrow.fs import FileSystem

    writer, (system, path) = None, FileSystem.from_uri(file)
    for batch in batches:
        if batch.num_rows:
            writer = writer or pq.ParquetWriter(path, batch.schema, filesystem=system)
            writer.write_batch(batch)
    if writer is None:
        return None
    writer.close()
    return spark.read.parquet(file)
