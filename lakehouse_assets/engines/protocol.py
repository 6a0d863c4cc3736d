"""Say what the load asks of an engine; the engines answer in their own modules.

SQL goes in as Athena SQL with macros; relations are named by the caller and live as long as the engine. An engine
decides what it keeps and what it only remembers as a view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lakehouse_assets.contracts import Contract
from lakehouse_assets.formats.parts import ByteRange
from lakehouse_assets.progress import Counter
from lakehouse_assets.sql.dialects import Parameter

if TYPE_CHECKING:
    import pyarrow as pa

Item = TypeVar("Item")
Result = TypeVar("Result")
Guard = Callable[[], None]
"""Called between opening a table and committing to it; raises FenceLost when this run may not write any more."""


def no_fence() -> None:
    """Guard nothing: for a commit that any plan of the same lake would make, such as a note or more work to do."""


@dataclass(frozen=True)
class NativeFile:
    """Describe a file whose records were counted from bytes: a plain CSV file, or one that is read in parts.

    Attributes:
        ordinal: of the file.
        uri: where an engine's own reader finds it.
        header: names of its columns by position.
        records: how many it holds.
        size_bytes: of the file.
        parts: of a large file, for an engine that has files read in parts; such a file need not be plain.
    """

    ordinal: int
    uri: str
    header: tuple[str, ...]
    records: int
    size_bytes: int
    parts: tuple[ByteRange, ...] = ()


class FileReader(Protocol):
    """Read files by their ordinals; a value that can be pickled, so that an executor may do it."""

    @property
    def is_python(self) -> bool:
        """Say whether records are made by Python code one at a time, so that threads do not help."""

    def __call__(self, ordinal: int, part: ByteRange | None = None) -> Iterator[pa.RecordBatch]:
        """Yield all records of a file, or of a part: `_row`, `_malformed`, and the text of the wanted columns."""

    def together(self, files: Sequence[NativeFile]) -> Iterator[pa.RecordBatch]:
        """Yield all records of many small plain files, in batches of several files.

        Raises:
            NativeRefused: a file is not as it was surveyed.
        """


class BatchMapper(Protocol):
    """Make record batches from record batches, one after the other; a value that can be pickled."""

    @property
    def schema(self) -> pa.Schema:
        """Return the columns that it makes."""

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what it makes of the batches, whose rows come in ascending order of `_row`."""


@dataclass(frozen=True)
class TextSource:
    """Say where all records of one dataset in one run come from, as text.

    Attributes:
        columns: the landing columns that are wanted.
        native: plain files, in order of their ordinal.
        small: plain files that are so many and so small that the format's reader takes them together.
        odd: all other files that hold records: ordinal -> size in bytes.
        reader: reads small and odd files through the source format's own reader.
        retried: a SELECT of `_row`, `_malformed` and the columns over relations of the engine: rows that are tried
            again; None without such rows.
    """

    columns: tuple[str, ...]
    native: tuple[NativeFile, ...] = ()
    small: tuple[NativeFile, ...] = ()
    odd: Mapping[int, int] = field(default_factory=dict)
    reader: FileReader | None = None
    retried: str | None = None


@dataclass(frozen=True, kw_only=True)
class Commit:
    """Hold what one write did to a table.

    Attributes:
        version: the table's version after the write.
        rows: how many rows more the table holds; negative when it holds fewer.
        added_files, removed_files: numbers of data files.
        added_bytes: size of the added data files, bytes.
    """

    version: int
    rows: int
    added_files: int
    added_bytes: int
    removed_files: int


@dataclass(frozen=True)
class Parts:
    """Name the data files of one version of a table; a file never changes.

    Attributes:
        table: identity of the table, which one that is made again under its name does not have.
        files: their places.
    """

    table: str
    files: tuple[str, ...]


class Engine(Protocol):
    """Run the load's SQL and commit its results.

    Attributes:
        name: as reports show it.
        callers: how many threads may ask at the same time, each for relations of its own.
        part_bytes: how many bytes of a file one worker reads, where workers share a large one; None where none does.
    """

    name: str
    callers: int
    part_bytes: int | None

    @property
    def scratch(self) -> str | None:
        """Return a folder of temporary files that the work of `map` can write, and that goes with the engine.

        None where whoever does the work need not be on this machine.
        """

    def sql(self, sql: str) -> str:
        """Return a statement as the engine takes it, from Athena SQL with macros."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item], *, python_bytes: int = 0) -> list[Result]:
        """Return what the work gives for each item, in their order, done wherever the engine has hands.

        Args:
            work: a value that can be pickled; what it returns is small.
            items: values that can be pickled.
            python_bytes: how many bytes of files the work reads in Python code, in all.
        """

    def stage(self, name: str, text: TextSource, sql: str) -> int:
        """Make relation `name` from `sql` over the relation `__raw` of the text.

        Returns how many records the format's reader met in the odd files; those of plain ones were counted before.

        Raises:
            NativeRefused: the engine's own reader does not take a file that looks plain.
        """

    def derive(self, name: str, sql: str, mapper: BatchMapper) -> None:
        """Make relation `name` from what the mapper makes of the rows of `sql`, a batch at a time.

        Args:
            name: of the relation.
            sql: a SELECT with the column `_row`; the mapper gets its rows in ascending order of that.
            mapper: what it makes need not have that order.
        """

    def keep(self, name: str, sql: str, parameters: Mapping[str, Parameter] | None = None) -> None:
        """Make relation `name` hold the result of `sql`."""

    def view(self, name: str, sql: str) -> None:
        """Make relation `name` stand for `sql`, computed whenever it is read."""

    def register(self, name: str, table: pa.Table) -> None:
        """Make relation `name` from values at hand (small)."""

    def rows(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[dict[str, Any]]:
        """Return the result of `sql`, which must be small enough to hold in memory."""

    def held_rows(self, contract: Contract) -> int:
        """Return how many rows an attached table has, where possible without opening its files."""

    def is_rising(self, sql: str) -> bool:
        """Say whether each value of the one column of `sql` is greater than the one before, in whatever order of rows.

        A text is greater when it is longer, or as long and later in the alphabet. If the answer is yes, no value
        occurs twice. An engine without a cheap answer says False.
        """

    def values(self, sql: str) -> list[Any]:
        """Return the one column of `sql`, of any length that memory holds."""

    def arrow(self, sql: str) -> pa.Table:
        """Return the result of `sql`, which must be small enough to hold in memory, in its order."""

    def attach(self, contract: Contract) -> bool:
        """Create the table from its contract where it is absent, and make it readable by its catalog name.

        Returns whether it holds any row.
        """

    def parts(self, contract: Contract) -> Parts:
        """Return the data files of the version of a table that was attached."""

    def show_parts(self, name: str, contract: Contract, files: Sequence[str]) -> None:
        """Make relation `name` show the rows of some data files of an attached table.

        It has the table's columns and `_part`, which is the last name in the place of the row's file.
        """

    def merge(
        self, contract: Contract, sql: str, *, updates: bool, dates: Sequence[Any] | None, guard: Guard
    ) -> Commit:
        """Bring the rows of `sql` (changed rows only, one per key) into the table in one commit that does not rebase.

        Args:
            contract: the table.
            sql: rows in the table's columns.
            updates: whether any of the keys is in the table already; without, it is an insert.
            dates: literal bounds of the table's date column for those keys; None when it has none.
            guard: see `Guard`.

        Raises:
            CommitConflict: another commit came first; nothing was written.
            FenceLost: see `Guard`.
            ProtocolRaised: the table's protocol is not what all readers need.
        """

    def delete(self, contract: Contract, sql: str, guard: Guard) -> None:
        """Delete the rows whose key is among the rows of `sql` (columns named like the key) in one commit.

        Raises:
            CommitConflict, FenceLost, ProtocolRaised: see `merge`.
        """

    def counter(self) -> Counter | None:
        """Return what sums up the counts of other processes that the engine reads files in; None where it has none."""

    def close(self) -> None:
        """Give back memory and temporary files."""
