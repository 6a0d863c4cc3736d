"""The states of one step, by what it runs: pure, a step in, a block of states out.

Data moves through outputs inside a block and through variables between blocks, so that any block may become a branch:
a branch reads the machine's variables and cannot set them.
"""

from __future__ import annotations

from lakehouse_assets.compute.tasks import CheckTask, FunctionTask, GlueTask, ModelTask
from stepfunctions import calls
from stepfunctions.block import About, Block, Place, named
from stepfunctions.calls import Ways
from stepfunctions.checks import checks_block
from stepfunctions.jsonata import INPUT, expression, template
from stepfunctions.retries import transient_names
from stepfunctions.states import Catch, Choice, Pass, Rule, Wait
from stepfunctions.steps import Step

FUNCTION_SECONDS = 300
PAUSE_SECONDS = 60
"""Before a Glue job is run again; what holds it up, such as another run's lease, lasts about that long."""


def step_block(step: Step, place: Place, about: About) -> Block:
    """The states of a step.

    Raises:
        EmissionInvalid: its task needs a fact or a check that nobody knows.
    """
    task = step.task
    if isinstance(task, GlueTask):
        return glue_block(step, task, place, about)
    if isinstance(task, ModelTask):
        return model_block(step, task, place)
    if isinstance(task, CheckTask):
        return checks_block(step, task, place, about)
    return repeat_block(step, task, place, about) if task.repeat else function_block(step, task, place, about)


def function_block(step: Step, task: FunctionTask, place: Place, about: About) -> Block:
    """One invocation."""
    payload = template(task.payload, about.facts, about.pipeline)
    return Block(step.key, {step.key: calls.function(task.function, payload, place.ways(step))})


def repeat_block(step: Step, task: FunctionTask, place: Place, about: About) -> Block:
    """Invocations until the answer says `done`; each gets the token of the one before."""
    begin, more = named("begin", step.key), named("done?", step.key)
    payload = template(task.payload, about.facts, about.pipeline) | {"token": expression("$states.input.token")}
    return Block(
        begin,
        {
            begin: Pass(step.key, output={"token": None}),
            step.key: calls.function(task.function, payload, place.ways(step, more)),
            more: Choice((Rule(expression("$states.input.done"), place.after),), default=step.key),
        },
    )


def glue_block(step: Step, task: GlueTask, place: Place, about: About) -> Block:
    """A job run to its end, and again after a pause when its cause names a transient error of ours."""
    begin, again, pause = named("begin", step.key), named("again?", step.key), named("pause", step.key)
    arguments = template(task.arguments, about.facts, about.pipeline)
    catch = Catch(again, expression('$merge([$states.errorOutput, {"tries": $states.input.tries + 1}])'))
    ways = Ways(place.after, catch, task.timeout_seconds, step.retry)
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


def model_block(step: Step, task: ModelTask, place: Place) -> Block:
    """Write the MERGE for what was touched, run it, and tell the ledger; nothing touched, nothing to run."""
    render, due, tell = named("render", step.key), named("due?", step.key), named("acknowledge", step.key)
    model = {"pipeline": task.pipeline, "model": task.model, "lake": expression("$lake")}
    told = model | {name: expression(f"${name}") for name in ("run_id", "as_of")}
    told["runs"] = expression("$states.input.runs")
    return Block(
        render,
        {
            render: calls.function("RenderModel", model, place.ways(step, due, FUNCTION_SECONDS)),
            due: Choice((Rule(expression("$states.input.statement != null"), step.key),), default=tell),
            step.key: calls.query(expression("$states.input.statement"), place.ways(step, tell), output=INPUT),
            tell: calls.function("AcknowledgeModel", told, place.ways(step, None, FUNCTION_SECONDS)),
        },
    )
