"""Declare what a step runs, as data: the one declaration that both runtimes read.

Under Dagster an asset's body hands its task to the services of its run; the emitter turns the same task into a state
of a Step Functions machine. Values in braces are facts, filled in per run: its `{run_id}` and `{pipeline}`, what it is
asked (fields of `core.request.RunRequest`, such as `{as_of}` and `{mode}`), what an installation fixes (`{lake}`,
`{landing}`, `{source_timezone}`), what a machine's plan has chosen to load with (`{engine}`), what a function `gives`,
the key of the list of files that the load `{refused}`, and the `{item}` of a list that a call is for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from string import Formatter
from typing import Any

from lakehouse_assets.compute.reserved_arguments import is_reserved
from lakehouse_assets.core.request import FIELDS
from lakehouse_assets.errors import ContractInvalid

TASK_METADATA = "lakehouse/task"
"""Names the metadata key under which an asset or check carries its task."""
ITEM = "item"
"""Names the fact that is the item of the list which a call is for."""


@dataclass(frozen=True)
class GlueTask:
    """Describe a Glue job run: job name and arguments (`--name` -> text).

    Raises:
        ContractInvalid: an argument has a name that Glue reads itself, so that the job would not get it.
    """

    job: str
    arguments: dict[str, str] = field(default_factory=dict)
    timeout_seconds: int = 1800
    kind: str = "glue"

    def __post_init__(self) -> None:
        reserved = sorted(filter(is_reserved, self.arguments))
        if reserved:
            problem = f"argument `{reserved[0]}` of job `{self.job}` is one of Glue's own; take another name"
            raise ContractInvalid(contract=self.job, problem=problem)


@dataclass(frozen=True)
class FunctionTask:
    """Describe a Lambda call, or one for each item of a list.

    Attributes:
        function: its name.
        payload: of the call.
        repeat: whether it is called again with the answer's token until that says `done`. Such a function keeps its own
            totals, so that its last answer holds them in both runtimes.
        timeout_seconds: of one call.
        gives: names of fields of the answer that are facts for every later task.
        each: the list, a fact in braces, for each item of which the function is called; `{item}` in the payload is it.
        concurrency: how many items are worked on at the same time.

    Raises:
        ContractInvalid: facts are to come of many answers, or nothing would work on the list.
    """

    function: str
    payload: dict[str, Any] = field(default_factory=dict)
    repeat: bool = False
    timeout_seconds: int = 900
    gives: tuple[str, ...] = ()
    each: str = ""
    concurrency: int = 1
    kind: str = "function"

    def __post_init__(self) -> None:
        if self.each and self.gives:
            problem = f"function `{self.function}` is called for each of a list, so no one answer gives facts"
            raise ContractInvalid(contract=self.function, problem=problem)
        if self.concurrency < 1:
            raise ContractInvalid(contract=self.function, problem=f"concurrency is {self.concurrency}, the least is 1")


@dataclass(frozen=True)
class ModelTask:
    """Describe a gold model built by Athena: pipeline and contract name (`gold.daily_weather`)."""

    pipeline: str
    model: str
    timeout_seconds: int = 1800
    kind: str = "model"


@dataclass(frozen=True)
class CheckTask:
    """Describe assertions run by Athena: (contract name, rule code) pairs; a blocking one stops what follows."""

    pipeline: str
    checks: tuple[tuple[str, str], ...]
    timeout_seconds: int = 600
    kind: str = "checks"


Task = GlueTask | FunctionTask | ModelTask | CheckTask


def to_metadata(task: Task) -> dict[str, Any]:
    """Return a task as plain JSON values."""
    return asdict(task)


def from_metadata(data: dict[str, Any]) -> Task:
    """Return the task that `to_metadata` wrote (KeyError for a kind that does not exist)."""
    kinds: dict[str, type[Task]] = {"glue": GlueTask, "function": FunctionTask, "model": ModelTask, "checks": CheckTask}
    values = {**data}
    if "checks" in values:
        values["checks"] = tuple((table, code) for table, code in values["checks"])
    if "gives" in values:
        values["gives"] = tuple(values["gives"])
    return kinds[data["kind"]](**values)


def asked_by(task: FunctionTask) -> tuple[str, ...]:
    """Return the fields of a request that a task takes, in the order in which they are declared.

    >>> asked_by(FunctionTask("PlanRun", {"run_id": "{run_id}", "mode": "{mode}", "as_of": "{as_of}"}))
    ('as_of', 'mode')
    """
    texts = (value for value in task.payload.values() if isinstance(value, str))
    named = {name for text in texts for _, name, _, _ in Formatter().parse(text)}
    return tuple(name for name in FIELDS if name in named)


def request_payload(*fields: str) -> dict[str, str]:
    """Return a payload that hands on these fields of a request, the tick it is for, and whose run of which pipeline.

    >>> request_payload("mode")
    {'run_id': '{run_id}', 'pipeline': '{pipeline}', 'mode': '{mode}', 'tick': '{tick}'}
    """
    return {name: f"{{{name}}}" for name in ("run_id", "pipeline", *fields, "tick")}


def fill(value: Any, facts: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return a task's values with the run's facts in place of the braces; a lone `{name}` keeps the fact's type.

    >>> fill({"--run-id": "{run_id}", "n": "{limit}"}, {"run_id": "r1", "limit": 3})
    {'--run-id': 'r1', 'n': 3}
    """
    if isinstance(value, dict):
        return {key: fill(item, facts) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("{") and value.endswith("}") and value[1:-1] in facts:
        return facts[value[1:-1]]
    return value.format(**facts) if isinstance(value, str) else value
