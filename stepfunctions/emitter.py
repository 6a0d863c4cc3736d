"""Make a state machine of a job's steps; pure, without reading or writing anything.

    SetVariables -> PlanRun -> CheckForWork -> levels of steps -> RecordSuccess -> … -> Succeeded
                                  ├ AlreadyRun        any error -> RecordFailure -> … -> Failed
                                  └ RecordNothingToDo -> NothingToDo

A level of one step is a chain, of several a Parallel. Between levels come states that belong to no asset: what the load
left, and the catalog right before Athena is asked for the first time. Not here: reading the plan (`plan_reader`),
writing files (`emit`), what a step becomes (`step_states`), and how a run ends (`closing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lakehouse_assets.compute.tasks import CheckTask, FunctionTask, GlueTask, ModelTask, asked_by
from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.builder import Block, Exits, MachineContext, branch, ends, merged
from stepfunctions.closing import CLOSING, closing
from stepfunctions.interludes import crawl, declare_tables, load_outcome
from stepfunctions.names import require_unique, subjects
from stepfunctions.opening import START, opening
from stepfunctions.options import Options
from stepfunctions.states import Branch, Parallel, State
from stepfunctions.step_states import given_by, step_block
from stepfunctions.steps import Levels, Step

Section = Callable[[Exits], Block]
"""A function that makes the states of one section, once it is known where they lead."""
MOST_SECONDS = 5 * 24 * 60 * 60
"""How long an execution may take: longer than its events allow by far, so that one that repeats itself ends."""
PATIENCE_SECONDS = 1800
"""How long a lease or capacity is waited for in a machine without a load."""


def machine(
    pipeline: str,
    levels: Levels,
    tables: Mapping[str, Contract],
    job: str = "",
    asks: Mapping[str, str] | None = None,
    options: Options | None = None,
) -> dict[str, Any]:
    """Return the state machine of a pipeline as a JSON-ready dict.

    Args:
        pipeline: name of the pipeline and of its job.
        levels: the job's steps; the first level is the one function that plans the run.
        tables: the pipeline's contracts by `layer.name`.
        job: name of the job when it is another one of the pipeline.
        asks: what every run of that job asks, by field of a request; no input changes it.
        options: what an installation may choose.

    Raises:
        EmissionInvalid: the steps cannot be a machine; the message says why.
    """
    plan, task = _plan_of(pipeline, levels)
    steps = [step for level in levels for step in level]
    about = MachineContext(
        pipeline,
        tables,
        job or pipeline,
        asked_by(task),
        given_by(pipeline, task),
        asks or {},
        options or Options(),
        max((step.task.timeout_seconds for step in steps if isinstance(step.task, GlueTask)), default=PATIENCE_SECONDS),
        subjects(pipeline, steps),
    )
    work = _levels(about, levels[1:])
    first = opening(about, plan, task, work.entry, _hold_seconds(about, steps))
    states = merged(pipeline, first, work.states, closing(about))
    made = Branch(START, states).to_dict()
    require_unique(pipeline, made)
    of = f"the job `{about.job}` of the asset graph"
    comment = f"Emitted from {of} by `lakehouse emit`; change that, not this."
    return {"Comment": comment, "QueryLanguage": "JSONata", "TimeoutSeconds": MOST_SECONDS, **made}


def _plan_of(pipeline: str, levels: Levels) -> tuple[Step, FunctionTask]:
    first = levels[0] if levels else ()
    if len(first) == 1 and isinstance(first[0].task, FunctionTask):
        return first[0], first[0].task
    found = ", ".join(step.key for step in first) or "nothing"
    problem = f"a run begins with one function that plans it, and this one begins with {found}"
    raise EmissionInvalid(machine=pipeline, problem=problem)


def _hold_seconds(about: MachineContext, steps: list[Step]) -> int:
    """Return how long a run's hold of the lease has to last without a sign of life.

    Functions and the job renew it while they work. The longest pause between two of them is a job that waits for
    capacity, or a query with all its tries.
    """
    tries = [step.task.timeout_seconds * (1 + step.retry.max_retries) for step in steps]
    return about.patience_seconds + max(tries)


def _levels(about: MachineContext, levels: Levels) -> Block:
    """Build all sections, from the last to the first, since a state names the one that follows."""
    entry, states = CLOSING.after, dict[str, State]()
    for build in reversed(_sections(about, levels)):
        block = build(Exits(entry, CLOSING.failed))
        entry, states = block.entry, merged(about.pipeline, block.states, states)
    return Block(entry, states)


def _sections(about: MachineContext, levels: Levels) -> list[Section]:
    """Return the builders of the levels and of what comes between them, in the order in which they run."""
    loads = [i for i, level in enumerate(levels) if _has(level, GlueTask)]
    queries = [i for i, level in enumerate(levels) if _has(level, ModelTask, CheckTask)]
    sections, names = list[Section](), _level_names(levels)
    for i, level in enumerate(levels):
        catalog = _catalog(about) if i in queries[:1] else []
        outcome = [partial(load_outcome, about)] if i in loads[-1:] else []
        sections += [*catalog, partial(_level, about, level, names[i]), *outcome]
        about = replace(about, gives=(*about.gives, *_given_in(about, level)))
    return sections


def _catalog(about: MachineContext) -> list[Section]:
    """Return the builders of what makes tables known to Athena; no crawler finds a table of gold that nobody made."""
    crawled = [partial(crawl, about)] if about.options.catalog == "crawler" else []
    return [*crawled, partial(declare_tables, about)]


def _given_in(about: MachineContext, level: tuple[Step, ...]) -> tuple[str, ...]:
    """Return the facts that the functions of a level give to the levels after it.

    Raises:
        EmissionInvalid: a function gives facts and runs beside others: a branch cannot set the machine's variables.
    """
    tasks = [step.task for step in level if isinstance(step.task, FunctionTask) and step.task.gives]
    if tasks and len(level) > 1:
        beside = ", ".join(step.key for step in level)
        problem = f"`{tasks[0].function}` gives facts and runs beside others ({beside}), whose branch cannot set them"
        raise EmissionInvalid(machine=about.pipeline, problem=problem)
    return tuple(name for task in tasks for name in given_by(about.pipeline, task))


def _has(level: tuple[Step, ...], *kinds: type) -> bool:
    return any(isinstance(step.task, kinds) for step in level)


def _level_names(levels: Levels) -> list[str]:
    """Return the names of the states of whole levels; the second one of a name has a number."""
    names = ["BuildGoldTables" if _has_only(level, ModelTask) else "RunSideBySide" for level in levels]
    wide = [name if len(level) > 1 else "" for name, level in zip(names, levels, strict=True)]
    found = [wide[: i + 1].count(name) for i, name in enumerate(wide)]
    return [f"{name}{count if count > 1 else ''}" for name, count in zip(wide, found, strict=True)]


def _has_only(level: tuple[Step, ...], kind: type) -> bool:
    return all(isinstance(step.task, kind) for step in level)


def _level(about: MachineContext, level: tuple[Step, ...], name: str, place: Exits) -> Block:
    """Make the states of a level: a chain for one step, parallel branches, in a state of that name, for several."""
    if len(level) == 1:
        return step_block(level[0], place, about)
    blocks = {step.key: step_block(step, ends(step.key), about) for step in level}
    branches = tuple(branch(about, key, block) for key, block in blocks.items())
    return Block(name, {name: Parallel(branches, place.after, place.failed, {"done": True})})
