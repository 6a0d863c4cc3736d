"""Read the emitted machines and schedules, and say what they need of a deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infrastructure.functions import ROOT

EMITTED = ROOT / "stepfunctions" / "emitted"
SCHEDULES = EMITTED / "schedules.json"
SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9]+)\}")
PREFIXED = re.compile(r"\$\{(?:Function|Job)Prefix\}([A-Za-z0-9_-]+)")
"""Matches the name of a function or a job, which follows the installation's prefix."""
BACKFILL = "-backfill"
"""Ends the name of the twin of a job for backfills, which waits for spare capacity and may take hours."""
TRIGGERS = EMITTED / "triggers.json"


@dataclass(frozen=True)
class Machine:
    """Hold an emitted machine: its name, its file, and its definition."""

    name: str
    path: Path
    definition: dict[str, Any] = field(repr=False)

    @property
    def pipeline(self) -> str:
        """Return whose machine it is: a short run is named after its pipeline."""
        return self.name.partition("_")[0]

    @property
    def logical_id(self) -> str:
        """Return the name of its resource in the template."""
        return "".join(word.capitalize() for word in self.name.split("_")) + "Machine"

    @property
    def substitutions(self) -> list[str]:
        """Return the names that a deployment has to fill in."""
        return sorted(set(SUBSTITUTION.findall(self.path.read_text("utf-8"))))

    def called(self, resource: str, field_: str) -> list[str]:
        """Return what its tasks of a kind name after a prefix, such as the `JobName` of `glue:startJobRun`.

        A name may be chosen by an expression, which then holds each of them.
        """
        tasks = (task for task in tasks_of(self.definition) if resource in task["Resource"])
        return sorted({name for task in tasks for name in PREFIXED.findall(str(task["Arguments"].get(field_)))})

    @property
    def functions(self) -> list[str]:
        """Return the functions that it calls."""
        return self.called("lambda:invoke", "FunctionName")

    @property
    def jobs(self) -> list[str]:
        """Return the Glue jobs that it runs."""
        named = self.called("glue:startJobRun", "JobName")
        return [name for name in named if not name.endswith(BACKFILL)]


@dataclass(frozen=True)
class Tick:
    """Hold one schedule, as the emitter wrote it.

    Attributes:
        name: of the schedule.
        pipeline: whose it is.
        machine: what it starts.
        cron: as EventBridge takes it, with or without `cron(...)`.
        timezone: in which it is meant; may be a substitution.
        input: of the execution.
        enabled: whether it is on where Step Functions schedule.
        description: why it runs.
        check_crons: when `CheckTick` is asked whether the run of the tick has come.
    """

    name: str
    pipeline: str
    machine: str
    cron: str
    timezone: str
    input: dict[str, Any]
    enabled: bool
    description: str
    check_crons: list[str]

    @property
    def logical_id(self) -> str:
        """Return the name of its resource in the template."""
        return "".join(word.capitalize() for word in re.split(r"[_-]", self.name)) + "Schedule"


def machines(folder: Path = EMITTED) -> list[Machine]:
    """Return the emitted machines, by name."""
    paths = sorted(folder.glob("*.asl.json"))
    return [Machine(path.name.partition(".")[0], path, json.loads(path.read_text("utf-8"))) for path in paths]


def expression(cron: str) -> str:
    """Return an expression as EventBridge Scheduler takes it.

    >>> expression("0 9,14 * * ? *"), expression("cron(0 6 * * ? *)")
    ('cron(0 9,14 * * ? *)', 'cron(0 6 * * ? *)')
    """
    return cron if cron.startswith("cron(") else f"cron({cron})"


@dataclass(frozen=True)
class Trigger:
    """Hold a pipeline into whose landing files are dropped: its machine, and where below its landing they come."""

    pipeline: str
    machine: str
    prefix: str


def triggers(path: Path = TRIGGERS) -> list[Trigger]:
    """Return the emitted triggers."""
    found = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return [Trigger(**item) for item in found]


def ticks(path: Path = SCHEDULES) -> list[Tick]:
    """Return the emitted schedules."""
    found = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return [Tick(**item) for item in found]


def tasks_of(value: object) -> Iterator[dict[str, Any]]:
    """Yield every Task state of a definition, also those of branches and maps."""
    if isinstance(value, dict):
        if value.get("Type") == "Task":
            yield value
        for item in value.values():
            yield from tasks_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from tasks_of(item)
