"""Declare what the asset graph asks of the services behind it, as one Protocol: jobs, functions, models and checks.

A service belongs to one run of one pipeline and knows it. The local adapter is in `local.py`; one for AWS is one more
class. The type checker holds each adapter against this Protocol where it is opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from lakehouse_assets.compute.costs import Usage
from lakehouse_assets.compute.reports import FunctionAnswer, ModelReport, Row
from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, ModelTask
from lakehouse_assets.contracts import Contract, Rule
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.runs import RunFolder


@dataclass(frozen=True)
class CheckOutcome:
    """Hold one assertion's answer: failing rows counted, up to `SAMPLE_ROWS` of them, and the SQL that found them.

    `used` is what asking it has used, where that is metered.
    """

    table: str
    check: str
    verdict: str
    failing: int
    sample: list[dict[str, Any]] = field(default_factory=list)
    sql: str = ""
    used: tuple[Usage, ...] = ()

    @property
    def passed(self) -> bool:
        """Say whether the assertion passed, so that no row failed."""
        return self.failing == 0


class Services(Protocol):
    """Declare everything that the graph asks for in one run of a pipeline."""

    @property
    def run(self) -> RunFolder:
        """Return the run's folder in the lake, where each step leaves its report."""
        ...

    def begin(self, request: RunRequest) -> RunRequest:
        """Take the pipeline's lease and fix what the run is asked: its clock and its days, once for all its steps.

        Raises:
            LeaseHeld: another run holds the pipeline.
        """
        ...

    def invoke(self, task: FunctionTask) -> FunctionAnswer:
        """Invoke a function and return its answer; one that repeats is asked until it says `done`.

        Of one that is called for each item of a list, the answers are summed up, and `items` says how many there were.

        Raises:
            LakehouseError: the function failed; the leaf says whether trying again may help.
        """
        ...

    def run_job(self, task: GlueTask) -> LoadReport:
        """Run a load job to its end and return its report; what was read of the tables before is forgotten.

        Raises:
            LakehouseError: the job failed; the leaf says whether trying again may help.
        """
        ...

    def build(self, task: ModelTask, *, whole: bool = False) -> ModelReport:
        """Bring a gold table up to date.

        Args:
            task: which table.
            whole: whether it is built whole, whatever it has caught up with; so it is, too, when its run was asked
                for a full refresh.

        Raises:
            CommitConflict, FenceLost: somebody else writes; nothing was changed.
        """
        ...

    def check(self, contract: Contract, rule: Rule) -> CheckOutcome:
        """Run one assertion and return its outcome."""
        ...

    def preview(self, contract: Contract) -> list[Row]:
        """Return the first `SAMPLE_ROWS` rows of a table by key, as plain values."""
        ...

    def count(self, contract: Contract) -> int:
        """Return the number of rows of a table."""
        ...

    def spent(self, step: str) -> tuple[Usage, ...]:
        """Return what a step of this run has used so far; nothing where nothing is metered, as on this machine."""
        ...

    def close(self) -> None:
        """Give back the lease and everything that was opened."""
        ...
