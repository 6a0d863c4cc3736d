"""Refuse a machine whose definition does not hold together, as CreateStateMachine does; MiniStack takes all JSON.

This looks at structure only; `asl-validator` (npm) knows the fields.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

KINDS = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
GOING_ON = ("Pass", "Task", "Wait", "Parallel", "Map")
LARGEST = 1 << 20
LONGEST_NAME = 80

Finding = tuple[str, str, str]
"""Code, message and place."""


def definitions() -> None:
    """Look at definitions that are created, changed or asked about, and at those of CloudFormation."""
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import stepfunctions as sfn
    from ministack.services.cloudformation import provisioners

    create, update, of_template = sfn._create_state_machine, sfn._update_state_machine, provisioners._sfn_definition

    def refused(asked: dict[str, Any]) -> Any:
        wrong = findings(asked["definition"]) if asked.get("definition") is not None else []
        return error_response_json("InvalidDefinition", sentence(wrong), 400) if wrong else None

    def validated(asked: dict[str, Any]) -> Any:
        wrong = findings(asked.get("definition", ""))
        found = [{"severity": "ERROR", "code": code, "message": said, "location": at} for code, said, at in wrong]
        return json_response({"result": "FAIL" if wrong else "OK", "diagnostics": found, "truncated": False})

    def provisioned(*given: Any) -> Any:
        definition = of_template(*given)
        if wrong := findings(definition):
            raise ValueError(sentence(wrong))
        return definition

    sfn._create_state_machine = lambda asked: refused(asked) or create(asked)
    sfn._update_state_machine = lambda asked: refused(asked) or update(asked)
    sfn._validate_state_machine_definition, provisioners._sfn_definition = validated, provisioned


def sentence(wrong: list[Finding]) -> str:
    """Return findings as the API tells them."""
    return (
        "Invalid State Machine Definition: '" + ", ".join(f"{code}: {said} at {at}" for code, said, at in wrong) + "'"
    )


def findings(definition: str) -> list[Finding]:
    """Return what is wrong with a definition.

    >>> findings('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}')
    [('MISSING_TRANSITION_TARGET', "Missing 'Next' target: B", '/States/A')]
    """
    if len(definition.encode()) > LARGEST:
        return [("SCHEMA_VALIDATION_FAILED", f"the definition is over {LARGEST} bytes", "/")]
    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [("INVALID_JSON_DESCRIPTION", str(error), "/")]
    return list(of_machine(machine, ""))


def of_machine(machine: dict[str, Any], at: str) -> Iterator[Finding]:
    """Yield what is wrong with a machine, a branch or an item processor."""
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield "SCHEMA_VALIDATION_FAILED", "States is required", at or "/"
        return
    start = machine.get("StartAt")
    if start not in states:
        yield "MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {start}", f"{at}/StartAt"
    reached = {start, *(target for state in states.values() for target in targets(state))}
    for name, state in states.items():
        yield from of_state(name, state, states, f"{at}/States/{name}")
        if name not in reached:
            yield "UNREACHABLE_STATE", f"State {name} is not reachable", f"{at}/States/{name}"


def of_state(name: str, state: dict[str, Any], states: dict[str, Any], at: str) -> Iterator[Finding]:
    """Yield what is wrong with one state."""
    kind = state.get("Type")
    if kind not in KINDS:
        yield "SCHEMA_VALIDATION_FAILED", f"unknown Type {kind!r}", at
        return
    if len(name) > LONGEST_NAME:
        yield "SCHEMA_VALIDATION_FAILED", f"a name has at most {LONGEST_NAME} characters", at
    for target in targets(state):
        if target not in states:
            yield "MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", at
    if kind in GOING_ON and ("Next" in state) == bool(state.get("End")):
        yield "SCHEMA_VALIDATION_FAILED", "exactly one of Next and End is needed", at
    if kind == "Task" and not state.get("Resource"):
        yield "SCHEMA_VALIDATION_FAILED", "a Task needs a Resource", at
    if kind == "Choice" and not state.get("Choices"):
        yield "SCHEMA_VALIDATION_FAILED", "a Choice needs Choices", at
    yield from of_errors(state, at)
    within = state.get("ItemProcessor") or state.get("Iterator")
    if kind == "Map" and not within:
        yield "SCHEMA_VALIDATION_FAILED", "a Map needs an ItemProcessor", at
    for number, inner in enumerate([*state.get("Branches", []), *([within] if within else [])]):
        yield from of_machine(inner, f"{at}/{number}")


def of_errors(state: dict[str, Any], at: str) -> Iterator[Finding]:
    """Yield what is wrong with Retry and Catch: `States.ALL` stands alone and last."""
    for field in ("Retry", "Catch"):
        rules = state.get(field, [])
        for number, rule in enumerate(rules):
            names = rule.get("ErrorEquals", [])
            if "States.ALL" in names and (len(names) > 1 or number < len(rules) - 1):
                yield "SCHEMA_VALIDATION_FAILED", "States.ALL must appear alone and last", f"{at}/{field}"


def targets(state: dict[str, Any]) -> list[str]:
    """Return the states that may follow."""
    rules = [*state.get("Choices", []), *state.get("Catch", [])]
    return [name for name in (state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)) if name]
