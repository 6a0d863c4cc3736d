"""Make the block of states of one step, by what the step runs; pure, without reading or writing anything.

Data moves through outputs inside a block and through variables between blocks, so that any block may become a branch:
a branch reads the machine's variables and cannot set them.
"""

from __future__ import annotations

import re

from lakehouse_assets.compute.tasks import ITEM, CheckTask, FunctionTask, GlueTask, ModelTask
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions import calls
from stepfunctions.builder import Block, Exits, MachineContext, branch, ends, named
from stepfunctions.calls import INSTALLED, Transitions
from stepfunctions.checks import checks_block
from stepfunctions.jsonata import INPUT, expression, template
from stepfunctions.retries import transient_names
from stepfunctions.states import Catch, Choice, Map, Pass, Rule, Wait
from stepfunctions.steps import Step

FUNCTION_SECONDS = 300
FIXED = {*INSTALLED, "run_id", "pipeline", "refused", "refusals", "link", "states", ITEM}
"""Names of variables that no function may set."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
"""Spells a variable's name: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html"""
PAUSE_SECONDS = 60
"""Pause before a Glue job is run again; what holds it up, such as another run's lease, lasts about that long."""


def step_block(step: Step, place: Exits, about: MachineContext) -> Block:
    """Make the states of a step, by the kind of its task.

    Raises:
        EmissionInvalid: the step's task needs a fact or a check that nobody knows.
    """
    task = step.task
    if isinstance(task, GlueTask):
        return glue_block(step, task, place, about)
    if isinstance(task, ModelTask):
        return model_block(step, task, place)
    if isinstance(task, CheckTask):
        return checks_block(step, task, place, about)
    if task.each:
        return each_block(step, task, place, about)
    return repeat_block(step, task, place, about) if task.repeat else function_block(step, task, place, about)


def function_block(step: Step, task: FunctionTask, place: Exits, about: MachineContext) -> Block:
    """Invoke a function once; the facts that it gives become variables."""
    payload = template(task.payload, about.facts, about.pipeline)
    call = calls.function(task.function, payload, place.ways(step), **assigned(task))
    return Block(step.key, {step.key: call})


def assigned(task: FunctionTask) -> dict[str, str]:
    """Return the variables that a function's answer sets, with their JSONata."""
    return {name: expression(f"$states.result.Payload.{name}") for name in task.gives}


def given_by(pipeline: str, task: FunctionTask) -> tuple[str, ...]:
    """Return the facts that a function gives: names of variables, and none that the machine fixes itself.

    Raises:
        EmissionInvalid: a name cannot be a machine's variable, or the machine fixes it itself.
    """
    wrong = [name for name in task.gives if name in FIXED or not VARIABLE.fullmatch(name)]
    if wrong:
        named_wrong = ", ".join(f"`{name}`" for name in wrong)
        raise EmissionInvalid(machine=pipeline, problem=f"`{task.function}` cannot give {named_wrong}")
    return task.gives


def repeat_block(step: Step, task: FunctionTask, place: Exits, about: MachineContext) -> Block:
    """Invoke a function until its answer says `done`; each call gets the token of the one before."""
    begin, more = named("begin", step.key), named("done?", step.key)
    payload = template(task.payload, about.facts, about.pipeline) | {"token": expression("$states.input.token")}
    call = calls.function(task.function, payload, place.ways(step, more), **assigned(task))
    return Block(
        begin,
        {
            begin: Pass(step.key, output={"token": None}),
            step.key: call,
            more: Choice((Rule(expression("$states.input.done"), place.after),), default=step.key),
        },
    )


def each_block(step: Step, task: FunctionTask, place: Exits, about: MachineContext) -> Block:
    """Invoke a function for each item of a list, some at the same time; of an item only that it is done is kept.

    An inline Map has a history in common with its machine: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    """
    name, done = named("each", step.key), {"done": True}
    inner = (_item_again if task.repeat else _item_once)(step, task, about, done)
    items = template(task.each, about.facts, about.pipeline)
    processor = branch(about, step.key, inner)
    return Block(name, {name: Map(items, processor, place.after, Catch(place.failed), done, task.concurrency)})


def _item_once(step: Step, task: FunctionTask, about: MachineContext, done: dict[str, bool]) -> Block:
    payload = template(task.payload, about.facts, about.pipeline, {ITEM: "$states.input"})
    return Block(step.key, {step.key: calls.function(task.function, payload, ends(step.key).ways(step), done)})


def _item_again(step: Step, task: FunctionTask, about: MachineContext, done: dict[str, bool]) -> Block:
    """Invoke a function for one item until its answer says `done`; the item goes along, from output to output."""
    begin, more = named("begin", step.key), named("done?", step.key)
    payload = template(task.payload, about.facts, about.pipeline, {ITEM: f"$states.input.{ITEM}"})
    payload |= {"token": expression("$states.input.token")}
    kept = {name: expression(f"$states.result.Payload.{name}") for name in ("token", "done")}
    kept |= {ITEM: expression(f"$states.input.{ITEM}")}
    end = ends(step.key)
    return Block(
        begin,
        {
            begin: Pass(step.key, output={ITEM: INPUT, "token": None}),
            step.key: calls.function(task.function, payload, end.ways(step, more), kept),
            more: Choice((Rule(expression("$states.input.done"), end.after, done),), default=step.key),
        },
    )


def glue_block(step: Step, task: GlueTask, place: Exits, about: MachineContext) -> Block:
    """Run a Glue job to its end, and again after a pause when the cause names a transient error of ours."""
    begin, again, pause = named("begin", step.key), named("again?", step.key), named("pause", step.key)
    arguments = template(task.arguments, about.facts, about.pipeline)
    catch = Catch(again, expression('$merge([$states.errorOutput, {"tries": $states.input.tries + 1}])'))
    ways = Transitions(place.after, catch, task.timeout_seconds, step.retry)
    helps = f"$contains($states.input.Cause, /({'|'.join(transient_names())})/)"
    condition = expression(f"$states.input.tries <= {step.retry.max_retries} and {helps}")
    return Block(
        begin,
        {
            begin: Pass(step.key, output={"tries": 0}),
            step.key: calls.job(task.job, arguments, ways),
            again: Choice((Rule(condition, pause),), default=place.failed),
            pause: Wait(PAUSE_SECONDS, step.key),
        },
    )


def model_block(step: Step, task: ModelTask, place: Exits) -> Block:
    """Render the MERGE for what was touched, run it, and tell the ledger; skip the query when nothing was touched."""
    render, due, tell = named("render", step.key), named("due?", step.key), named("acknowledge", step.key)
    model = {"pipeline": task.pipeline, "model": task.model, "lake": expression("$lake")}
    told = model | {name: expression(f"${name}") for name in ("run_id", "as_of")}
    told |= {name: expression(f"$states.input.{name}") for name in ("runs", "version")}
    return Block(
        render,
        {
            render: calls.function(
                "RenderModel",
                model | {"source_timezone": expression("$source_timezone")},
                place.ways(step, due, FUNCTION_SECONDS),
            ),
            due: Choice((Rule(expression("$states.input.statement != null"), step.key),), default=tell),
            step.key: calls.query(expression("$states.input.statement"), place.ways(step, tell), output=INPUT),
            tell: calls.function("AcknowledgeModel", told, place.ways(step, None, FUNCTION_SECONDS)),
        },
    )
