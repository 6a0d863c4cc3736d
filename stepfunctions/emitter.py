"""Make a state machine of a job's steps; pure, without reading or writing anything.

    start -> plan -> work to do? -> levels of steps -> notify success -> succeeded
                          └ nothing to do      any error -> notify failure -> failed

A level of one step is a chain, of several a Parallel. Between levels come states that belong to no asset: the
outcome of the load with its warnings, the declaration of tables right before Athena is asked for the first time, and
at the end the files that the load refused. Not here: reading the plan (`plan_reader`), writing files (`emit`), and
what a step becomes (`step_states`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from lakehouse_assets.compute.tasks import CheckTask, FunctionTask, GlueTask, ModelTask, asked_by
from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.request import Mode
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions import calls
from stepfunctions.builder import Block, Exits, MachineContext, branch, ends, merged, named, rethrow
from stepfunctions.calls import INSTALLED, Transitions
from stepfunctions.interludes import declare_tables, load_outcome, refused_files
from stepfunctions.jsonata import ANSWER, INPUT, expression, quoted, template
from stepfunctions.states import Branch, Catch, Choice, Parallel, Pass, Rule, State, Succeed
from stepfunctions.step_states import assigned, given_by, step_block
from stepfunctions.steps import Levels, Step

Section = Callable[[Exits], Block]
"""A function that makes the states of one section, once it is known where they lead."""

CLOSING = Exits(after="notify success", failed="notify failure")
DEFAULTS = {"as_of": "$states.context.Execution.StartTime", "mode": quoted(get_args(Mode)[0])}
"""JSONata for fields that the execution's input does not give; every other field of a request is null then."""


def machine(
    pipeline: str, levels: Levels, tables: Mapping[str, Contract], job: str = "", asks: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the state machine of a pipeline as a JSON-ready dict.

    Args:
        pipeline: name of the pipeline and of its job.
        levels: the job's steps; the first level is the one function that plans the run.
        tables: the pipeline's contracts by `layer.name`.
        job: name of the job when it is another one of the pipeline.
        asks: what every run of that job asks, by field of a request; no input changes it.

    Raises:
        EmissionInvalid: the steps cannot be a machine; the message says why.
    """
    plan, task = _plan_of(pipeline, levels)
    about = MachineContext(pipeline, tables, asked_by(task), given_by(pipeline, task), asks or {})
    work = _levels(about, levels[1:])
    states = merged(pipeline, _opening(about, plan, task, work.entry, job or pipeline), work.states, _closing(about))
    of = f"the job `{job or pipeline}` of the asset graph"
    return {
        "Comment": f"Emitted from {of} by `lakehouse emit`; change that, not this.",
        "QueryLanguage": "JSONata",
        **Branch("start", states).to_dict(),
    }


def _plan_of(pipeline: str, levels: Levels) -> tuple[Step, FunctionTask]:
    first = levels[0] if levels else ()
    if len(first) == 1 and isinstance(first[0].task, FunctionTask):
        return first[0], first[0].task
    found = ", ".join(step.key for step in first) or "nothing"
    problem = f"a run begins with one function that plans it, and this one begins with {found}"
    raise EmissionInvalid(machine=pipeline, problem=problem)


def _opening(about: MachineContext, plan: Step, task: FunctionTask, work: str, job: str) -> dict[str, State]:
    """Make the states that set the run's variables, plan the run, and look whether there is work."""
    payload = template(task.payload, about.known_at_start, about.pipeline, {"job": quoted(job)})
    ways = CLOSING.ways(plan, "work to do?")
    done = {"run_id": expression("$run_id"), "status": "nothing_to_do"}
    return {
        "start": Pass(plan.key, assign=_start(about)),
        plan.key: calls.function(task.function, payload, ways, ANSWER, **assigned(task)),
        "work to do?": Choice((Rule(expression("$states.input.has_work"), work),), default="nothing to do"),
        "nothing to do": Succeed(done),
    }


def _start(about: MachineContext) -> dict[str, Any]:
    """Return the machine's variables: run id, clock, input, places, and a link for people."""
    given = {name: _optional(name, DEFAULTS.get(name, "null")) for name in ("as_of", *about.asked)}
    region = '$split($states.context.Execution.Id, ":")[3]'
    page = '".console.aws.amazon.com/states/home#/v2/executions/details/"'
    return given | {
        **{name: expression(quoted(value)) for name, value in about.asks.items()},
        "run_id": expression("$states.context.Execution.Name"),
        "pipeline": about.pipeline,
        **INSTALLED,
        "refused": expression(quoted("")),
        "refusals": expression(quoted("")),
        "link": expression(f'"https://" & {region} & {page} & $states.context.Execution.Id'),
    }


def _optional(name: str, default: str) -> str:
    return expression(f"$exists($states.input.{name}) ? $states.input.{name} : {default}")


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
    sections: list[Section] = []
    for i, level in enumerate(levels):
        declare = [partial(declare_tables, about)] if i in queries[:1] else []
        outcome = [partial(load_outcome, about)] if i in loads[-1:] else []
        sections += [*declare, partial(_level, about, level), *outcome]
        about = replace(about, gives=(*about.gives, *_given_in(about, level)))
    return [*sections, *([partial(refused_files, about)] if loads else [])]


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


def _level(about: MachineContext, level: tuple[Step, ...], place: Exits) -> Block:
    """Make the states of a level: a chain for one step, parallel branches for several."""
    if len(level) == 1:
        return step_block(level[0], place, about)
    name = named(", ".join(step.key for step in level))
    blocks = {step.key: step_block(step, ends(step.key), about) for step in level}
    branches = tuple(branch(about, key, block) for key, block in blocks.items())
    return Block(name, {name: Parallel(branches, place.after, Catch(place.failed))})


def _closing(about: MachineContext) -> dict[str, State]:
    """Make the last states: one message for each outcome. A success stays one when the message cannot be sent."""
    pipeline = about.pipeline
    cause = '$states.input.Error & ": " & ($exists($states.input.Cause) ? $states.input.Cause : "no cause was given")'
    told = Transitions("succeeded", Catch("succeeded", INPUT))
    failed = Transitions("failed", Catch("failed", INPUT))
    done = {"run_id": expression("$run_id"), "status": "succeeded"}
    return {
        CLOSING.after: calls.message(pipeline, "run_succeeded", f"{pipeline}: run succeeded", '"succeeded"', told),
        "succeeded": Succeed(done),
        CLOSING.failed: calls.message(pipeline, "run_failed", f"{pipeline}: run failed", cause, failed),
        "failed": rethrow(),
    }
