"""Run state machines as AWS does where MiniStack does not: stopping, branches, items, ends and names.

MiniStack lets a `.sync` job go on when its execution is stopped or a branch beside it failed, runs all branches and all
items to their end, knows no time-out of a machine, shares variables between
branches, and ignores `Output` of a Succeed.
https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import contextvars
import json
import threading
import time
from typing import Any

from .parts import run_in_time, run_parts
from .stopping import CURRENT, STOPPED, Part, pause

STATES = ("Pass", "Task", "Choice", "Wait", "Parallel", "Map")
UNCAUGHT = ("States.Runtime", STOPPED)
"""Errors that nothing catches; https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""


def machines() -> None:
    """Replace how executions begin and end, and how their branches and items run."""
    from ministack.services import stepfunctions as sfn

    run, fail, begin, matches = sfn._run_execution, sfn._fail_execution, sfn._start_execution, sfn._error_matches

    def executed(arn: str) -> None:
        execution = sfn._executions.get(arn)
        if execution:
            CURRENT.set(Part(execution))
            limit(sfn, execution)
        run(arn)

    def failed(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    def matched(named: list[str], error: str) -> bool:
        if error == "States.DataLimitExceeded":
            return error in named
        return error not in UNCAUGHT and matches(named, error)

    add = sfn._add_event

    def added(execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None) -> Any:
        given_up = ((details or {}).get("taskFailedEventDetails") or {}).get("error") == STOPPED
        return add(execution, "TaskStateAborted", {}) if given_up else add(execution, kind, details)

    sfn._add_event = added
    sfn._run_execution, sfn._fail_execution, sfn._error_matches = executed, failed, matched
    sfn._start_execution = lambda asked: again(sfn, asked) or begin(asked)
    sfn._run_sub_machine, sfn._scaled_sleep = walk, scaled_pause
    sfn._run_parallel_branches, sfn._run_map_items = branches, items_or(sfn._run_map_items)
    sfn._invoke_resource_with_timeout = lambda resource, given, seconds: run_in_time(
        lambda: sfn._invoke_resource(resource, given), seconds
    )
    succeed(sfn)


def limit(sfn: Any, execution: dict[str, Any]) -> None:
    """Have an execution end as TIMED_OUT after its machine's TimeoutSeconds."""
    machine = sfn._state_machines.get(execution["stateMachineArn"]) or {}
    seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
    if not seconds:
        return

    def end() -> None:
        time.sleep(seconds * sfn._SFN_WAIT_SCALE if sfn._SFN_WAIT_SCALE else seconds)
        if execution["status"] == "RUNNING":
            execution.update(status="TIMED_OUT", stopDate=sfn.now_iso())
            sfn._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
            sfn._emit_execution_status_event(execution)

    threading.Thread(target=contextvars.copy_context().run, args=(end,), daemon=True).start()


def again(sfn: Any, asked: dict[str, Any]) -> Any:
    """Answer StartExecution for a name that runs already with the same input: it is that execution."""
    from ministack.core.responses import json_response

    named = str(asked.get("stateMachineArn")).replace(":stateMachine:", ":execution:") + f":{asked.get('name')}"
    there = sfn._executions.get(named)
    if there is None or there["status"] != "RUNNING" or there["input"] != asked.get("input", "{}"):
        return None
    return json_response({"executionArn": named, "startDate": sfn._timestamp_response_value(there["startDate"])})


def scaled_pause(seconds: float) -> None:
    """Wait as a Wait state or a Retry does, no longer than its part of the execution goes on.

    Raises:
        _ExecutionError: that part is given up.
    """
    from ministack.services import stepfunctions as sfn

    if not pause(seconds * sfn._SFN_WAIT_SCALE):
        raise sfn._ExecutionError(STOPPED, "")


def walk(states: dict[str, Any], start: str | None, given: Any, execution: dict[str, Any], context: Any) -> Any:
    """Run a branch or an item from state to state, each an event in the history; return its output.

    Raises:
        _ExecutionError: it failed, or is given up.
    """
    from ministack.services import stepfunctions as sfn

    name, value, part = start, given, CURRENT.get()
    while name:
        if part and part.is_given_up():
            raise sfn._ExecutionError(STOPPED, "")
        state = states[name]
        kind = state["Type"]
        context["State"] = {"Name": name, "EnteredTime": sfn.now_iso(), "RetryCount": 0}
        told(sfn, execution, kind, "Entered", name, value)
        if kind == "Fail":
            raise sfn._ExecutionError(*sfn._fail_state_error(state, value, context))
        following = None
        if kind == "Succeed":
            value = sfn._apply_output_path(state, sfn._apply_input_path(state, value, context), context)
        else:
            carry = getattr(sfn, f"_execute_{kind.lower()}")
            within = (execution,) if kind in ("Task", "Parallel", "Map") else ()
            value, following = carry(state, value, *within, context)
        told(sfn, execution, kind, "Exited", name, value)
        name = following
    return value


def told(sfn: Any, execution: dict[str, Any], kind: str, what: str, name: str, value: Any) -> None:
    """Add an event about a state to the history."""
    held = {"input" if what == "Entered" else "output": json.dumps(value)}
    sfn._add_event(execution, f"{kind}State{what}", {f"state{what}EventDetails": {"name": name, **held}})


def branches(state: dict[str, Any], given: Any, execution: dict[str, Any], context: Any) -> Any:
    """Run the branches of a Parallel; the first that fails ends the others.

    Raises:
        _ExecutionError: one failed.
    """
    from ministack.services import stepfunctions as sfn

    is_jsonata = sfn._state_query_language(state, context) == "JSONata"
    if is_jsonata:
        inside = sfn._apply_jsonata_arguments(state, given, context)
    else:
        inside = sfn._apply_parameters(state, sfn._apply_input_path(state, given, context), context)
    works = [
        lambda own, branch=branch: walk(branch["States"], branch["StartAt"], inside, execution, own)
        for branch in state["Branches"]
    ]
    return left(sfn, state, given, context, run_parts(works, execution, context, len(works)), is_jsonata=is_jsonata)


def items_or(distributed: Any) -> Any:
    """Return what runs a Map: one whose items run in this execution here, a distributed one as it was."""
    from ministack.services import stepfunctions as sfn

    def run(state: dict[str, Any], given: Any, execution: dict[str, Any], context: Any) -> Any:
        within = state.get("ItemProcessor") or state.get("Iterator") or {}
        is_jsonata = sfn._state_query_language(state, context) == "JSONata"
        if not is_jsonata or (within.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
            return distributed(state, given, execution, context)
        found = sfn._jsonata_state_field(state, "Items", "array", given, context) if "Items" in state else given
        most = state.get("MaxConcurrency", 0)
        works = [item_work(sfn, state, within, given, execution, index, one) for index, one in enumerate(found)]
        results = run_parts(works, execution, context, int(most) or len(works) or 1)
        return left(sfn, state, given, context, results, is_jsonata=True)

    return run


def item_work(sfn: Any, state: Any, within: Any, given: Any, execution: Any, index: int, one: Any) -> Any:  # noqa: PLR0913, PLR0917
    """Return the work of one item of a Map."""

    def work(own: dict[str, Any]) -> Any:
        own["Map"] = {"Item": {"Index": index, "Value": one}}
        selector = state.get("ItemSelector")
        inside = sfn._apply_jsonata_template(selector, given, own) if selector else one
        return walk(within["States"], within["StartAt"], inside, execution, own)

    return work


def left(sfn: Any, state: Any, given: Any, context: Any, results: list[Any], *, is_jsonata: bool) -> Any:
    """Return output and next state of a Parallel or a Map."""
    if is_jsonata:
        output = sfn._apply_jsonata_output(state, given, context, result=results, default=results)
        sfn._apply_state_assign(state, given, context, result=results)
        return output, sfn._next_or_end(state)
    selected = sfn._apply_result_selector(state, results)
    output = sfn._apply_output_path(state, sfn._apply_result_path(state, given, selected), context)
    return output, sfn._next_or_end(state)


def succeed(sfn: Any) -> None:
    """Have `Output` of a Succeed be the output."""
    apply = sfn._apply_output_path

    def applied(state: dict[str, Any], value: Any, context: Any = None) -> Any:
        if state.get("Type") == "Succeed" and sfn._state_query_language(state, context) == "JSONata":
            return sfn._apply_jsonata_output(state, value, context, default=value)
        return apply(state, value, context)

    sfn._apply_output_path = applied
