"""Keys that rise in stretches are shown to differ, however their rows are spread; a key that comes twice never is."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.engines.rising import Stretches, are_apart

KINDS = st.sampled_from([pa.string(), pa.int64()])
PARTITIONS = st.lists(st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 3)), max_size=12), max_size=4)
"""Keys and the numbers of their files, by partition."""


def answer(partitions: list[list[tuple[int, int]]], kind: pa.DataType, size: int) -> bool:
    """What the stretches of these partitions, in batches of so many rows, say together."""
    found = []
    for rows in partitions:
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        made = Stretches(kind)(iter([batch_of(some, kind) for some in batches]))
        found += [row for batch in made for row in batch.to_pylist()]
    return are_apart(found)


def batch_of(rows: list[tuple[int, int]], kind: pa.DataType) -> pa.RecordBatch:
    """Keys of this type and files as a batch."""
    keys = [str(key) if kind == pa.string() else key for key, _ in rows]
    return pa.record_batch({"key": pa.array(keys, kind), "file": pa.array([file for _, file in rows], pa.int64())})


@given(PARTITIONS, KINDS, st.integers(1, 5))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_key_that_comes_twice_is_never_passed_over(
    partitions: list[list[tuple[int, int]]], kind: pa.DataType, size: int
) -> None:
    """Whatever the answer is built on, yes means that all keys differ."""
    keys = [key for rows in partitions for key, _ in rows]
    if answer(partitions, kind, size):
        assert len(set(keys)) == len(keys)


@given(st.permutations(range(8)), KINDS, st.integers(1, 100))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_rising_files_in_any_order_are_apart(order: list[int], kind: pa.DataType, size: int) -> None:
    """Files of keys from 10n up lie one behind the other as the engine packs them, and the answer is yes."""
    files = [[(10 * number + key, number) for key in range(9)] for number in order]
    assert answer([files[0] + files[1] + files[2], [], files[3] + files[4], *files[5:]], kind, size)


def test_keys_that_fall_or_lack_are_not_rising() -> None:
    """A NULL differs from nothing, and a stretch that falls has no bounds to trust."""
    assert not answer([[(3, 1), (2, 1)]], pa.int64(), 9)
    lacking = pa.record_batch({"key": pa.array(["1", None, "2"]), "file": pa.array([1, 1, 1], pa.int64())})
    (found,) = Stretches(pa.string())(iter([lacking]))
    assert not are_apart(found.to_pylist())
