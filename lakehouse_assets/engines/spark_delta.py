"""Write one Delta transaction from Spark, an append or a guarded MERGE, which fails rather than rebases.

Delta begins its transaction by itself; asking the guard before that would leave a moment in which another holder may
commit. So the guard is asked by Delta's own observer, once the transaction has its snapshot of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.errors import CommitConflict, DiskFull, HeapExhausted, LakehouseError
from lakehouse_assets.sql.dialects import literal

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OBSERVER = "org.apache.spark.sql.delta.TransactionExecutionObserver"
"""Interface of Delta 4.2: spark/src/main/scala/org/apache/spark/sql/delta/TransactionExecutionObserver.scala."""
COMMIT_ATTEMPTS = "spark.databricks.delta.maxCommitAttempts"
"""Setting: how often Delta tries again on top of newer commits (`DeltaSQLConf.scala`); 0 makes a conflict an error."""
CONFLICTS = ("DELTA_MAX_COMMIT_RETRIES_EXCEEDED", "DELTA_CONCURRENT")


@dataclass(frozen=True)
class Target:
    """Describe the table that a transaction writes.

    Attributes:
        name: the table's name, for messages.
        location: where the table lies.
        version: the table's version that the rows were compared with.
    """

    name: str
    location: str
    version: int


def merge_sql(contract: Contract, location: str, source: str, dates: Sequence[Any] | None) -> str:
    """Return Spark's MERGE of the relation `source`: update what is not older, insert what is new."""
    conditions = [f"t.`{key}` = s.`{key}`" for key in contract.key]
    date, event = contract.date_column, contract.event_time
    if date and dates:
        bounds = ", ".join(literal(value).sql("spark") for value in sorted(dates))
        conditions.append(f"t.`{date}` IN ({bounds})")
    newer = f" AND s.`{event}` >= t.`{event}`" if event else ""
    return (
        f"MERGE INTO delta.`{location}` AS t USING {source} AS s ON {' AND '.join(conditions)} "
        f"WHEN MATCHED{newer} THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )


@contextmanager
def transaction(spark: SparkSession, target: Target, guard: Guard) -> Iterator[None]:
    """Let the one Delta transaction inside the block ask the guard and never rebase.

    Raises:
        CommitConflict: another commit came first; nothing was written.
        FenceLost: the guard raised it.
    """
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import ensure_callback_server_started

    gateway: Any = spark.sparkContext._gateway  # noqa: SLF001 - the way to the JVM that pyspark itself takes
    ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
    delta = gateway.jvm.org.apache.spark.sql.delta.TransactionExecutionObserver
    before, observer = delta.getObserver(), _Observer(target, guard)
    spark.conf.set(COMMIT_ATTEMPTS, "0")
    delta.setObserver(observer)
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        raise observer.refused or _translated(target, error) from error
    finally:
        delta.setObserver(before)


def _translated(target: Target, error: Exception) -> Exception:
    """Return `CommitConflict` for a lost race, what says that room or memory ran out, else the error as it is."""
    known = exhausted(error, f"`{target.name}`")
    if isinstance(known, (DiskFull, HeapExhausted)):
        return known
    return CommitConflict(table=target.name) if any(word in str(error) for word in CONFLICTS) else error


class _Observer:
    """Implement Delta's `TransactionExecutionObserver`, which gives the methods their names."""

    class Java:
        """Tell py4j which Java interface the observer has for the JVM."""

        implements = (OBSERVER,)

    def __init__(self, target: Target, guard: Guard) -> None:
        self._target, self._guard = target, guard
        self.refused: LakehouseError | None = None

    def startingTransaction(self, start: Any) -> Any:  # noqa: N802, ANN401 - a Scala function
        """Start the transaction, and fail if it may not commit."""
        found = start.apply()
        try:
            self._check(found.readVersion())
        except LakehouseError as error:
            self.refused = error
            raise
        return found

    def _check(self, version: int) -> None:
        self._guard()
        if version != self._target.version:
            raise CommitConflict(table=self._target.name)

    def preparingCommit(self, prepare: Any) -> Any:  # noqa: N802, ANN401 - a Scala function
        """Let Delta prepare the commit; there is nothing to check."""
        return prepare.apply()

    def createChild(self) -> _Observer:  # noqa: N802
        """Return this same observer for threads that the transaction starts."""
        return self

    def _nothing(self) -> None:
        """Do nothing at the other steps of a transaction."""

    nextObserver = advanceToNextThreadObserver = beginDoCommit = beginBackfill = _nothing  # noqa: N815
    beginPostCommit = transactionCommitted = transactionAborted = _nothing  # noqa: N815
