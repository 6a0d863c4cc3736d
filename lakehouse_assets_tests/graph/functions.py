"""Functions of a pipeline that only tests have; each is what a Lambda of its name would run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lakehouse_assets.errors import BadRequest, StorageUnavailable

OWN = {name: f"lakehouse_assets_tests.graph.functions:{name.lower()}" for name in ("Count", "Say", "Busy", "Broken")}
"""Their handlers by name."""
Event = dict[str, Any]


def count(event: Event, context: object) -> Event:  # noqa: ARG001 - Lambda passes it
    """Count one thing per call, up to three; its answers hold the total so far."""
    done = (event.get("token") or 0) + 1
    parts = [{"part": number, "of": event["run_id"]} for number in range(done)]
    return {"counted": done, "parts": parts, "nothing": None, "names": ["a", "b"], "token": done, "done": done == 3}


def say(event: Event, context: object) -> Event:  # noqa: ARG001 - as above
    """Answer what it was told."""
    return {"told": json.dumps(event, sort_keys=True)}


def busy(event: Event, context: object) -> Event:  # noqa: ARG001 - as above
    """Fail the first time in a way that trying again helps."""
    mark = Path(event["lake"]) / "busy"
    if not mark.exists():
        mark.touch()
        raise StorageUnavailable(store="there", problem="it is busy")
    return {"tries": 2}


def broken(event: Event, context: object) -> Event:  # noqa: ARG001 - as above
    """Fail in a way that trying again does not help."""
    with (Path(event["lake"]) / "tries").open("a") as tries:
        tries.write("x")
    raise BadRequest(message="nobody knows what this is")
