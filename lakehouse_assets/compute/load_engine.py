"""Say what loads a run's files: a Glue job, or a function with the embedded engine when they are few and small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lakehouse_assets.errors import BadRequest

Asked = Literal["auto", "lambda", "glue"]
SMALL_BYTES, SMALL_FILES = 50_000_000, 500
"""Limit what `auto` gives to a function, whose 15 minutes and 10 GB of memory such a load leaves mostly unused."""


@dataclass(frozen=True)
class LoadEngine:
    """Hold what is asked to load, and up to how many bytes of how many files a function loads by `auto`."""

    asked: Asked = "glue"
    small_bytes: int = SMALL_BYTES
    small_files: int = SMALL_FILES

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> LoadEngine:
        """Read `engine`, `small_bytes` and `small_files`; each that is absent, null or empty is as by default.

        Raises:
            BadRequest: there is no such engine, or a limit is no number.
        """
        asked: Asked = event.get("engine") or "glue"
        if asked not in get_args(Asked):
            raise BadRequest(message=f"engine is `{asked}`, allowed is {', '.join(get_args(Asked))}")
        try:
            limits = [int(event.get(name) or usual) for name, usual in USUAL.items()]
        except (TypeError, ValueError) as error:
            raise BadRequest(message=f"{' and '.join(USUAL)} are numbers of bytes and of files") from error
        return cls(asked, *limits)

    def of(self, files: int, size_bytes: int) -> Asked:
        """Return what loads so many files of so many bytes.

        >>> LoadEngine("auto", 1000, 5).of(5, 1000), LoadEngine("auto", 1000, 5).of(6, 1000), LoadEngine().of(1, 1)
        ('lambda', 'glue', 'glue')
        """
        if self.asked != "auto":
            return self.asked
        return "lambda" if files <= self.small_files and size_bytes <= self.small_bytes else "glue"


USUAL = {"small_bytes": SMALL_BYTES, "small_files": SMALL_FILES}
