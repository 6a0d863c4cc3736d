"""Start a Spark session on this machine: what Glue sets up in production, set up for a laptop.

Belongs here: master, memory and jars of local runs. Not here: what the load itself needs (`engines/spark.py`), which
holds on Glue too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

from lakehouse_assets.engines.java import require_java
from lakehouse_assets.engines.spark_s3 import EXCLUDED, S3_JARS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELTA_JARS = "io.delta:delta-spark_4.1_2.13:4.2.0"
"""Maven name of the Delta that Glue 6.0 has, for the Spark that is pinned in pyproject.toml."""

JAVA_OPTIONS = (
    # Methods over 8,000 bytes stay uncompiled otherwise, and the code that Spark makes for our rules is longer.
    "-XX:-DontCompileHugeMethods",
    # Thirty times the defaults: a load is over before most code has earned the second, thorough compilation.
    "-XX:Tier4InvocationThreshold=150000",
    "-XX:Tier4MinInvocationThreshold=18000",
    "-XX:Tier4CompileThreshold=450000",
    "-XX:Tier4BackEdgeThreshold=1200000",
    # Two cores are better used by the load than by a collector that works beside it.
    "-XX:+UseSerialGC",
)
"""Options for the JVM of a local session; measured: a small load takes 40 % less processor time, a large one 15 %."""


def spark_config(memory: str = "3g", cores: int = 2, *, s3: bool = False) -> dict[str, str]:
    """Return the settings of a local session.

    Args:
        memory: heap of the JVM, as Java spells it.
        cores: threads, and partitions of a shuffle: more of them only cost time on one machine.
        s3: whether it is to reach S3, see `spark_s3`.
    """
    return {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": memory,
        "spark.driver.extraJavaOptions": " ".join(JAVA_OPTIONS),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.jars.packages": ",".join([DELTA_JARS, *(S3_JARS if s3 else ())]),
        **({"spark.jars.excludes": ",".join(EXCLUDED)} if s3 else {}),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.default.parallelism": str(cores),
        # Every table that is broadcast, and every grouping, takes a page of memory at once: 32 MB each by default, for
        # a load's dozens of tables of a few rows.
        "spark.buffer.pageSize": "2m",
        # What is over is kept for a UI that is off.
        "spark.sql.ui.retainedExecutions": "1",
        "spark.ui.retainedJobs": "1",
        "spark.ui.retainedStages": "1",
        # Delta reads its log in 50 tasks otherwise, which takes longer than the data.
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }


def use_java(environment: MutableMapping[str, str]) -> None:
    """Let Spark start on a Java that fits.

    Args:
        environment: the process's environment; `JAVA_HOME` is set in it to the Java that was found, because the
            launcher of Spark reads it there, and `PYSPARK_PYTHON` to this Python if it names none.

    Raises:
        JavaMissing: there is no Java that Spark starts on.
    """
    environment["JAVA_HOME"] = str(require_java(environment))
    # Workers run the same Python as this process, with the same packages; Spark would take the first one on the path.
    environment.setdefault("PYSPARK_PYTHON", sys.executable)


def local_session(environment: MutableMapping[str, str], config: Mapping[str, str] | None = None) -> SparkSession:
    """Return the process's Spark session, started when there is none yet.

    Args:
        environment: see `use_java`.
        config: settings; those of `spark_config` when None.

    Raises:
        JavaMissing: there is no Java that Spark starts on.
    """
    from pyspark.sql import SparkSession

    use_java(environment)
    builder = SparkSession.builder.appName("lakehouse")
    for name, value in (spark_config() if config is None else config).items():
        builder = builder.config(name, value)
    return lean(builder.getOrCreate())


def lean(spark: SparkSession) -> SparkSession:
    """Return a new session whose Python workers do without jars.

    Spark puts the jars of packages on their `sys.path` too, and Python reads the directory of each before every task,
    which takes a quarter of a second.
    """
    included = spark.sparkContext._python_includes or []  # noqa: SLF001 - there is no setting
    included[:] = [name for name in included if not name.endswith(".jar")]
    return spark
