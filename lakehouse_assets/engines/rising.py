"""Show that no key comes twice without grouping them: keys that rise from row to row, as most exports write them.

Rows that are spread over partitions have no common order. But each stretch of rows in a file may rise, and where the
stretches, from first to last key, do not overlap, all keys differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Stretches:
    """Make stretches of rising keys of batches of keys and the files that they are in; see `protocol.BatchMapper`.

    Attributes:
        kind: the type of the keys, text or whole numbers.
    """

    kind: pa.DataType

    @property
    def schema(self) -> pa.Schema:
        """Return first and last key of a stretch, and whether the keys in between rise."""
        import pyarrow as pa

        return pa.schema([("first", self.kind), ("last", self.kind), ("rises", pa.bool_())])

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the stretches of each batch: its second column changes where another file begins."""
        import numpy as np
        import pyarrow as pa

        for batch in batches:
            files = batch.column(1).to_numpy()
            cuts = [0, *(np.flatnonzero(np.diff(files)) + 1).tolist(), batch.num_rows]
            some = [batch.column(0).slice(start, stop - start).cast(self.kind) for start, stop in pairwise(cuts)]
            found = [{"first": k[0].as_py(), "last": k[-1].as_py(), "rises": _rises(k)} for k in some if len(k)]
            yield pa.RecordBatch.from_pylist(found, schema=self.schema)


def are_apart(stretches: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether all stretches rise and none overlaps another, so that no key comes twice.

    >>> are_apart([{"first": "10", "last": "99", "rises": True}, {"first": "2", "last": "9", "rises": True}])
    True
    """
    found = list(stretches)
    if not all(stretch["rises"] for stretch in found):
        return False
    ordered = sorted((rank(stretch["first"]), rank(stretch["last"])) for stretch in found)
    return all(one[1] < other[0] for one, other in pairwise(ordered))


def rank(key: Any) -> tuple[int, Any]:  # noqa: ANN401 - a key of any type
    """Return what keys are compared by: a text is greater when it is longer, or as long and later in the alphabet."""
    return (len(key.encode()), key.encode()) if isinstance(key, str) else (0, key)


def _rises(keys: pa.Array) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if keys.null_count:
        return False
    before, after = keys.slice(0, len(keys) - 1), keys.slice(1)
    if not pa.types.is_string(keys.type):
        return bool(pc.all(pc.greater(after, before), min_count=0).as_py())
    longer, as_long = (
        compared(pc.binary_length(after), pc.binary_length(before)) for compared in (pc.greater, pc.equal)
    )
    return bool(pc.all(pc.or_(longer, pc.and_(as_long, pc.greater(after, before))), min_count=0).as_py())
