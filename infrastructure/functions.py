"""Declare the Lambda functions: what each takes along, how large it is, and what it may do.

A function `PlanRun` has its handler in `lambdas/planrun`. What it may do is a tuple of grants by name, which
`grants.py` turns into statements of its own role; `roles.py` holds the roles of everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
Packages = Literal["functions", "engine"]
"""Names a lock in `requirements`: what all functions need, or that and the embedded engine."""
USED_TO_BE_IMAGES = ("adstart_update_dimension_tables", "export-sub5-report")
"""Names functions that users of the replaced system know as container images."""


@dataclass(frozen=True)
class Function:
    """Describe a Lambda function.

    Attributes:
        name: as machines and users know it.
        about: what it does, for people who look at the console.
        packages: which lock it takes along.
        grants: names of `grants.GRANTS`, beside what every function has.
        memory: in MB; the share of a CPU follows from it.
        timeout: in seconds, at most 900.
        is_image: whether it is deployed as a container image.
        scratch: size of its /tmp in MB.
        variables: environment variables, as CloudFormation takes them.
    """

    name: str
    about: str
    packages: Packages = "functions"
    grants: tuple[str, ...] = ()
    memory: int = 512
    timeout: int = 900
    scratch: int = 512

    @property
    def folder(self) -> str:
        """Return the name of its folder in `lambdas`."""
        return self.name.lower().replace("-", "_")

    @property
    def handler(self) -> str:
        """Return the handler's path, as Lambda takes it."""
        return f"lambdas.{self.folder}.handler.handler"

    @property
    def is_image(self) -> bool:
        """Say whether it is deployed as a container image: the engine does not fit into a zip."""
        return self.packages == "engine" or self.name in USED_TO_BE_IMAGES

    @property
    def is_here(self) -> bool:
        """Say whether its handler is in this installation."""
        return (ROOT / "lambdas" / self.folder / "handler.py").is_file()

    @property
    def logical_id(self) -> str:
        """Return the name of its resource in the template: letters and digits.

        >>> Function("export-sub5-report", "").logical_id
        'ExportSub5Report'
        """
        words = self.name.replace("_", "-").split("-")
        return "".join(word[:1].upper() + word[1:] for word in words)


DECLARED = (
    Function(
        "PlanRun",
        "Takes the pipeline's lease and freezes the work of one run.",
        "engine",
        ("landing", "archive_read", "silver_write", "gold_read", "claim"),
        memory=2048,
    ),
    Function("LoadOutcome", "Says what a load found."),
    Function("JudgeChecks", "Keeps what checks found, and stops the run for a blocking one."),
    Function(
        "DeclareTables", "Says which tables are to be declared.", "engine", ("silver_read", "gold_write", "declared")
    ),
    Function(
        "RenderModel",
        "Renders the MERGE of a gold table for the days of a run.",
        "engine",
        ("silver_write", "gold_read"),
        memory=1024,
    ),
    Function(
        "AcknowledgeModel",
        "Notes in the ledger that a gold table has caught up.",
        "engine",
        ("silver_write", "gold_read"),
        memory=1024,
    ),
    Function(
        "LoadSmallBatch",
        "Loads a small manifest into silver with the embedded engine.",
        "engine",
        ("landing", "archive_read", "bronze_read", "silver_write", "gold_read"),
        memory=4096,
        scratch=4096,
    ),
    Function(
        "Moves3Objects", "Moves exactly the files of a manifest to the archive.", grants=("landing_take", "archive")
    ),
    Function(
        "RecordRun",
        "Records a run, says what is news, tells what could not be told before, and gives its lease back.",
        "engine",
        ("silver_read", "gold_read", "record", "metrics", "look_back", "meter", "publish"),
        memory=1024,
    ),
    Function(
        "EndRun",
        "Ends what a stopped or timed-out execution left behind, and tells once.",
        "engine",
        ("silver_read", "gold_read", "record", "metrics", "look_back", "publish", "letters"),
        memory=1024,
        timeout=300,
    ),
    Function(
        "CheckTick",
        "Tells when the run of a tick has not come.",
        grants=("record_read", "landing_look", "metrics", "publish", "letters"),
        timeout=120,
    ),
    Function(
        "StartPipeline",
        "Starts a pipeline for what has landed, once per set of files.",
        grants=("landing_look", "start"),
        timeout=120,
    ),
    Function("PlanAffisePull", "Asks the account what is to be pulled.", "functions", ("bronze", "affise")),
    Function(
        "adstart_update_dimension_tables",
        "Pulls a list of the account, such as that of offers, into bronze.",
        "functions",
        ("bronze", "affise"),
    ),
    Function("PullAffiseSlices", "Pulls a day of the account into bronze.", "functions", ("bronze", "affise")),
    Function("NameAffisePages", "Names the pages of a pull in the run's manifest.", "functions", ("bronze",)),
    Function("CommitAffiseWatermark", "Notes up to when changes are in silver.", "functions", ("bronze",)),
    Function("export-sub5-report", "Writes the report as a CSV file.", "engine", ("gold_read", "report"), memory=1024),
)
"""Holds every function that a machine, a schedule or an event calls."""

FUNCTIONS = tuple(function for function in DECLARED if function.is_here)
