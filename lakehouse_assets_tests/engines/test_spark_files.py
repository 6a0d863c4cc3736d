"""Files are shared out in their order, in shares of about equal weight, and each share is kept as one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.engines.arrow_select import arrow_select
from lakehouse_assets.engines.protocol import NativeFile, TextSource
from lakehouse_assets.engines.spark_files import FILE_COST, SHARE_BYTES, Piece, StageFiles, pieces_of, shares
from lakehouse_assets.formats.parts import ByteRange
from lakehouse_assets.formats.protocol import record_batch

SIZES = st.lists(st.integers(0, 3 * SHARE_BYTES), min_size=1, max_size=40)


@given(SIZES, st.integers(1, 9))
def test_every_piece_is_in_one_share_and_no_share_is_much_too_heavy(sizes: list[int], tasks: int) -> None:
    """In order, in no more shares than asked for; a share is at most a piece above its part of the whole."""
    found = shares([Piece(number, size) for number, size in enumerate(sizes)], tasks)
    assert [piece.ordinal for share in found for piece in share] == list(range(len(sizes)))
    assert len(found) <= tasks
    weights = [sum(piece.size_bytes + FILE_COST for piece in share) for share in found]
    fair = max(sum(weights) / tasks, SHARE_BYTES)
    assert max(weights) <= fair + max(sizes) + FILE_COST


def test_parts_of_files_come_in_the_order_of_the_files() -> None:
    """Plain, small and odd files and parts of large ones: what came together is staged together."""
    parts = (ByteRange(0, 10), ByteRange(10, 25))
    large, plain, small = (NativeFile(n, f"{n}.csv", (), 1, 25, parts if n == 1 else ()) for n in (1, 3, 2))
    pieces = pieces_of(TextSource(("a",), native=(plain, large), small=(small,), odd={0: 7}))
    assert [(piece.ordinal, piece.size_bytes, piece.part) for piece in pieces] == [
        *((0, 7, None), (1, 10, parts[0]), (1, 15, parts[1]), (2, 25, None), (3, 25, None))
    ]


class Reader:
    """A reader of files with as many records as their number says."""

    def __call__(self, ordinal: int, part: ByteRange | None = None) -> Iterator[pa.RecordBatch]:
        """The records of a file."""
        del part
        yield record_batch([(n, False, str(n)) for n in range(ordinal)], ["a"])

    def together(self, files: list[NativeFile]) -> Iterator[pa.RecordBatch]:
        """The records of small files."""
        for file in files:
            yield from self(file.ordinal)


def test_a_share_is_kept_in_one_file_and_odd_records_are_counted(tmp_path: Path) -> None:
    """What was counted from bytes before is not counted again; a share without rows leaves no file."""
    stage = StageFiles(Reader(), arrow_select("SELECT _row, a FROM __raw", ["a"]), str(tmp_path / "kept"))
    small = NativeFile(4, "4.csv", (), 4, 10)
    staged = stage([Piece(2, 10), Piece(3, 10, is_odd=True), Piece(4, 10, small=small)])
    assert (staged.counted, pq.read_table(staged.file).num_rows) == (3, 9)
    assert stage([Piece(0, 10)]).file is None
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
