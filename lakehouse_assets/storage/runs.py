"""The folder of one run in the lake: what was planned, and what each step reported.

`runs/<pipeline>/<run id>/` holds manifest.json (the frozen work), one JSON per step, and report.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.storage.objects import ObjectStore


@dataclass(frozen=True)
class RunFolder:
    """One run's folder."""

    store: ObjectStore
    pipeline: str
    run_id: str

    def key(self, piece: str) -> str:
        """Key of one piece."""
        return f"runs/{self.pipeline}/{self.run_id}/{piece}.json"

    def write(self, piece: str, value: dict[str, Any]) -> None:
        """Keep one piece; a step that runs again replaces its own."""
        self.store.put(
            self.key(piece), orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str)
        )

    def read(self, piece: str) -> dict[str, Any] | None:
        """One piece, or None when that step has not reported."""
        if self.store.stat(self.key(piece)) is None:
            return None
        value: dict[str, Any] = orjson.loads(self.store.read(self.key(piece)))
        return value

    def manifest(self) -> Manifest:
        """The frozen work."""
        return Manifest.from_dict(orjson.loads(self.store.read(self.key("manifest"))))

    @property
    def as_of(self) -> datetime:
        """The run's clock; the present moment in a run without a plan, such as one gold table by itself."""
        frozen = self.read("manifest")
        return Manifest.from_dict(frozen).as_of if frozen else datetime.now(UTC)
