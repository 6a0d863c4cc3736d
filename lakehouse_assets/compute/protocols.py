"""AWS services as Protocols: what the assets ask for.

Local adapters are in `local.py`; an AWS one is one more class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, ModelTask
from lakehouse_assets.contracts import Contract, Rule

SAMPLE_ROWS = 5
"""Rows that a check or a preview shows."""


@dataclass(frozen=True)
class CheckOutcome:
    """One assertion: failing rows counted, up to five of them, and the SQL that found them."""

    table: str
    check: str
    verdict: str
    failing: int
    sample: list[dict[str, Any]] = field(default_factory=list)
    sql: str = ""

    @property
    def passed(self) -> bool:
        """No failing row."""
        return self.failing == 0


class GlueJobs(Protocol):
    """Runs a Glue job to its end."""

    def run_job(self, task: GlueTask, run_id: str) -> dict[str, Any]:
        """The job's report (`load.report.LoadReport.to_dict`).

        Raises:
            LakehouseError: the job failed; the leaf says whether trying again may help.
        """


class Athena(Protocol):
    """Builds gold models and runs assertions."""

    def build(self, task: ModelTask, run_id: str) -> dict[str, Any]:
        """Bring a gold table up to date; `{inserted, updated, deleted, rows, added_bytes, acknowledged, preview}`."""

    def check(self, contract: Contract, rule: Rule, run_id: str) -> CheckOutcome:
        """Run one assertion."""


class Functions(Protocol):
    """Invokes Lambda functions."""

    def invoke(self, task: FunctionTask, run_id: str) -> dict[str, Any]:
        """The function's answer; a repeated one is asked until it says `done`."""
