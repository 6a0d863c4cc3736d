"""The figures of one table: how many rows it holds, and a digest of their values that no physical layout changes.

Two tables have the same digest when they hold the same multiset of rows. Files, partitions, the order of rows and the
engine that wrote them play no part; the type of a value does, so that 1 and '1' and 1.00 are three values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any


def table_figures(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, Any]:
    """The number of rows, and the digest of their values in these columns."""
    lines = sorted("\x1f".join(typed_text(row[name]) for name in columns) for row in rows)
    digest = hashlib.blake2b("\x1e".join(lines).encode(), digest_size=16).hexdigest()
    return {"rows": len(lines), "digest": digest}


def typed_text(value: Any) -> str:
    """One value with its type; moments are UTC whether or not they name a zone.

    >>> typed_text(1), typed_text("1"), typed_text(None), typed_text([2])
    ('int 1', "str '1'", 'NoneType None', "list ['int 2']")
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, list):
        value = [typed_text(item) for item in value]
    return f"{type(value).__name__} {value!r}" if isinstance(value, (str, list)) else f"{type(value).__name__} {value}"
