"""Make the block of states of one step, by what the step runs; pure, without reading or writing anything.

Data moves through outputs inside a block and through variables between blocks, so that any block may become a branch:
a branch reads the machine's variables and cannot set them.
"""

from __future__ import annotations

import re

from lakehouse_assets.compute.tasks import ITEM, CheckTask, FunctionTask, GlueTask, ModelTask
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions import calls
from stepfunctions.again import Again, transient_query
from stepfunctions.builder import Block, Exits, MachineContext, branch, ends
from stepfunctions.calls import COMMON, INSTALLED
from stepfunctions.checks import checks_block
from stepfunctions.jsonata import INPUT, expression, template
from stepfunctions.loads import load_block
from stepfunctions.states import Choice, Map, Pass, Rule, State
from stepfunctions.steps import Step

FUNCTION_SECONDS = 300
FIXED = {*INSTALLED, *COMMON, "tick", "execution", "job", "refused", "link", "states", ITEM}
"""Names of variables that no function may set."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
"""Spells a variable's name: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html"""
DONE = {"done": True}
"""What a call leaves whose answer nobody needs: an answer may be as large as a state, and a list of them larger."""


def step_block(step: Step, place: Exits, about: MachineContext) -> Block:
    """Make the states of a step, by the kind of its task.

    Raises:
        EmissionInvalid: the step's task needs a fact or a check that nobody knows.
    """
    task = step.task
    if isinstance(task, GlueTask):
        return load_block(step, task, place, about)
    if isinstance(task, ModelTask):
        return model_block(step, task, place, about)
    if isinstance(task, CheckTask):
        return checks_block(step, task, place, about)
    if task.each:
        return each_block(step, task, place, about)
    return repeat_block(step, task, place, about) if task.repeat else function_block(step, task, place, about)


def function_block(step: Step, task: FunctionTask, place: Exits, about: MachineContext) -> Block:
    """Invoke a function once; the facts that it gives become variables, and nothing else of its answer is kept."""
    name, payload = about.named("", step), template(task.payload, about.facts, about.pipeline)
    call = calls.function(task.function, payload, place.ways(step, about), DONE, **assigned(task))
    return Block(name, {name: call})


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
    name, begin, more = (about.named(verb, step) for verb in ("", "Begin", "IsDone"))
    payload = template(task.payload, about.facts, about.pipeline) | {"token": expression("$states.input.token")}
    ways = place.ways(step, about, more)
    return Block(
        begin,
        {
            begin: Pass(name, output={"token": None}),
            name: calls.function(task.function, payload, ways, _kept("token", "done"), **assigned(task)),
            more: Choice((Rule(expression("$states.input.done = true"), place.after),), default=name),
        },
    )


def _kept(*names: str) -> dict[str, str]:
    return {name: expression(f"$states.result.Payload.{name}") for name in names}


def each_block(step: Step, task: FunctionTask, place: Exits, about: MachineContext) -> Block:
    """Invoke a function for each item of a list, some at the same time; of an item only that it is done is kept.

    An inline Map has a history in common with its machine: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    """
    name, inner = about.named("Each", step), about.named("", step)
    block = (_item_again if task.repeat else _item_once)(step, task, about)
    items = template(task.each, about.facts, about.pipeline)
    processor = branch(about, inner, block)
    return Block(name, {name: Map(items, processor, place.after, place.failed, DONE, task.concurrency)})


def _item_once(step: Step, task: FunctionTask, about: MachineContext) -> Block:
    name, payload = about.named("", step), template(task.payload, about.facts, about.pipeline, {ITEM: "$states.input"})
    return Block(name, {name: calls.function(task.function, payload, ends(name).ways(step, about), DONE)})


def _item_again(step: Step, task: FunctionTask, about: MachineContext) -> Block:
    """Invoke a function for one item until its answer says `done`; the item goes along, from output to output."""
    name, begin, more = (about.named(verb, step) for verb in ("", "Begin", "IsDone"))
    payload = template(task.payload, about.facts, about.pipeline, {ITEM: f"$states.input.{ITEM}"})
    payload |= {"token": expression("$states.input.token")}
    kept = _kept("token", "done") | {ITEM: expression(f"$states.input.{ITEM}")}
    end = ends(name)
    return Block(
        begin,
        {
            begin: Pass(name, output={ITEM: INPUT, "token": None}),
            name: calls.function(task.function, payload, end.ways(step, about, more), kept),
            more: Choice((Rule(expression("$states.input.done = true"), end.after, DONE),), default=name),
        },
    )


def model_block(step: Step, task: ModelTask, place: Exits, about: MachineContext) -> Block:
    """Render the MERGE for what was touched, run it, and tell the ledger; skip the query when nothing was touched."""
    render, due, name, tell = (about.named(verb, step) for verb in ("Render", "IsDue", "Merge", "Acknowledge"))
    decide, pause, ask = (about.named(verb, step) for verb in ("HandleFailureOf", "PauseBefore", "GetFailureOf"))
    again = Again(name, decide, pause, place.failed, ask)
    model = {"model": task.model}
    told = model | {"as_of": expression("$as_of"), "statistics": expression("$states.input.statistics")}
    told |= {part: expression(f"$states.input.{part}") for part in ("runs", "version")}
    due_ways = place.ways(step, about, due, FUNCTION_SECONDS)
    rendered = _kept("statement", "runs", "version") | {"tries": 0, "statistics": None}
    states: dict[str, State] = {
        render: calls.function(
            "RenderModel", model | {"source_timezone": expression("$source_timezone")}, due_ways, rendered
        ),
        due: Choice((Rule(expression("$states.input.statement != null"), name),), default=tell),
        name: calls.query(
            expression("$states.input.statement"),
            calls.Transitions(tell, again.catch(), task.timeout_seconds, step.retry, about.patience_seconds),
            {part: expression(f"$states.input.{part}") for part in ("runs", "version")}
            | {"statistics": calls.STATISTICS},
            is_read=False,
        ),
        tell: calls.function("AcknowledgeModel", told, place.ways(step, about, None, FUNCTION_SECONDS), DONE),
    }
    return Block(render, states | transient_query(again, step.retry.max_retries, about.patience_seconds))
