"""Make rows of text that an honest rule has to stand: words, numbers without room, days that there are not.

What fails on a value fails in a run only once such a value lands, and then the whole run. So rules are asked of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS = (
    None,
    "",
    "abc",
    "{",
    "1",
    "0",
    "-2147483648",
    "2147483647",
    "9223372036854775807",
    "-9223372036854775808",
    "9999999999999999.99",
    "999999999999.999999",
    "-999999999999.999999",
    "1e308",
    "2025-02-30",
    "9999-12-31",
    "0001-01-01T00:00:00Z",
)
"""Lists texts on which casts, arithmetic, dates and readers of JSON fail that take any text for a good one."""


def awkward_rows(schema: pa.Schema) -> pa.Table:
    """Return rows of these columns in which every two columns meet in every two of the texts.

    Args:
        schema: of relation `__raw`; columns that are no text are 0, or false.
    """
    import pyarrow as pa

    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    # Two columns differ in one bit of their numbers at least: there the one has the first text, the other the second.
    bits = range(max(1, (len(texts) - 1).bit_length()))
    rows = [(bit, pair) for bit in bits for pair in product(TEXTS, TEXTS)]
    columns = {name: [pair[number >> bit & 1] for bit, pair in rows] for number, name in enumerate(texts)}
    return pa.table([_column(field, columns.get(field.name), len(rows)) for field in schema], schema=schema)


def _column(field: pa.Field, texts: Sequence[str | None] | None, count: int) -> pa.Array:
    import pyarrow as pa

    return pa.array([0] * count if texts is None else texts).cast(field.type)
