"""Build blocks of states for the emitter: where they lead, and names that fit the States Language."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.calls import COMMON, INSTALLED, Transitions
from stepfunctions.jsonata import MOST_CHARS, WHERE, expression, quoted
from stepfunctions.options import Options
from stepfunctions.states import NAME_CHARS, Branch, Catch, Fail, State, Succeed
from stepfunctions.steps import Step


@dataclass(frozen=True)
class MachineContext:
    """Hold what a machine is about: its pipeline, contracts by `layer.name`, a run's request, and facts given so far.

    Attributes:
        job: name of the job, which is the machine's too.
        asked: the fields of a request that the plan takes.
        gives: facts that the functions of earlier levels give.
        asks: what every run of the machine asks, by field of a request.
        options: how machines are emitted.
        patience_seconds: how long a lease or capacity is waited for: as long as a load may take.
        subjects: what a state's name says it is about, by key of the step.
    """

    pipeline: str
    tables: Mapping[str, Contract]
    job: str = ""
    asked: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    asks: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    patience_seconds: int = 1800
    subjects: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_at_start(self) -> frozenset[str]:
        """Return the names of the variables that the machine has before the run is planned."""
        return frozenset({*COMMON, "as_of", "tick", "execution", "engine", *self.asked, *INSTALLED})

    @property
    def facts(self) -> frozenset[str]:
        """Return the names of later steps' variables: those at the start, facts given, the load's outcome."""
        return self.known_at_start | {*self.gives, "refused"}

    def named(self, verb: str, step: Step) -> str:
        """Return a state's name: what it does, and the step where several of the machine are done so."""
        return named(verb, self.subjects.get(step.key, step.key))

    def ways(self, to: str, failed: str, seconds: int = 300) -> Transitions:
        """Return where a call that belongs to no step leads."""
        return Transitions(to, Catch(failed), seconds, patience_seconds=self.patience_seconds)


@dataclass(frozen=True)
class Exits:
    """Name where a block leads: to `after` when it is done, with `{State, Error, Cause}` to `failed`."""

    after: str
    failed: str

    def ways(self, step: Step, about: MachineContext, to: str | None = None, seconds: int | None = None) -> Transitions:
        """Return where a call of a step leads (to the state `to`, else to `after`), its time-out and its retries."""
        to, seconds = to or self.after, seconds or step.task.timeout_seconds
        return Transitions(to, Catch(self.failed), seconds, step.retry, about.patience_seconds)


@dataclass(frozen=True)
class Block:
    """Hold states that belong together, by name; other states lead into the block through `entry`."""

    entry: str
    states: dict[str, State]


def pascal(text: str) -> str:
    """Return words as one name without anything between them.

    >>> pascal("gold__daily_weather"), pascal("export-weather"), pascal("PlanRun")
    ('GoldDailyWeather', 'ExportWeather', 'PlanRun')
    """
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", text))


def named(*words: str) -> str:
    """Return a state's name of these words; cut a name that is too long and tell it apart by a digest.

    >>> named("Merge", "gold__daily_weather")
    'MergeGoldDailyWeather'
    >>> len(named("Ask", "x" * 200))
    80
    """
    name = "".join(pascal(word) for word in words)
    if len(name) <= NAME_CHARS:
        return name
    return f"{name[: NAME_CHARS - 8]}{hashlib.sha256(name.encode()).hexdigest()[:8]}"


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
    return Exits(after=named("End", name), failed=named("Fail", name))


def branch(about: MachineContext, name: str, block: Block, output: object = None) -> Branch:
    """Make a branch of a block that leads to `ends(name)`; its failure fails the state that it is a branch of."""
    place = ends(name)
    closing: dict[str, State] = {place.after: Succeed(output), place.failed: rethrow()}
    return Branch(block.entry, merged(about.pipeline, block.states, closing))


def rethrow() -> Fail:
    """Return a state that fails with the error that comes in, and says in the cause in which state that was."""
    before, after = WHERE.split("{state}")
    where = f"{quoted(before)} & $states.input.State & {quoted(after)}"
    cause = f"$substring({where} & $states.input.Cause, 0, {MOST_CHARS})"
    return Fail(expression("$states.input.Error"), expression(cause))
