"""Read what a Delta table's log notes of its commits, the newest first, a file at a time.

delta-rs' own `history` reads all of them, and keeps every other thread of the process waiting until it has: also the
one that renews the lease.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from lakehouse_assets.storage.opening import open_store

if TYPE_CHECKING:
    from deltalake import DeltaTable

COMMIT_KEY = re.compile(r"_delta_log/(\d{20})\.json")
"""Names a commit: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#delta-log-entries."""


def commits(table: DeltaTable) -> Iterator[dict[str, Any]]:
    """Yield what each commit notes of itself (`commitInfo`) and its `version`, the newest first.

    Commits that are newer than the table's version are among them; those that were cleaned up are not.
    """
    store = open_store(table.table_uri, create=False)
    found = (COMMIT_KEY.fullmatch(key) for key in store.look("_delta_log/").keys)
    for match in sorted((match for match in found if match), key=lambda match: match[1], reverse=True):
        yield {**_info(store.read(match[0])), "version": int(match[1])}


def _info(content: bytes) -> dict[str, Any]:
    """Return the `commitInfo` of a commit; writers may leave it out, and put it on any line."""
    for line in content.splitlines():
        if b'"commitInfo"' in line:
            found = orjson.loads(line).get("commitInfo")
            if found is not None:
                return dict(found)
    return {}
