"""The real command against a tenant that gives no report: what it says, and what readers of the lake see then."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from lakehouse_assets_tests.affise.tenant import ZONE, Case, tenant
from lakehouse_assets_tests.affise.wire import SECRETS
from lakehouse_assets_tests.marketing.cases.sentences import WRONG_KEY, Said
from lakehouse_assets_tests.operations.conftest import Cli, Result

SIZE = {"days": 2, "clicks_per_day": 20, "conversions_per_day": 20}
BESIDE = {"rate-missing": ("mixed-currencies",)}
"""Switches that another one needs in order to be seen."""


@dataclass(frozen=True)
class Commands:
    """The command line with the folder of one lake, pointed at one tenant."""

    case: Case
    lake: Path
    cli: Cli

    def run(self, **settings: str) -> Result:
        """Run the pipeline as of the tenant's clock, with more settings."""
        return self("run", "marketing", "--as-of", self.case.now.isoformat(), **settings)

    def __call__(self, *arguments: str, **settings: str) -> Result:
        """Call any command."""
        environment = {
            "LAKEHOUSE_AFFISE__URL": self.case.simulator.url,
            "LAKEHOUSE_AFFISE__RATE": "1000",
            "LAKEHOUSE_ZONES__MARKETING": ZONE,
            "COLUMNS": "400",
            **SECRETS,
            "AFFISE_API_KEY": self.case.simulator.key,
        }
        with patch.dict(os.environ, environment | settings):
            return self.cli(*arguments, "--lake", self.lake)

    def said(self, **settings: str) -> Said:
        """What a run says, and whether there is a report after it."""
        return Said(self.run(**settings), has_report=any(self.lake.rglob("**/daily_report_sub5_output/**/*.parquet")))


@contextmanager
def commands(cli: Cli, folder: Path, *faults: str, **size: int) -> Iterator[Commands]:
    """Serve a tiny tenant for the command."""
    with tenant(folder, *faults, **(SIZE | size)) as case:
        yield Commands(case, folder / "lake", cli)


def refused(switch: str, cli: Cli, folder: Path) -> Said:
    """What is said of a tenant with a switch on."""
    with commands(cli, folder, switch, *BESIDE.get(switch, ())) as there:
        settings = {"AFFISE_API_KEY": WRONG_KEY} if switch == "no-key-401" else {}
        return there.said(**settings)


def seeing_fewer(cli: Cli, folder: Path) -> Said:
    """What is said when the key of an affiliate manager takes the place of the one that a run before had."""
    with commands(cli, folder) as there:
        assert there.run().code == 0
        there.case.simulator.faults.turn_on("manager-key")
        there.case.simulator.clock.advance(hours=5)
        return there.said()


TOLD: dict[str, Callable[[Cli, Path], Said]] = {"manager-key": seeing_fewer}
"""Switches that one run alone does not tell of."""
