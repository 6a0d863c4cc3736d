"""Keep the change log of contracts: what each release changed, in words, committed beside the released state.

Here: writing it. Not here: what a change means (`changes`). A rule that is new, gone or changed applies to what is
loaded from then on, so the log is where one reads since when rows were judged by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse_assets.contracts.changes import Change
from lakehouse_assets.contracts.model import Contract

NAME = "CHANGES.md"
HEAD = """# Changes of the contracts

Written by `lakehouse contracts --release`, newest first. A rule that is new, gone or changed applies to what is loaded
from then on; rows that silver holds already are not judged again.
"""


@dataclass(frozen=True)
class Release:
    """Hold what one release of a pipeline's contracts did.

    Attributes:
        pipeline: its name.
        day: when.
        before: the released contracts by `layer.name`.
        now: the contracts that are released.
        changes: what changed, of those that were released before.
    """

    pipeline: str
    day: date
    before: Mapping[str, Contract]
    now: Mapping[str, Contract]
    changes: Mapping[str, Change]

    @property
    def lines(self) -> list[str]:
        """Return one line per contract that is new or changed; none when nothing was released before."""
        if not self.before:
            return []
        changed = {name: change for name, change in self.changes.items() if change.kind != "none"}
        lines = [self._line(name, change) for name, change in sorted(changed.items())]
        new = [f"- `{name}` {self.now[name].version}: new" for name in sorted(self.now.keys() - self.before.keys())]
        return [*lines, *new]

    def _line(self, name: str, change: Change) -> str:
        was, now = self.before[name].version, self.now[name].version
        versions = now if was == now else f"{was} -> {now}"
        return f"- `{name}` {versions}, {change.kind}: {'; '.join(change.reasons)}"


def note(path: Path, release: Release) -> None:
    """Put a release on top of the log; one that changed nothing, and the first one, leave it as it is.

    Args:
        path: the file, made where it is absent.
        release: what was released.
    """
    if not release.lines:
        return
    former = path.read_text("utf-8").removeprefix(HEAD) if path.exists() else ""
    section = "\n".join([f"\n## {release.day.isoformat()} {release.pipeline}", "", *release.lines, ""])
    path.write_text(HEAD + section + former, "utf-8")
