"""Build blocks of states for the emitter: where they lead, and names that fit the States Language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.calls import INSTALLED, Transitions
from stepfunctions.jsonata import expression
from stepfunctions.states import NAME_CHARS, Branch, Catch, Fail, State, Succeed
from stepfunctions.steps import Step


@dataclass(frozen=True)
class MachineContext:
    """Hold what a machine is about: its pipeline, contracts by `layer.name`, a run's request, and facts given so far.

    Attributes:
        asked: the fields of a request that the plan takes.
        gives: facts that the functions of earlier levels give.
        asks: what every run of the machine asks, by field of a request.
    """

    pipeline: str
    tables: Mapping[str, Contract]
    asked: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    asks: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_at_start(self) -> frozenset[str]:
        """Return the names of the variables that the machine has before the run is planned."""
        return frozenset({"run_id", "pipeline", "as_of", *self.asked, *INSTALLED})

    @property
    def facts(self) -> frozenset[str]:
        """Return the names of later steps' variables: those at the start, facts given, the load's outcome."""
        return self.known_at_start | {*self.gives, "refused"}


@dataclass(frozen=True)
class Exits:
    """Name where a block leads: to `after` when it is done, with `{Error, Cause}` to `failed`."""

    after: str
    failed: str

    def ways(self, step: Step, to: str | None = None, seconds: int | None = None) -> Transitions:
        """Return where a call of a step leads (to the state `to`, else to `after`), its time-out and its retries."""
        return Transitions(to or self.after, Catch(self.failed), seconds or step.task.timeout_seconds, step.retry)


@dataclass(frozen=True)
class Block:
    """Hold states that belong together, by name; other states lead into the block through `entry`."""

    entry: str
    states: dict[str, State]


def named(*words: str) -> str:
    """Return a state's name of these words; cut a name that is too long and tell it apart by a digest.

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
    """Return all states of these parts, by name.

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
    """Return where a block leads that is a branch of its own: to an end and a failure of the branch."""
    return Exits(after=named("end", name), failed=named("fail", name))


def branch(about: MachineContext, name: str, block: Block) -> Branch:
    """Make a branch of a block that leads to `ends(name)`; its failure fails the state that it is a branch of."""
    place = ends(name)
    closing: dict[str, State] = {place.after: Succeed(), place.failed: rethrow()}
    return Branch(block.entry, merged(about.pipeline, block.states, closing))


def rethrow() -> Fail:
    """Return a state that fails with the error that comes in, and with its cause where there is one."""
    cause = '$exists($states.input.Cause) ? $states.input.Cause : "no cause was given"'
    return Fail(expression("$states.input.Error"), expression(cause))
