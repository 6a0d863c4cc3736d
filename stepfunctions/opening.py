"""Make the first states: they set the run's variables, plan the run, and look whether there is work."""

from __future__ import annotations

from typing import Any, get_args

from lakehouse_assets.compute.tasks import FunctionTask
from lakehouse_assets.core.request import Mode
from stepfunctions import calls
from stepfunctions.builder import MachineContext
from stepfunctions.calls import INSTALLED
from stepfunctions.causes import one_of
from stepfunctions.closing import CLOSING, NOTHING
from stepfunctions.jsonata import expression, quoted, template
from stepfunctions.states import Choice, Pass, Rule, State, Succeed
from stepfunctions.step_states import assigned
from stepfunctions.steps import Step

PARAMETERS = ("tick", "engine")
"""Names what an input may hold besides what a run is asked."""
START, CHECK, ALREADY = "SetVariables", "CheckForWork", "AlreadyRun"
EXECUTION = "$states.context.Execution"
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""Maps the partition of an ARN to the host of its console, which the region stands before."""
TICK = "$contains($string($states.input.tick), /^[0-9][0-9TZ:.+-]{9,39}$/)"
"""JSONata for whether the input is of a tick; what is given and is no moment is refused by the plan."""
DEFAULTS = {"as_of": f"{EXECUTION}.StartTime", "mode": quoted(get_args(Mode)[0])}
"""JSONata for fields that the execution's input does not give; every other field of a request is null then."""


def opening(about: MachineContext, plan: Step, task: FunctionTask, work: str, hold_seconds: int) -> dict[str, State]:
    """Make the states up to the first one that works, `work`.

    Args:
        about: the machine.
        plan: the step that plans.
        task: its function.
        work: where a run leads that has something to do.
        hold_seconds: how long the run's hold of the pipeline's lease lasts without a sign of life.
    """
    name, output = about.named("", plan), {"has_work": "has_work", "already": "already"}
    ways = CLOSING.ways(plan, about, CHECK)
    kept = {key: expression(f"$states.result.Payload.{field}") for key, field in output.items()}
    facts = assigned(task) | {key: expression(f"$states.result.Payload.{key}") for key in ("fence", "engine")}
    return {
        START: Pass(name, assign=_start(about)),
        name: calls.function(task.function, _payload(about, task, hold_seconds), ways, kept, **facts),
        CHECK: Choice(
            (
                Rule(expression('$states.input.already != ""'), ALREADY),
                Rule(expression("$states.input.has_work = true"), work),
            ),
            default=NOTHING,
        ),
        ALREADY: Succeed(
            {"run_id": expression("$run_id"), "status": "already_run", "already": expression("$states.input.already")}
        ),
    }


def _payload(about: MachineContext, task: FunctionTask, hold_seconds: int) -> dict[str, Any]:
    """Return what the plan is told: all that the run is asked, and how long its hold of the lease has to last.

    What the input has beside that goes along too, so that what is misspelled in it is refused, and not dropped.
    """
    own = template(task.payload, about.known_at_start, about.pipeline, {"job": quoted(about.job)})
    limits = {"small_bytes": about.options.small_bytes, "small_files": about.options.small_files}
    told = {name: expression(f"${name}") for name in ("tick", "execution", "engine")}
    return {"job": about.job, **told, **limits, **own, "asked": expression(_strange(about))} | {
        "hold_seconds": hold_seconds
    }


def _strange(about: MachineContext) -> str:
    """Return JSONata for what is in the input and is nothing that a run is asked; the whole of one that is no object.

    What is known is not handed on twice: a list of files may fill half a state.
    """
    known = one_of({*about.asked, *PARAMETERS})
    others = f"$merge([{{}}, $sift({EXECUTION}.Input, function($value, $name) {{ $not($name in {known}) }})])"
    return f'$type({EXECUTION}.Input) = "object" ? {others} : {EXECUTION}.Input'


def _start(about: MachineContext) -> dict[str, Any]:
    """Return the machine's variables: run id, clock, input, places, and a link for people."""
    given = {name: _optional(name, DEFAULTS.get(name, "null")) for name in ("as_of", "tick", *about.asked)}
    run_id = f'{TICK} ? {quoted(f"{about.job}-")} & $replace($states.input.tick, ":", "-") : {EXECUTION}.Name'
    return given | {
        **{name: expression(quoted(value)) for name, value in about.asks.items()},
        "run_id": expression(run_id),
        "pipeline": about.pipeline,
        "engine": _optional("engine", quoted(about.options.engine)),
        "execution": expression(f"{EXECUTION}.Id"),
        "fence": expression("null"),
        **INSTALLED,
        "refused": expression(quoted("")),
        "link": expression(_link()),
    }


def _link() -> str:
    """Return JSONata for the execution's page in the console of its partition and region."""
    hosts = ", ".join(f"{quoted(name)}: {quoted(host)}" for name, host in CONSOLES.items())
    page = "/states/home#/v2/executions/details/"
    address = f'"https://" & $arn[3] & "." & $lookup({{{hosts}}}, $arn[1]) & {quoted(page)} & {EXECUTION}.Id'
    return f'($arn := $split({EXECUTION}.Id, ":"); {address})'


def _optional(name: str, default: str) -> str:
    """Return JSONata for a field of the execution's input; null counts as not given."""
    return expression(f"$states.input.{name} != null ? $states.input.{name} : {default}")
