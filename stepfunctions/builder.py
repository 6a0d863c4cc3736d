"""What the emitter builds with: blocks of states, where they lead, and names that fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.calls import INSTALLED, Transitions
from stepfunctions.jsonata import expression
from stepfunctions.states import NAME_CHARS, Branch, Catch, Fail, State, Succeed
from stepfunctions.steps import Step


@dataclass(frozen=True)
class MachineContext:
    """What a machine is about: its pipeline, the contracts by `layer.name`, what a run is asked, what was found out.

    Attributes:
        asked: the fields of a request that the plan takes.
        gives: facts that the functions before give.
    """

    pipeline: str
    tables: Mapping[str, Contract]
    asked: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()

    @property
    def known_at_start(self) -> frozenset[str]:
        """What the machine knows before the run is planned, as variables of these names."""
        return frozenset({"run_id", "pipeline", "as_of", *self.asked, *INSTALLED})

    @property
    def facts(self) -> frozenset[str]:
        """What later steps know: what was known before, what functions gave, and the outcome of the load."""
        return self.known_at_start | {*self.gives, "refused"}


@dataclass(frozen=True)
class Exits:
    """Where a block leads: to `after` when it is done, with `{Error, Cause}` to `failed`."""

    after: str
    failed: str

    def ways(self, step: Step, to: str | None = None, seconds: int | None = None) -> Transitions:
        """The ways of a call of a step: to the state `to`, else to `after`."""
        return Transitions(to or self.after, Catch(self.failed), seconds or step.task.timeout_seconds, step.retry)


@dataclass(frozen=True)
class Block:
    """States that belong together, by name; others come in through `entry`."""

    entry: str
    states: dict[str, State]


def named(*words: str) -> str:
    """A state's name; a long one is cut and told apart by a digest.

    >>> named("render", "gold__daily_weather")
    'render gold__daily_weather'
    >>> len(named("check", "x" * 200))
    80
    """
    name = " ".join(words)
    if len(name) <= NAME_CHARS:
        return name
    return f"{name[: NAME_CHARS - 9]}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def merged(machine: str, *parts: Mapping[str, State]) -> dict[str, State]:
    """All states of these parts.

    Raises:
        EmissionInvalid: two states have one name.
    """
    states: dict[str, State] = {}
    for part in parts:
        twice = sorted(states.keys() & part.keys())
        if twice:
            raise EmissionInvalid(machine=machine, problem=f"there are two states `{twice[0]}`")
        states.update(part)
    return states


def ends(name: str) -> Exits:
    """Where a block leads that is a branch of its own."""
    return Exits(after=named("end", name), failed=named("fail", name))


def branch(about: MachineContext, name: str, block: Block) -> Branch:
    """A block that leads to `ends(name)`, with these ends; a failure of it fails what it is a branch of."""
    place = ends(name)
    closing: dict[str, State] = {place.after: Succeed(), place.failed: rethrow()}
    return Branch(block.entry, merged(about.pipeline, block.states, closing))


def rethrow() -> Fail:
    """Fail with the error that comes in; a cause is not always there."""
    cause = '$exists($states.input.Cause) ? $states.input.Cause : "no cause was given"'
    return Fail(expression("$states.input.Error"), expression(cause))
