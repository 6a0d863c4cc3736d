"""Lambda `Moves3Objects`: one slice of the archive; the caller starts it again with `token` until `done`.

An error is raised, never put into a body, so that the caller's Retry and Catch see its type.
"""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store
from lambdas.moves3objects.logic import MoveRequest, move_objects, read_manifest, target_of


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Move one slice and say `{moved, left, bytes, token, done}`; see `MoveRequest.from_event` for the event."""
    request = MoveRequest.from_event(event)
    landing, lake = stores(request)
    return move_objects(
        read_manifest(lake, request.manifest_key),
        landing,
        lake,
        token=request.token,
        budget_seconds=request.budget_seconds,
        target=target_of(request.refused),
    ).to_dict()


def stores(request: MoveRequest) -> tuple[ObjectStore, ObjectStore]:
    """Landing and lake of a request; both must be there.

    Raises:
        BadRequest: a URI of a store that is not supported.
    """
    return open_store(request.landing, create=False), open_store(request.lake, create=False)
