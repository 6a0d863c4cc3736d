"""Run the load on the Spark engine, as Glue does: the same SQL on Spark, commits by Delta.

Each dataset is read once and its parsed rows are written to a scratch folder as Parquet: they do not change under
the load when a file does, memory stays bounded, and later statements read only the columns they need. Silver is read
through the file list of one version, taken when the table is attached.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines import delta
from lakehouse_assets.engines.arrow_select import arrow_select
from lakehouse_assets.engines.protocol import BatchMapper, Commit, Guard, Item, Parts, Result, TextSource
from lakehouse_assets.engines.rising import Stretches, are_apart
from lakehouse_assets.engines.spark_delta import Target, merge_sql, transaction
from lakehouse_assets.engines.spark_files import StageFiles, pieces_of, shares
from lakehouse_assets.engines.spark_s3 import reach
from lakehouse_assets.engines.spark_workers import counter, delivering, mapped, results
from lakehouse_assets.interruption import Duty
from lakehouse_assets.progress import Counter
from lakehouse_assets.sql.dialects import Parameter, render
from lakehouse_assets.storage.aws import access
from lakehouse_assets.storage.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # The default is INT96, which carries no statistics for skipping files.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # `lower` goes through a Unicode library otherwise, which takes longer than all else in a row; ASCII needs none.
    "spark.sql.icu.caseMappings.enabled": "false",
    # Spark keeps what it has learnt of every statement that it parsed, and of ours, which are long, that is a gigabyte
    # within a day of loads; from a tenth of the driver's memory on it forgets.
    "spark.sql.parser.manageParserCaches": "true",
    "spark.sql.parser.parserDfaCacheFlushRatio": "10",
    # How many rows a worker gets at a time; the default of 10,000 is made for wider rows than these.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
TASKS_PER_CORE = 3
LARGE_BYTES = 1 << 28
"""From so many bytes of one dataset on, one caller keeps all cores busy; several would only share their memory."""
RISING = re.compile(r"^(string|u?int\d+)$")
"""Arrow types whose values `is_rising` can compare."""
INHERITED = ("spark.sql.ansi.enabled", "spark.sql.shuffle.partitions", "spark.sql.autoBroadcastJoinThreshold")


class SparkEngine:
    """Run the load's SQL on Spark; see `protocol.Engine`.

    Temporary views and settings are kept in a session of the engine's own.

    Args:
        spark: a session with Delta's extension and catalog.
        lake: the lake whose tables the engine reads and writes.
        zone: source time zone.
        scratch: a folder that all workers reach; None for a temporary one of this machine (Spark in local mode) or
            one below the lake.
    """

    name, callers = "spark", 3
    part_bytes: int | None = 1 << 25

    def __init__(self, spark: SparkSession, lake: Lake, *, zone: str = "UTC", scratch: str | None = None) -> None:
        self._lake, self._zone = lake, zone
        self._parent = spark
        if lake.is_in_s3:
            reach(spark, access())
        self._spark = self._session()
        self._scratch = scratch or _scratch(spark, lake)
        self._kept: dict[str, DataFrame] = {}
        self._attached: dict[str, DeltaTable] = {}
        remove = partial(shutil.rmtree, self._scratch, ignore_errors=True)
        self._duty = Duty(ask=spark.sparkContext.cancelAllJobs, clean=remove)

    def _session(self) -> SparkSession:
        """Return a session with temporary views and settings of its own."""
        found = self._parent.newSession()
        inherited = {name: self._parent.conf.get(name) or "" for name in INHERITED}
        for name, value in {**inherited, **SETTINGS}.items():
            found.conf.set(name, value)
        return found

    @property
    def scratch(self) -> str | None:
        """Return None: executors need not be on one machine."""
        return None

    def counter(self) -> Counter:
        """Return what sums up the counts of executors, each time that one of their tasks has ended."""
        return counter(self._spark)

    def close(self) -> None:
        """Release what was kept in memory and remove the scratch folder."""
        for frame in self._kept.values():
            frame.unpersist()
        self._kept.clear()
        context = self._spark.sparkContext
        path = context._jvm.org.apache.hadoop.fs.Path(self._scratch)  # type: ignore[union-attr]  # noqa: SLF001
        path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, True)  # noqa: FBT003, SLF001 - recursively
        self._duty.done()

    def sql(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> str:
        """Translate Athena SQL to Spark's."""
        return render(sql, "spark", zone=self._zone, parameters=parameters, table=relation_of)

    def map(self, work: Callable[[Item], Result], items: Sequence[Item], *, python_bytes: int = 0) -> list[Result]:
        """Do the work on the executors; see `Engine.map`."""
        del python_bytes  # executors are processes
        return results(self._spark, work, items, self._tasks)

    def stage(self, name: str, text: TextSource, sql: str) -> int:
        """Have the executors read their shares and keep the rows in the scratch folder; see `Engine.stage`."""
        select = arrow_select(render(sql, "duckdb", zone=self._zone), text.columns)
        folder = f"{self._scratch}/{name}"
        schema = self._spark.createDataFrame(select.schema.empty_table()).schema
        staged = []
        if text.reader is not None:
            pieces = pieces_of(text)
            if sum(piece.size_bytes for piece in pieces) > LARGE_BYTES:
                self.callers = 1
            parts = shares(pieces, self._tasks)
            staged = results(self._spark, StageFiles(text.reader, select, folder), parts, len(parts))
        files = [part.file for part in staged if part.file]
        if text.retried is not None:
            self._keep_mapped(f"{folder}-retried", self._spark.sql(self.sql(text.retried)), select)
            files.append(f"{folder}-retried")
        rows = self._spark.read.schema(schema).parquet(*files) if files else self._spark.createDataFrame([], schema)
        rows.createOrReplaceTempView(name)
        return sum(part.counted for part in staged)

    def derive(self, name: str, sql: str, mapper: BatchMapper) -> None:
        """Have the executors map a range of the row numbers each; see `Engine.derive`."""
        rows = self._spark.sql(self.sql(sql)).repartitionByRange(self._cores, "_row").sortWithinPartitions("_row")
        self._keep_mapped(f"{self._scratch}/{name}", rows, mapper).createOrReplaceTempView(name)

    def _keep_mapped(self, folder: str, rows: DataFrame, mapper: BatchMapper) -> DataFrame:
        """Keep what a mapper makes of rows in a folder and return it."""
        made = mapped(rows, mapper)
        with delivering():
            made.write.mode("overwrite").parquet(folder)
        return self._spark.read.schema(made.schema).parquet(folder)

    @property
    def _tasks(self) -> int:
        """Return in how many tasks work is shared out: several a core, since some take longer than others."""
        return self._cores * TASKS_PER_CORE

    @property
    def _cores(self) -> int:
        return self._spark.sparkContext.defaultParallelism

    def _empty(self, columns: str) -> DataFrame:
        return self._spark.createDataFrame([], columns)

    def keep(self, name: str, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Create a view of the query, whose result is kept when it is first used."""
        self._kept[name] = self._spark.sql(self.sql(sql, parameters)).persist()
        self._kept[name].createOrReplaceTempView(name)

    def view(self, name: str, sql: str) -> None:
        """Create a temporary view of the query."""
        self._spark.sql(self.sql(sql)).createOrReplaceTempView(name)

    def register(self, name: str, table: pa.Table) -> None:
        """Show a small Arrow table as a view."""
        self._spark.createDataFrame(table).createOrReplaceTempView(name)

    def rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[dict[str, Any]]:
        """Return all rows of the query as dictionaries; moments are zone-less UTC."""
        found = self._spark.sql(self.sql(sql, parameters)).toArrow().to_pylist()
        return [{name: _naive(value) for name, value in row.items()} for row in found]

    def held_rows(self, contract: Contract) -> int:
        """Return how many rows a table has; Delta answers it from the statistics in its log."""
        return int(self.rows(f"SELECT count(*) AS n FROM {contract.catalog_name}")[0]["n"])

    def is_rising(self, sql: str) -> bool:
        """Say whether stretches of rows rise and do not overlap: a third of what a GROUP BY takes.

        A query of several relations has no file that a row is in, so there is no cheap answer.
        """
        keys = self._spark.sql(self.sql(sql))
        if keys._jdf.queryExecution().analyzed().collectLeaves().size() > 1:  # noqa: SLF001 - Python has no way to ask
            return False
        kind = self._spark.createDataFrame([], keys.schema).toArrow().schema.field(0).type
        if not RISING.search(str(kind)):
            return False
        placed = keys.selectExpr("*", "xxhash64(input_file_name()) AS file")
        with delivering():
            return are_apart(mapped(placed, Stretches(kind)).toArrow().to_pylist())

    def values(self, sql: str) -> list[Any]:
        """Return the query's one column as a list."""
        found: list[Any] = self._spark.sql(self.sql(sql)).toArrow().column(0).to_pylist()
        return [_naive(value) for value in found]

    def arrow(self, sql: str) -> pa.Table:
        """Return the result as one Arrow table."""
        return self._spark.sql(self.sql(sql)).toArrow()

    def attach(self, contract: Contract) -> bool:
        """Ensure the Delta table and show the live files of its latest version under its catalog name."""
        table = delta.ensure(contract, self._lake)
        delta.check_protocol(table, contract.name)
        self._attached[contract.name] = table
        files = self._lake.delta_files(contract, table)
        frame = self._read(contract, files) if files else self._empty(_schema(contract))
        frame.select(*(c.name for c in contract.columns)).createOrReplaceTempView(relation_of(contract.catalog_name))
        return bool(files)

    def _read(self, contract: Contract, files: Sequence[str]) -> DataFrame:
        """Return the rows of data files of a table."""
        # Below the base path folders named `column=value` hold that column; a single file would be its own base.
        reader = self._spark.read.schema(_schema(contract)).option("basePath", self._lake.location(contract))
        return reader.parquet(*files)

    def parts(self, contract: Contract) -> Parts:
        """Return the data files of the attached version."""
        return delta.parts(contract, self._attached[contract.name], self._lake)

    def show_parts(self, name: str, contract: Contract, files: Sequence[str]) -> None:
        """Create a view of these files; see `Engine.show_parts`."""
        columns = (*(c.name for c in contract.columns), "_metadata.file_name AS _part")
        self._read(contract, files).selectExpr(*columns).createOrReplaceTempView(name)

    def merge(
        self, contract: Contract, sql: str, *, updates: bool, dates: Sequence[Any] | None, guard: Guard
    ) -> Commit:
        """Write the rows in one Delta transaction; see `Engine.merge`."""
        attached = self._attached[contract.name]
        location = self._lake.location(contract)
        target = Target(contract.name, location, attached.version())
        source = self._sorted(contract, self._spark.sql(self.sql(sql)))
        with transaction(self._spark, target, guard):
            if updates:
                source.createOrReplaceTempView("__source")
                self._spark.sql(merge_sql(contract, location, "__source", dates)).collect()
            else:
                source.write.format("delta").mode("append").save(location)
        return _measured(contract, self._lake, attached)

    def delete(self, contract: Contract, sql: str, guard: Guard) -> None:
        """Delete the rows in one Delta transaction; see `Engine.delete`."""
        location = self._lake.location(contract)
        self._spark.sql(self.sql(sql)).createOrReplaceTempView("__keys")
        keys = " AND ".join(f"t.`{key}` = s.`{key}`" for key in contract.key)
        with transaction(self._spark, Target(contract.name, location, self._attached[contract.name].version()), guard):
            self._spark.sql(
                f"MERGE INTO delta.`{location}` AS t USING __keys AS s ON {keys} WHEN MATCHED THEN DELETE"
            ).collect()
        delta.check_protocol(self._lake.delta(contract), contract.name)

    def _sorted(self, contract: Contract, rows: DataFrame) -> DataFrame:
        """Return the rows in at most one partition per core, each sorted by date instead of the query's own order."""
        date = contract.date_column
        few = rows.coalesce(self._cores)
        return few.sortWithinPartitions(date) if date else few


def _scratch(spark: SparkSession, lake: Lake) -> str:
    """Return the name of a new folder that all workers reach."""
    if str(spark.sparkContext.master).startswith("local"):
        return tempfile.mkdtemp(prefix="lakehouse-scratch-")
    return f"{lake.root}/scratch/{uuid4().hex}"


def _measured(contract: Contract, lake: Lake, before: DeltaTable) -> Commit:
    """Return what the transaction did to the table.

    Raises:
        ProtocolRaised: see `Engine.merge`.
    """
    table = lake.delta(contract)
    delta.check_protocol(table, contract.name)
    return delta.measured(table, delta.data_files(before), delta.rows_in(before))


def relation_of(catalog_name: str) -> str:
    """Return the name under which a catalog table is visible in Spark: `database__table`."""
    return catalog_name.replace(".", "__")


def _naive(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    if isinstance(value, list):
        return [_naive(item) for item in value]
    if isinstance(value, dict):
        return {name: _naive(item) for name, item in value.items()}
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _schema(contract: Contract) -> str:
    return ", ".join(f"`{column.name}` {column.type}" for column in contract.columns)
