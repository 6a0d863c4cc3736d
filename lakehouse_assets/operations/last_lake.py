"""Remember the lake of the last `demo` or `run` of this user, so that `dev` opens it when none is named."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.errors import LakehouseError
from lakehouse_assets.settings import Settings, state_folder
from lakehouse_assets.storage.opening import open_store

NAME = "last-lake.json"


@dataclass(frozen=True)
class LastLake:
    """Hold the place of a lake, and the command that has worked on it last."""

    place: str
    command: str


def remember(place: str, command: str) -> None:
    """Remember a lake; a user whose folder cannot be written does without.

    Args:
        place: of the lake.
        command: that works on it.
    """
    with suppress(OSError, LakehouseError):
        folder = state_folder()
        content = json.dumps({"place": place, "command": command}).encode()
        open_store(str(folder)).put(NAME, content)


def last_lake() -> LastLake | None:
    """Return what was remembered; None where there is nothing, or the lake is gone."""
    try:
        content = json.loads(Path(state_folder(), NAME).read_bytes())
        found = LastLake(str(content["place"]), str(content["command"]))
        return found if open_store(found.place, create=False).exists else None
    except (OSError, ValueError, KeyError, TypeError, LakehouseError):
        return None


def unless_named(option: str | None, known: Settings) -> LastLake | None:
    """Return the last lake where neither the command line nor the environment names one."""
    return None if option is not None or "lake" in known.model_fields_set else last_lake()
