"""Make the states that run something again when its cause names an error that passes, after a pause.

A failed Glue job and a failed MERGE have one name for every reason, so a Retry cannot tell them apart; a Choice reads
the error's own name out of the cause.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from stepfunctions.causes import one_of, own_name
from stepfunctions.jsonata import STATE, WHY, expression, quoted
from stepfunctions.retries import HELD, transient_names
from stepfunctions.states import Catch, Choice, Rule, State, Wait

FAILED = quoted("States.TaskFailed")
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


@dataclass(frozen=True)
class Again:
    """Name the state that is run again, those that decide and wait, and where it leads when that does not help."""

    name: str
    decide: str
    pause: str
    failed: str

    def catch(self) -> Catch:
        """Return a catch that hands on the failure beside what the state was given, and counts its tries."""
        return Catch(self.decide, expression(f"$merge([$states.input, {KEPT}])"))


def transient_job(again: Again, max_retries: int, patience_seconds: int) -> dict[str, State]:
    """Run a Glue job again after a transient error of ours, and while another run's lease may last."""
    if not max_retries:
        return _decided(again, "false")
    held = max(1, patience_seconds // PAUSE_SECONDS)
    tries = f"$name = {quoted(HELD)} ? {held} : {max_retries}"
    return _decided(again, _one_of(transient_names(), f"$states.input.tries <= ({tries})"))


def transient_query(again: Again, max_retries: int) -> dict[str, State]:
    """Run a MERGE again after an error of which Athena, or its name, says that it passes."""
    if not max_retries:
        return _decided(again, "false")
    passes = r"$contains(" + CAUSE + r', /"Retryable"\s*:\s*true/)'
    return _decided(again, _one_of(ATHENA, f"$states.input.tries <= {max_retries}", passes))


def _one_of(names: Collection[str], tries: str, passes: str = "false") -> str:
    helps = f"($name in {one_of(names)} or {passes}) and {tries}"
    return f"$states.input.Error = {FAILED} ? ($name := {own_name(CAUSE)}; {helps}) : false"


def _decided(again: Again, condition: str) -> dict[str, State]:
    return {
        again.decide: Choice((Rule(expression(condition), again.pause),), default=again.failed),
        again.pause: Wait(PAUSE_SECONDS, again.name),
    }
