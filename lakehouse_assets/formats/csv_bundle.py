"""Read many small plain CSV files together: what a reader costs for each file is more than such a file's own cost.

Plain files have no quotes and no empty lines, so the lines of several of them below their headers are one piece of
text, and the number of a record follows from how many lines each file has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.formats.csv_hybrid import Layout, batch_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class PlainFile:
    """Hold a small plain file: its content, how many records were counted in it, and what their `_row` begins with."""

    content: bytes
    records: int
    first_row: int


def read(files: Iterable[PlainFile], header: tuple[str, ...], columns: tuple[str, ...]) -> pa.RecordBatch | None:
    """Return the records of plain files with the same header; None where one of them is not as it was surveyed."""
    import numpy as np
    import pyarrow as pa

    bodies, rows = [], []
    for file in files:
        body = file.content[file.content.find(b"\n") + 1 :]
        bodies += [body] if body.endswith(b"\n") else [body, b"\n"]
        rows.append(np.arange(file.records) + file.first_row + 2)
        if body.count(b"\n") + (not body.endswith(b"\n")) != file.records:
            return None
    try:
        return batch_of(b"".join(bodies), np.concatenate(rows), Layout(header, columns, 0))
    except pa.ArrowInvalid:  # a line has a comma too many, and another one too few
        return None
