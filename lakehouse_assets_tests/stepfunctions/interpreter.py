"""Runs a machine on recorded results: enough of the States Language to evaluate every expression in its place.

Not here: what services do. A scenario (JSON) says what each task answers, by state name: a result, `{"error": …}`, or
a list of them, one per call, or a function of the call's arguments; a state that is not named answers `{}`. Branches
run one after the other.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

PREFIX, SUFFIX = "{%", "%}"


class MachineFailed(Exception):  # noqa: N818 - an error is named for what happened
    """The machine, or a branch of it, ended in a Fail state or in an error nobody caught."""

    def __init__(self, error: str, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.output = {"Error": error} | ({} if cause is None else {"Cause": cause})


@dataclass
class Run:
    """One execution: recorded answers in, path, calls and evaluated expressions out."""

    context: dict[str, Any]
    answers: dict[str, Any]
    path: list[str] = field(default_factory=list)
    calls: dict[str, list[Any]] = field(default_factory=dict)
    evaluated: set[str] = field(default_factory=set)
    carried: dict[str, int] = field(default_factory=dict)
    recorded: dict[str, list[tuple[dict[str, Any], Any]]] = field(default_factory=dict)

    def machine(self, machine: dict[str, Any], given: Any, scope: dict[str, Any] | None = None) -> Any:
        """Run states from the first to an end; returns the output."""
        if scope is None:
            self.context, scope = self.context | {"Execution": self.context["Execution"] | {"Input": given}}, {}
        name: str | None = machine["StartAt"]
        value = given
        while name is not None:
            self.path.append(name)
            name, value = self._state(name, machine["States"][name], value, scope)
        return value

    def _state(self, name: str, state: dict[str, Any], given: Any, scope: dict[str, Any]) -> tuple[str | None, Any]:
        known = {"input": given, "context": self.context}
        self._carry(name, given)
        try:
            if state["Type"] == "Choice":
                return self._choice(state, known, scope)
            result = getattr(self, f"_{state['Type'].lower()}")(name, state, known, scope)
            output, assigned = self._after(state, known | {"result": result}, scope)
        except MachineFailed as failure:
            return self._caught(state, known | {"errorOutput": failure.output}, scope, failure)
        scope.update(assigned)
        self._carry(name, output, result, *assigned.values())
        return state.get("Next"), output

    def _carry(self, name: str, *values: Any) -> None:
        """Note the largest of all that a state was given or has made, in bytes of JSON."""
        sizes = (len(json.dumps(value, ensure_ascii=False).encode()) for value in values)
        self.carried[name] = max(self.carried.get(name, 0), *sizes)

    def _after(self, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Output and variables; what fails here is caught as what fails in the state itself."""
        output = self.evaluate(state["Output"], known, scope) if "Output" in state else known["result"]
        return output, self.evaluate(state.get("Assign", {}), known, scope)

    def _caught(
        self, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any], failure: MachineFailed
    ) -> tuple[str, Any]:
        if "Catch" not in state:
            raise failure
        errors = {failure.output["Error"], "States.ALL"}
        catch = next(one for one in state["Catch"] if errors & set(one["ErrorEquals"]))
        return catch["Next"], self.evaluate(catch["Output"], known, scope)

    def _choice(self, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any]) -> tuple[str, Any]:
        for rule in state["Choices"]:
            if self.evaluate(rule["Condition"], known, scope, default=False):
                output = self.evaluate(rule["Output"], known, scope) if "Output" in rule else known["input"]
                return rule["Next"], output
        return state["Default"], known["input"]

    def _pass(self, _name: str, _state: dict[str, Any], known: dict[str, Any], _scope: dict[str, Any]) -> Any:
        return known["input"]

    _wait = _succeed = _pass

    def _fail(self, _name: str, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any]) -> Any:
        raise MachineFailed(*(self.evaluate(state[key], known, scope) for key in ("Error", "Cause")))

    def _task(self, name: str, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any]) -> Any:
        arguments = self.evaluate(state["Arguments"], known, scope)
        self._carry(name, arguments)
        self.calls.setdefault(name, []).append(arguments)
        answer = self.answers.get(name, {})
        if callable(answer):
            return answer(arguments)
        if isinstance(answer, list):
            answer = answer[len(self.calls[name]) - 1]
        self._fail_as_told(name, answer)
        return copy.deepcopy(answer)

    def _fail_as_told(self, name: str, answer: Any = None) -> None:
        """Fail a state whose answer is an error; a Parallel or a Map has one only where it is to fail by itself."""
        told = answer or self.answers.get(name, {})
        if "error" in told:
            raise MachineFailed(told["error"]["Error"], told["error"].get("Cause"))

    def _parallel(self, name: str, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any]) -> Any:
        self._fail_as_told(name)
        return [self._branch(branch, known["input"], scope) for branch in state["Branches"]]

    def _map(self, name: str, state: dict[str, Any], known: dict[str, Any], scope: dict[str, Any]) -> Any:
        self._fail_as_told(name)
        items = self.evaluate(state["Items"], known, scope)
        assert isinstance(items, list)
        return [self._branch(state["ItemProcessor"], item, scope) for item in items]

    def _branch(self, branch: dict[str, Any], given: Any, scope: dict[str, Any]) -> Any:
        """A branch reads outer variables; one that sets them is refused, as the service does."""
        inner = dict(scope)
        output = self.machine(branch, given, inner)
        assert inner == scope, "a branch set a variable"
        return output

    def evaluate(self, value: Any, known: dict[str, Any], scope: dict[str, Any], default: Any = None) -> Any:
        """A value with its expressions evaluated; an expression without a value fails, as in the service."""
        if isinstance(value, dict):
            return {key: self.evaluate(item, known, scope) for key, item in value.items()}
        if isinstance(value, list):
            return [self.evaluate(item, known, scope) for item in value]
        if not (isinstance(value, str) and value.startswith(PREFIX)):
            return value
        self.evaluated.add(value)
        variables = {"states": known} | scope
        try:
            found = evaluate(value, variables)
        except JException as error:
            raise MachineFailed("States.QueryEvaluationError", f"{error}: {value}") from error
        self._record(value, variables, found)
        if found is UNDEFINED and default is None:
            raise MachineFailed("States.QueryEvaluationError", value)
        return default if found is UNDEFINED else found

    def _record(self, text: str, variables: dict[str, Any], found: Any) -> None:
        """Keep the first few evaluations of an expression, with what it reads, for another JSONata to repeat."""
        kept = self.recorded.setdefault(text, [])
        if len(kept) < MOST_RECORDED:
            read = {name: value for name, value in variables.items() if f"${name}" in text}
            kept.append((copy.deepcopy(read), found))


MOST_RECORDED = 5
UNDEFINED = object()
"""What an expression without a value gives."""


@cache
def _compiled(text: str) -> Jsonata:
    compiled = Jsonata(text.removeprefix(PREFIX).removesuffix(SUFFIX).strip())
    compiled.output_convert_nulls = False  # tells null from no value
    return compiled


def evaluate(text: str, variables: dict[str, Any]) -> Any:
    """One expression; UNDEFINED when it has no value."""
    compiled = _compiled(text)
    frame = compiled.create_frame()
    frame.bind("parse", Jsonata.JLambda(json.loads))
    for name, value in variables.items():
        frame.bind(name, Utils.NULL_VALUE if value is None else value)
    found = compiled.evaluate(None, frame)
    return UNDEFINED if found is None else Utils.convert_nulls(found)
