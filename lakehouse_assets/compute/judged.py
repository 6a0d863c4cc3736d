"""Keep what the checks of a state machine's step found, as one piece in the run's folder for each step.

Belongs here: a query's outcome in, typed values out. Not here: what becomes of the run (`lambdas/judgechecks`), and the
words that people are told (`failed_checks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from lakehouse_assets.compute.causes import cause_of
from lakehouse_assets.core.shown import clipped
from lakehouse_assets.load.report import SAMPLE_ROWS
from lakehouse_assets.storage.runs import RunFolder

PREFIX = "checks-"
CELL_CHARS = 500
"""Limits the characters of one sample row; a cell may be as long as a whole record."""


BETWEEN = " | "
"""Stands between the cells of a sample row."""


@dataclass(frozen=True)
class JudgedCheck:
    """Hold what a query found of one check.

    Attributes:
        table: bare name of the table.
        check: code of the rule.
        verdict: `fail` for a check that blocks, else `warn`.
        failing: rows that it found, of which the query counts `SAMPLE_ROWS` at most; 0 when it could not be asked.
        sample: the first of them as text, header first.
        scanned_bytes: bytes that the query read; None where it is not known.
        seconds: how long the query took; None where it is not known.
        error: why it could not be asked, in one sentence; empty when it was answered.
    """

    table: str
    check: str
    verdict: str
    failing: int = 0
    sample: list[str] = field(default_factory=list)
    scanned_bytes: int | None = None
    seconds: float | None = None
    error: str = ""

    @property
    def is_blocking(self) -> bool:
        """Say whether nothing follows when it does not pass."""
        return self.verdict == "fail"

    @property
    def passed(self) -> bool:
        """Say whether it was answered and no row failed."""
        return not self.failing and not self.error

    @property
    def rows(self) -> list[dict[str, str]]:
        """Return the sample by column; a row whose text cannot be told apart into cells is one cell, `row`."""
        if not self.sample:
            return []
        header = self.sample[0].split(BETWEEN)
        cells = ((row, row.split(BETWEEN)) for row in self.sample[1:])
        return [
            dict(zip(header, parts, strict=True)) if len(parts) == len(header) else {"row": row} for row, parts in cells
        ]

    @property
    def name(self) -> str:
        """Return how people know the check."""
        return f"{self.table}.{self.check}"

    @classmethod
    def from_outcome(cls, outcome: Mapping[str, Any]) -> Self:
        """Read the outcome of one branch: `check` (`layer.table code`), `verdict`, and what was found or went wrong.

        The branch's `statistics` are Athena's, https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatistics.html
        """
        table, _, code = outcome["check"].partition(" ")
        measured, error = outcome.get("statistics") or {}, outcome.get("error") or {}
        millis = measured.get("EngineExecutionTimeInMillis", measured.get("TotalExecutionTimeInMillis"))
        why = ": ".join(filter(None, cause_of(error.get("Cause"), error.get("Error")))) if error else ""
        return cls(
            table=table.rpartition(".")[2],
            check=code,
            verdict=outcome["verdict"],
            failing=int(outcome.get("failing") or 0),
            sample=[clipped(str(row), CELL_CHARS) for row in (outcome.get("sample") or [])[: SAMPLE_ROWS + 1]],
            scanned_bytes=measured.get("DataScannedInBytes"),
            seconds=None if millis is None else millis / 1000,
            error=why,
        )


@dataclass(frozen=True)
class CheckReport:
    """Hold the checks of one step of a machine."""

    step: str
    checks: tuple[JudgedCheck, ...]


def keep_checks(folder: RunFolder, report: CheckReport) -> None:
    """Keep what the checks of a step found; a step that judges again replaces its own piece."""
    folder.keep(f"{PREFIX}{re.sub(r'[^A-Za-z0-9_-]+', '-', report.step)}", report)


def judged_checks(folder: RunFolder) -> Iterator[JudgedCheck]:
    """Yield what all checks of a run found, step by step in the order of their names."""
    for stored in folder.store.list(f"{folder.key}/{PREFIX}"):
        report = folder.report(stored.key.removeprefix(f"{folder.key}/").removesuffix(".json"), CheckReport)
        yield from report.checks if report else ()
