"""Keep what the steps of a run used in the run's folder, a piece `usage-<step>` each, and read it back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from lakehouse_assets.compute.costs import Usage
from lakehouse_assets.storage.runs import RunFolder

PIECE = "usage-"
UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class StepUsage:
    """Hold what a step has used so far, each of its tries included."""

    usages: tuple[Usage, ...] = ()


def add_usage(folder: RunFolder, step: str, usages: Iterable[Usage]) -> StepUsage:
    """Add to what a step has used, and return all of it; a step is worked on by one process at a time."""
    before = folder.report(_piece(step), StepUsage) or StepUsage()
    now = StepUsage((*before.usages, *usages))
    folder.keep(_piece(step), now)
    return now


def replace_usage(folder: RunFolder, step: str, usages: Iterable[Usage]) -> None:
    """Keep what a step has used in all, in place of what was kept before; nothing where it has used nothing."""
    used = tuple(usages)
    if used:
        folder.keep(_piece(step), StepUsage(used))


def _piece(step: str) -> str:
    return f"{PIECE}{UNFIT.sub('-', step)}"


def usage_of(folder: RunFolder) -> dict[str, tuple[Usage, ...]]:
    """Return what each step of a run used, by step."""
    found = {}
    for item in folder.store.list(f"{folder.key}/{PIECE}"):
        piece = PurePosixPath(item.key).stem
        kept = folder.report(piece, StepUsage)
        if kept is not None:
            found[piece.removeprefix(PIECE)] = kept.usages
    return found
