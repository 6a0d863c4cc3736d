"""Run Python on Spark's executors: small results of many items, and record batches made from record batches.

What is sent there is a value that can be pickled and opens files by itself, so no byte of a file meets the driver. The
package is there too: in local mode by itself, on Glue as one of its `--extra-py-files`.
"""

from __future__ import annotations

import base64
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lakehouse_assets.engines.protocol import BatchMapper, Item, Result
from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.progress import Counter, Counts

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

CARRIED = re.compile(r"carried<([A-Za-z0-9+/=]+)>")
"""Finds a typed error in the text of Spark's, which knows only the text of an error in Python."""


class Carried(Exception):  # noqa: N818 - the error is the one inside
    """Carry a typed error of a worker in a text."""

    def __init__(self, error: LakehouseError) -> None:
        super().__init__(f"{error} carried<{base64.b64encode(pickle.dumps(error)).decode()}>")


@contextmanager
def carrying() -> Iterator[None]:
    """Send a typed error of the block to the driver; this is the worker's side."""
    try:
        yield
    except LakehouseError as error:
        raise Carried(error) from error


@contextmanager
def delivering() -> Iterator[None]:
    """Raise a typed error that a worker sent while Spark ran inside the block; this is the driver's side."""
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        found = CARRIED.search(str(error))
        if found is None:
            raise
        raise pickle.loads(base64.b64decode(found[1])) from error  # noqa: S301 - our own worker wrote it


def counter(spark: SparkSession) -> Counter:
    """Return a new accumulator of files, bytes and rows, which tasks that have ended are added to."""
    from pyspark.accumulators import AccumulatorParam

    class Sums(AccumulatorParam[Counts]):
        """Tell pyspark how counts are added up."""

        def zero(self, value: Counts) -> Counts:  # noqa: ARG002 - pyspark passes it
            """Return what a task begins with."""
            return 0, 0, 0

        def addInPlace(self, value1: Counts, value2: Counts) -> Counts:  # noqa: N802 - pyspark's name
            """Add counts to counts."""
            return value1[0] + value2[0], value1[1] + value2[1], value1[2] + value2[2]

    return spark.sparkContext.accumulator((0, 0, 0), Sums())


def results(spark: SparkSession, work: Callable[[Item], Result], items: Sequence[Item], tasks: int) -> list[Result]:
    """Return what the work gives for each item, in their order.

    Args:
        spark: the session.
        work: a value that can be pickled.
        items: values that can be pickled.
        tasks: how many tasks share the items at most.
    """
    if not items:
        return []

    def some(part: Iterable[Item]) -> Iterator[Result]:
        with carrying():
            for item in part:
                yield work(item)

    with delivering():
        return spark.sparkContext.parallelize(items, min(len(items), tasks)).mapPartitions(some).collect()


def mapped(rows: DataFrame, mapper: BatchMapper) -> DataFrame:
    """Return what the mapper makes of each partition of the rows; whoever computes it does so inside `delivering`."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with carrying():
            yield from mapper(iter(batches))

    return rows.mapInArrow(run, rows.sparkSession.createDataFrame(mapper.schema.empty_table()).schema)
