"""Make the states that run something again when its cause names an error that passes, after a pause.

A failed Glue job and a failed MERGE have one name for every reason, so a Retry cannot tell them apart; a Choice reads
the error's own name out of the cause.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from stepfunctions import calls
from stepfunctions.calls import Transitions
from stepfunctions.causes import TASK_FAILED, TEXT, one_of, own_name
from stepfunctions.jsonata import INPUT, MOST_CHARS, NO_CAUSE, STATE, WHY, expression, quoted
from stepfunctions.retries import HELD, transient_names
from stepfunctions.states import Catch, Choice, Rule, State, Wait

FAILED = quoted(TASK_FAILED)
PAUSE_SECONDS = 60
"""Pause before something is run again; what holds it up, such as another run's commit, lasts about that long."""
ATHENA = frozenset(
    {"GENERIC_INTERNAL_ERROR", "ICEBERG_COMMIT_ERROR", "INTERNAL_ERROR_QUERY_ENGINE", "NO_NODES_AVAILABLE"}
    | {"PAGE_TRANSPORT_ERROR", "PAGE_TRANSPORT_TIMEOUT", "REMOTE_TASK_ERROR", "TOO_MANY_REQUESTS_FAILED"}
)
"""Names with which the reason of a query begins that may succeed a little later, such as a lost race for a commit: of
Trino's `StandardErrorCode` and `IcebergErrorCode`, and of Athena's own internal error."""
CAUSE = "$states.input.Cause"
KEPT = f'{{"State": "{STATE}", "Error": $states.errorOutput.Error, "Cause": {WHY}, "tries": $states.input.tries + 1}}'
"""JSONata for what a failure adds to the input of the state that has failed."""

QUERY = rf'$match({CAUSE}, /^.{{0,200}}"QueryExecutionId"\s*:\s*"([A-Za-z0-9-]+)"/)[0].groups[0]'
"""JSONata for the id of the query in a cause that begins with it; no value where there is none."""
_HANDED_ON = MOST_CHARS - 200
"""Says how much of a cause a failure hands on for certain; what it puts before it has the name of a state."""
HAS_REASON = rf'$contains($substring({CAUSE}, 0, {_HANDED_ON}), /"StateChangeReason"\s*:\s*{TEXT}/)'
"""JSONata for whether the whole reason will be handed on."""
_STATUS = "$states.result.QueryExecution.Status"
_REASON = f"$exists({_STATUS}.StateChangeReason) ? $substring({_STATUS}.StateChangeReason, 0, {MOST_CHARS})"
ANSWERED = (
    f'$string({{"Retryable": {_STATUS}.AthenaError.Retryable = true, "StateChangeReason": {_REASON} : "{NO_CAUSE}"}})'
)
"""JSONata for a cause that is made of what Athena answers of a query."""


@dataclass(frozen=True)
class Again:
    """Name the state that is run again, those that decide and wait, and where it leads when that does not help.

    Attributes:
        ask: the state that asks for the reason of a failed query, for those that are queries.
    """

    name: str
    decide: str
    pause: str
    failed: str
    ask: str = ""

    def catch(self) -> Catch:
        """Return a catch that hands on the failure beside what the state was given, and counts its tries."""
        return Catch(self.decide, expression(f"$merge([$states.input, {KEPT}])"))


def transient_job(again: Again, max_retries: int, patience_seconds: int) -> dict[str, State]:
    """Run a Glue job again after a transient error of ours, and while another run's lease may last."""
    held = max(1, patience_seconds // PAUSE_SECONDS)
    tries = f"$name = {quoted(HELD)} ? {held} : {max_retries}"
    helps = _one_of(transient_names(), f"$states.input.tries <= ({tries})") if max_retries else "false"
    return _decided(again, Rule(expression(helps), again.pause))


def transient_query(again: Again, max_retries: int, patience_seconds: int) -> dict[str, State]:
    """Run a MERGE again after an error of which Athena, or its name, says that it passes.

    A cause holds the SQL before the reason, and a long SQL pushes the reason out of it. Then Athena is asked for it;
    where that fails as well, the failure is told as it is.
    """
    passes = rf'$contains({CAUSE}, /"Retryable"\s*:\s*true/)'
    helps = _one_of(ATHENA, f"$states.input.tries <= {max_retries}", passes) if max_retries else "false"
    cut_off = f"$states.input.Error = {FAILED} and $exists({QUERY}) and $not({HAS_REASON})"
    ways = Transitions(again.decide, Catch(again.failed, INPUT), patience_seconds=patience_seconds)
    answered = expression(f'$merge([$states.input, {{"Cause": {ANSWERED}}}])')
    rules = Rule(expression(cut_off), again.ask), Rule(expression(helps), again.pause)
    return {again.ask: calls.execution(QUERY, ways, answered), **_decided(again, *rules)}


def _one_of(names: Collection[str], tries: str, passes: str = "false") -> str:
    helps = f"($name in {one_of(names)} or {passes}) and {tries}"
    return f"$states.input.Error = {FAILED} ? ($name := {own_name(CAUSE)}; {helps}) : false"


def _decided(again: Again, *rules: Rule) -> dict[str, State]:
    return {again.decide: Choice(rules, default=again.failed), again.pause: Wait(PAUSE_SECONDS, again.name)}
