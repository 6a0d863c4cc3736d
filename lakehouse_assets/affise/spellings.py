"""Redact groups of `stats/custom` so that two of them stay two, where only redaction makes them equal. Pure.

`Ann@example.com` and `ann@example.com` are one person and one token, but the API counts them in two groups. What tells
such groups apart is kept with them as a keyed hash, which says nothing of the text and is the same with each pull.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lakehouse_assets.affise.redaction import Redactor

SLICE, SPELLING = "slice", "spelling"
"""Name the member of a record that holds what it is counted by, and the one in it that holds the hash."""


def redacted_groups(records: Iterable[Any], redactor: Redactor) -> list[Any]:
    """Return redacted records; a group whose own texts have changed is told apart by its spelling.

    Titles of what a group names are no texts of its own: they may change from one pull to the next.
    """
    return [_told_apart(record, redactor.redacted(record), redactor) for record in records]


def _told_apart(record: Any, clean: Any, redactor: Redactor) -> Any:  # noqa: ANN401 - any JSON value
    told = record.get(SLICE) if isinstance(record, Mapping) else None
    if not isinstance(told, Mapping):
        return clean
    texts = ((name, value, clean[SLICE].get(name)) for name, value in told.items() if isinstance(value, str))
    changed = {name: value for name, value, kept in texts if isinstance(kept, str) and kept != value}
    if not changed:
        return clean
    return {**clean, SLICE: {**clean[SLICE], SPELLING: redactor.spelling(changed)}}
