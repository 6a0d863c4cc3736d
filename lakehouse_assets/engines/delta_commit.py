"""Commit to a Delta table once, without rebase, and know a commit of one's own when its answer is lost.

On S3 a commit is a conditional put. When its answer is lost, delta-rs tries again, meets its own file and calls that a
conflict, or gives up without knowing; so every commit here carries an id, and after a failure the log is asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lakehouse_assets.engines.delta_log import commits
from lakehouse_assets.engines.exhaustion import writing
from lakehouse_assets.errors import CommitConflict

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

COMMIT_ID = "lakehouse.commit"
"""Names the id of a commit in its own metadata."""
LOOKED_AT = 20
"""How many of the newest commits are asked for an id: nobody else commits meanwhile but who breaks the lease."""

Facts = dict[str, Any]
"""Holds what the log notes of a commit."""


def commit_to(
    name: str,
    table: DeltaTable,
    write: Callable[[CommitProperties], object],
    noted: Mapping[str, str] | None = None,
) -> Facts:
    """Write to a table by one commit, which fails rather than rebases, and return what the log says of it.

    Args:
        name: of the table, for errors.
        table: the version to commit to; it is the new one afterwards.
        write: does it, with these properties; where it changes nothing there is no commit.
        noted: facts that the commit is to carry.

    Returns:
        what the log notes of the commit, where it was asked: when its answer was lost; else nothing.

    Raises:
        CommitConflict: another commit came first; nothing was written.
        DiskFull: there is no room for it.
    """
    from deltalake import CommitProperties

    own = uuid4().hex
    try:
        with writing(name):
            write(CommitProperties(max_commit_retries=0, custom_metadata={**(noted or {}), COMMIT_ID: own}))
    except Exception as error:
        found = _found(table, own)
        if found is not None:
            return found
        if _is_conflict(error):
            raise CommitConflict(table=name) from error
        raise
    return {}


def _found(table: DeltaTable, own: str) -> Facts | None:
    """Return what the log notes of our commit, and bring the table to it; None when it is not there or nobody knows."""
    try:
        found = next((facts for facts in islice(commits(table), LOOKED_AT) if facts.get(COMMIT_ID) == own), None)
        if found is not None:
            table.load_as_version(found["version"])
    except Exception:  # noqa: BLE001 - the error of the commit says more than that of looking after it
        return None
    return found


def _is_conflict(error: Exception) -> bool:
    """Say whether an error of delta-rs is about a lost race."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    if isinstance(error, CommitFailedError):
        return True
    return isinstance(error, DeltaError) and "version" in str(error).lower() and "exist" in str(error).lower()
