"""Hold the states of a machine in the Amazon States Language with JSONata as values.

Belongs here: what the language has and what we demand of it (a task has a time-out, a retry and a catch). Not here:
what a pipeline makes of it (`emitter`). Unknown and missing fields fail when a state is made.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stepfunctions.jsonata import CAUGHT, CAUGHT_IN_BRANCH, STATE

JSON = Any
"""Any JSON value; text in `{% %}` is JSONata."""
ANY_ERROR = "States.ALL"
NAME_CHARS = 80
"""How many characters a state's name may have: https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html"""


@dataclass(frozen=True)
class Retry:
    """Try again after these errors; the pause grows by the rate up to the limit, and is spread where it has jitter."""

    errors: tuple[str, ...]
    interval_seconds: int
    max_attempts: int
    backoff_rate: float = 2.0
    max_delay_seconds: int = 60
    jitter: bool = True

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of one item of `Retry`."""
        return {
            "ErrorEquals": list(self.errors),
            "IntervalSeconds": self.interval_seconds,
            "MaxAttempts": self.max_attempts,
            "BackoffRate": self.backoff_rate,
            "MaxDelaySeconds": max(self.max_delay_seconds, self.interval_seconds + 1),
            "JitterStrategy": "FULL" if self.jitter else "NONE",
        }


@dataclass(frozen=True)
class Catch:
    """Go on at the state `next` after an error, any as a rule; that state gets `output`, `{State, Error, Cause}`.

    Whoever tells of a failure has to say where it was, so the branch that holds the state puts its name in.
    """

    next: str
    output: JSON = CAUGHT
    errors: tuple[str, ...] = (ANY_ERROR,)

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of one item of `Catch`."""
        return {"ErrorEquals": list(self.errors), "Next": self.next, "Output": self.output}


@dataclass(frozen=True)
class Task:
    """Let a service do work, then go on at `next`; an error goes to `catch`, but for those of `fallback`."""

    resource: str
    arguments: JSON
    next: str
    timeout_seconds: int
    retry: tuple[Retry, ...]
    catch: Catch
    output: JSON = None
    assign: dict[str, JSON] = field(default_factory=dict)
    fallback: Catch | None = None

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        catches = [self.catch] if self.fallback is None else [self.fallback, self.catch]
        return {
            "Type": "Task",
            "Resource": self.resource,
            "Arguments": self.arguments,
            "Next": self.next,
            "TimeoutSeconds": self.timeout_seconds,
            "Retry": [retry.to_dict() for retry in self.retry],
            "Catch": [catch.to_dict() for catch in catches],
        } | _given(Output=self.output, Assign=self.assign)


@dataclass(frozen=True)
class Pass:
    """Set the output and variables without any work."""

    next: str
    output: JSON = None
    assign: dict[str, JSON] = field(default_factory=dict)

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        return {"Type": "Pass", "Next": self.next} | _given(Output=self.output, Assign=self.assign)


@dataclass(frozen=True)
class Wait:
    """Pause for some seconds; hand the input on."""

    seconds: int
    next: str

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        return {"Type": "Wait", "Seconds": self.seconds, "Next": self.next}


@dataclass(frozen=True)
class Rule:
    """Lead out of a choice to `next` when the condition holds."""

    condition: str
    next: str
    output: JSON = None

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of one item of `Choices`."""
        return {"Condition": self.condition, "Next": self.next} | _given(Output=self.output)


@dataclass(frozen=True)
class Choice:
    """Go where the first rule that holds leads, or to the default."""

    rules: tuple[Rule, ...]
    default: str

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        return {"Type": "Choice", "Choices": [rule.to_dict() for rule in self.rules], "Default": self.default}


@dataclass(frozen=True)
class Succeed:
    """End a branch or the machine with success."""

    output: JSON = None

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        return {"Type": "Succeed"} | _given(Output=self.output)


@dataclass(frozen=True)
class Fail:
    """End a branch or the machine with an error."""

    error: str
    cause: str

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        return {"Type": "Fail", "Error": self.error, "Cause": self.cause}


@dataclass(frozen=True)
class Branch:
    """Hold states that run apart from the others: the name of the first one, and all by name."""

    start: str
    states: dict[str, State]

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of one item of `Branches`, or of the main part of a machine."""
        return {"StartAt": self.start, "States": {name: _named(name, state) for name, state in self.states.items()}}


@dataclass(frozen=True)
class Parallel:
    """Run branches at the same time; the output is the list of their outputs unless another one is given."""

    branches: tuple[Branch, ...]
    next: str
    failed: str
    output: JSON = None

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        branches = [branch.to_dict() for branch in self.branches]
        catch = Catch(self.failed, CAUGHT_IN_BRANCH).to_dict()
        made = {"Type": "Parallel", "Branches": branches, "Next": self.next, "Catch": [catch]}
        return made | _given(Output=self.output)


@dataclass(frozen=True)
class Map:
    """Run one branch for each item, so many at the same time."""

    items: str
    processor: Branch
    next: str
    failed: str
    output: JSON = None
    concurrency: int = 1

    def to_dict(self) -> dict[str, JSON]:
        """Return the JSON of the state."""
        return {
            "Type": "Map",
            "Items": self.items,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **self.processor.to_dict()},
            "MaxConcurrency": self.concurrency,
            "Next": self.next,
            "Catch": [Catch(self.failed, CAUGHT_IN_BRANCH).to_dict()],
        } | _given(Output=self.output)


State = Task | Pass | Wait | Choice | Succeed | Fail | Parallel | Map


def _named(name: str, state: State) -> dict[str, JSON]:
    """Return the JSON of a state, with its name in what its catch hands on."""
    made = state.to_dict()
    if "Catch" in made:
        catches = [{**one, "Output": _replaced(one["Output"], name)} for one in made["Catch"]]
        made["Catch"] = catches
    return made


def _replaced(value: JSON, name: str) -> JSON:
    if isinstance(value, dict):
        return {key: _replaced(item, name) for key, item in value.items()}
    return value.replace(STATE, name) if isinstance(value, str) else value


def _given(**fields: JSON) -> dict[str, JSON]:
    return {name: value for name, value in fields.items() if value not in (None, {})}
