"""Hold machines to the limits of AWS: 256 KiB in and out of each state, 32,768 characters of a cause.

What goes over ends the execution with `States.DataLimitExceeded`, which `States.ALL` does not catch. A condition that
is no boolean is an error.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_EvaluationFailedEventDetails.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import json
from typing import Any

LARGEST = 262_144
LONGEST_CAUSE = 32_768
LONGEST_ERROR = 256


def limits() -> None:
    """Measure arguments, results, outputs, variables and inputs."""
    from ministack.services import stepfunctions as sfn

    arguments, output, invoke = sfn._apply_jsonata_arguments, sfn._apply_jsonata_output, sfn._invoke_resource
    assign, begin = sfn._apply_state_assign, sfn._start_execution

    def assigned(state: dict[str, Any], given: Any, context: Any, result: Any = None, error_output: Any = None) -> None:
        assign(state, given, context, result=result, error_output=error_output)
        for name in state.get("Assign") or {}:
            within(f"variable {name}", ((context or {}).get("variables") or {}).get(name))

    sfn._apply_jsonata_arguments = lambda *given, **named: within("arguments", arguments(*given, **named))
    sfn._apply_jsonata_output = lambda *given, **named: within("output", output(*given, **named))
    sfn._invoke_resource = lambda resource, given: within("result", invoke(resource, given))
    sfn._apply_state_assign = assigned
    sfn._start_execution = lambda asked: too_long(asked) or begin(asked)
    sfn._evaluate_jsonata_choice_rule = is_chosen
    short_causes(sfn)


def within(what: str, value: Any) -> Any:
    """Return a value that a state may hold.

    Raises:
        _ExecutionError: it is over 256 KiB.
    """
    from ministack.services.stepfunctions import _ExecutionError

    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > LARGEST:
        said = "The state/task returned a result with a size exceeding the maximum number of bytes service limit"
        said = f"{said}: {what}, {size} bytes"
        raise _ExecutionError("States.DataLimitExceeded", said)
    return value


def too_long(asked: dict[str, Any]) -> Any:
    """Answer StartExecution with an input over 256 KiB; None for another."""
    from ministack.core.responses import error_response_json

    if len(asked.get("input", "").encode()) <= LARGEST:
        return None
    said = "1 validation error detected: Value at 'input' failed to satisfy constraint: "
    return error_response_json(
        "ValidationException", f"{said}Member must have length less than or equal to {LARGEST}", 400
    )


def is_chosen(rule: dict[str, Any], given: Any, context: Any) -> bool:
    """Say whether a choice's condition holds.

    Raises:
        _ExecutionError: it is no boolean.
    """
    from ministack.services import stepfunctions as sfn

    found = sfn._apply_jsonata_template(rule.get("Condition"), given, context)
    if not isinstance(found, bool):
        said = f"The JSONata expression '{rule.get('Condition')}' returned no boolean: {json.dumps(found)[:200]}"
        raise sfn._ExecutionError("States.QueryEvaluationError", said)
    return found


def short_causes(sfn: Any) -> None:
    """Cut errors and causes to the length that they may have."""
    create = sfn._ExecutionError.__init__

    def created(self: Any, error: str, cause: Any) -> None:
        create(self, str(error)[:LONGEST_ERROR], str(cause)[:LONGEST_CAUSE])

    sfn._ExecutionError.__init__ = created
