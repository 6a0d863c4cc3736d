"""Say what the states of a machine are called: a verb, and what it is about where several of a kind are in a machine.

So the one load of a machine is `RunGlueJob`, and a step that calls a function is named by the function. Names are
unique in the whole machine, branches included, since a failure is told with nothing but its state's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lakehouse_assets.compute.tasks import CheckTask, FunctionTask, GlueTask, ModelTask
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.steps import Step

FAMILIAR = {"Moves3Objects": "ArchiveProcessedFiles"}
"""Names states whose function is called otherwise than people know the step."""
CHECKS = "_assertions"


def subjects(pipeline: str, steps: Sequence[Step]) -> dict[str, str]:
    """Return what the names of a step's states are about, by key of the step; empty where the verb says enough."""
    loads = sum(isinstance(step.task, GlueTask) for step in steps)
    calls = Counter(step.task.function for step in steps if isinstance(step.task, FunctionTask))
    return {step.key: _subject(pipeline, step, loads, calls) for step in steps}


def _subject(pipeline: str, step: Step, loads: int, calls: Mapping[str, int]) -> str:
    task = step.task
    if isinstance(task, GlueTask):
        return "" if loads == 1 else step.key
    if isinstance(task, ModelTask):
        return task.model.partition(".")[2]
    if isinstance(task, CheckTask):
        return step.key.removeprefix(f"{pipeline}_").removesuffix(CHECKS)
    name = FAMILIAR.get(task.function, task.function)
    return name if calls[task.function] == 1 else f"{name} {step.key}"


def require_unique(pipeline: str, made: Mapping[str, Any]) -> None:
    """Refuse a machine of which two states, in whichever branches, have one name.

    Raises:
        EmissionInvalid: names the first such state.
    """
    twice = sorted(name for name, count in Counter(_names(made)).items() if count > 1)
    if twice:
        raise EmissionInvalid(machine=pipeline, problem=f"there are two states `{twice[0]}`")


def _names(scope: Mapping[str, Any]) -> Iterator[str]:
    for name, state in scope["States"].items():
        yield name
        for inner in (*state.get("Branches", ()), *filter(None, (state.get("ItemProcessor"),))):
            yield from _names(inner)
