"""Make the states of a load: a Glue job, or a function with the embedded engine when the plan says that it is small."""

from __future__ import annotations

from dataclasses import replace

from lakehouse_assets.compute.tasks import GlueTask
from lakehouse_assets.errors import DiskFull, MemoryExhausted, SpillExhausted
from stepfunctions import calls
from stepfunctions.again import Again, transient_job
from stepfunctions.builder import Block, Exits, MachineContext
from stepfunctions.calls import Transitions
from stepfunctions.jsonata import expression, template
from stepfunctions.states import Catch, Choice, Pass, Rule, State
from stepfunctions.steps import Step

FUNCTION_SECONDS = 900
"""How long a function may work: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""
TOO_LARGE = (
    *(kind.__name__ for kind in (DiskFull, MemoryExhausted, SpillExhausted)),
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.Timeout",
)
"""Names of the errors of a load that a function has no room or no time for, though the plan took it for small: packed
files say little of their size. Lambda's own are of https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
and of what its runtime reports."""
FACTS = ("Id", "DPUSeconds", "ExecutionTime", "MaxCapacity")
"""What is kept of a job's run: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html"""


def load_block(step: Step, task: GlueTask, place: Exits, about: MachineContext) -> Block:
    """Run the Glue job to its end, or have a function load what is small, with the same arguments.

    What turns out to be too large for the function goes to Glue, as it would never be loaded otherwise. A job runs
    again after a pause when its cause names a transient error of ours: twice with one run id changes nothing.
    """
    choose, small, begin = (about.named(verb, step) for verb in ("ChooseEngine", "LoadSmallBatch", "BeginGlueJob"))
    name, decide, pause = (about.named(v, step) for v in ("RunGlueJob", "HandleGlueJobFailure", "WaitForGlueJob"))
    again = Again(name, decide, pause, place.failed)
    arguments = template(task.arguments, about.facts, about.pipeline) | {"--fence": expression("$string($fence)")}
    # A run that waits in Glue's queue has been started for the state, and not yet for the job's own time-out.
    seconds = task.timeout_seconds + about.patience_seconds
    ways = Transitions(place.after, again.catch(), seconds, step.retry, about.patience_seconds)
    loading = replace(
        place.ways(step, about, None, min(FUNCTION_SECONDS, task.timeout_seconds)),
        fallback=Catch(begin, errors=TOO_LARGE),
    )
    states: dict[str, State] = {
        choose: Choice((Rule(expression('$engine = "lambda"'), small),), default=begin),
        small: calls.function("LoadSmallBatch", {"arguments": arguments}, loading, {"job": None}),
        begin: Pass(name, output={"tries": 0}),
        name: calls.job(task.job, arguments, ways, {"job": _facts()}),
    }
    return Block(choose, states | transient_job(again, step.retry.max_retries, about.patience_seconds))


def _facts() -> dict[str, str]:
    """Return JSONata for what a job's run was and what it took; null for what Glue does not say."""
    run = "$states.result"
    return {name: expression(f"$exists({run}.{name}) ? {run}.{name} : null") for name in FACTS}
