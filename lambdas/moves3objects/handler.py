"""Lambda `Moves3Objects` archives one slice of a run; the caller starts it again with `token` until `done`.

An error is raised, never put into a body, so that the caller's Retry and Catch see its type.
"""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lambdas.moves3objects.logic import MoveRequest, answer, keep, move_objects, require_all, target_of
from lambdas.moves3objects.slices import part_of


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Move one slice and return `{moved, bytes, refused, left, left_files, token, done}`, totals of all slices.

    See `MoveRequest.from_event` for the event. What was moved is kept in the run's folder whatever comes of the rest.

    Raises:
        StorageUnavailable: a store cannot be used any more; the slice can be run again.
        LakehouseError: as moving an object raised it; only the last slice does, so that all others are moved.
    """
    request = MoveRequest.from_event(event)
    landing, lake = stores(request)
    part = part_of(lake, request)
    result = move_objects(
        part.manifest,
        landing,
        lake,
        token=part.begin,
        budget_seconds=request.budget_seconds,
        target=target_of(part.refused),
    )
    report = keep(RunFolder(lake, part.manifest.pipeline, part.manifest.run_id), request.token, result, part.refused)
    if result.broken:
        raise result.broken
    token = part.token(result.token)
    if token is None:
        require_all(report)
    return answer(report, token)


def stores(request: MoveRequest) -> tuple[ObjectStore, ObjectStore]:
    """Open the landing and the lake of a request; both must be there.

    Raises:
        BadRequest: a URI names a store that is not supported.
    """
    return open_store(request.landing, create=False), open_store(request.lake, create=False)
