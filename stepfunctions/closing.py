"""Make the last states: every end is recorded, told once, and only then an end.

    succeeded:      RecordSuccess -> IsSuccessNews -> PublishSuccessNotification -> Succeeded
    nothing to do:  RecordNothingToDo -> NothingToDo
    any failure:    RecordFailure -> IsFailureNews -> PublishFailureNotification -> Failed
                         └──── ComposeFailureMessage ────┘          └ FailedUntold

What people were told before, the same cause or the same warnings, is recorded and not published again: `RecordRun`
decides that, and answers the kind `repeated`. Whoever watches over executions (`EndRun`) tells of a failure that nobody
was told of: `Failed` says in its cause that somebody was, with `TOLD` before it, and `FailedUntold` does not.
"""

from __future__ import annotations

from typing import Any

from lakehouse_assets.compute.alerts import REPEATED
from stepfunctions import calls
from stepfunctions.builder import Exits, MachineContext
from stepfunctions.causes import ended_as, sentence
from stepfunctions.jsonata import MOST_CHARS, expression, quoted
from stepfunctions.states import Catch, Choice, Fail, Pass, Rule, State, Succeed, Task

TOLD = "told: "
SUCCESS, FAILURE, NOTHING = "RecordSuccess", "RecordFailure", "RecordNothingToDo"
CLOSING = Exits(after=SUCCESS, failed=FAILURE)
ANSWERED = ("subject", "message", "kind")
FAILED = ("State", "Error", "Cause")
RECORD_SECONDS = 300
MESSAGE_CHARS = 2_000
"""Limits the cause in a message that the machine makes by itself."""


def closing(about: MachineContext) -> dict[str, State]:
    """Make the ends of a machine, and what leads to them."""
    done, compose, tell, tell_failure = (
        "Succeeded",
        "ComposeFailureMessage",
        "PublishSuccessNotification",
        "PublishFailureNotification",
    )
    is_news, is_failure_news = "IsSuccessNews", "IsFailureNews"
    failure = {name: expression(f"$states.input.{name}") for name in FAILED}
    untold = Catch(compose, expression('$merge([$states.input, {"Recording": $states.errorOutput}])'))
    refused = Catch("FailedUntold", expression('$merge([$states.input, {"Refused": $states.errorOutput}])'))
    return {
        SUCCESS: _record(about, "succeeded", is_news, Catch(FAILURE), _answer()),
        is_news: _unless_repeated(done, tell),
        tell: calls.publish(about.ways(done, "FailedUntold")),
        done: Succeed({"run_id": expression("$run_id"), "status": "succeeded"}),
        NOTHING: _record(about, "nothing_to_do", "NothingToDo", Catch(FAILURE), _answer()),
        "NothingToDo": Succeed({"run_id": expression("$run_id"), "status": "nothing_to_do"}),
        FAILURE: _record(about, "failed", is_failure_news, untold, failure | _answer(), failure),
        is_failure_news: _unless_repeated("Failed", tell_failure),
        compose: Pass(tell_failure, failure | _message(about)),
        tell_failure: calls.publish(calls.Transitions("Failed", refused, patience_seconds=about.patience_seconds)),
        "Failed": _fail(TOLD),
        "FailedUntold": _fail(""),
    }


def _unless_repeated(known: str, news: str) -> Choice:
    return Choice((Rule(expression(f"$states.input.kind = {quoted(REPEATED)}"), known),), default=news)


def _record(
    about: MachineContext,
    outcome: str,
    to: str,
    catch: Catch,
    output: dict[str, Any],
    failure: Any = None,  # noqa: ANN401 - JSON
) -> Task:
    known = {name: expression(f"${name}") for name in ("execution", "link")}
    known |= {"started_at": expression("$states.context.Execution.StartTime")}
    ways = calls.Transitions(to, catch, RECORD_SECONDS, patience_seconds=about.patience_seconds)
    return calls.function("RecordRun", known | {"outcome": outcome, "failure": failure}, ways, output)


def _answer() -> dict[str, str]:
    return {name: expression(f"$states.result.Payload.{name}") for name in ANSWERED}


def _message(about: MachineContext) -> dict[str, str]:
    """Return JSONata for a message of the machine's own, for a failure that could not even be recorded."""
    where = "$states.input.State"
    subject = f"$substring({quoted(f'{about.job}: run failed in ')} & {where}, 0, 100)"
    cause = f'$states.input.Error & ": " & $substring({sentence("$states.input.Cause")}, 0, {MESSAGE_CHARS})'
    recording = "$states.input.Recording.Error"
    lines = [
        f'{quoted(f"The run of {about.job} failed in ")} & {where} & ": " & {cause}',
        f"{quoted('Nor could it be recorded: ')} & {recording}",
        f"{quoted('Run: ')} & $run_id",
        "$link",
    ]
    return {
        "kind": "run_failed",
        "subject": expression(subject),
        "message": expression(f" & {quoted(chr(10))} & ".join(lines)),
    }


def _fail(before: str) -> Fail:
    cause = f'{quoted(before + "in ")} & $states.input.State & ": " & $states.input.Cause'
    return Fail(
        expression(ended_as("$states.input.Error", "$states.input.Cause")),
        expression(f"$substring({cause}, 0, {MOST_CHARS})"),
    )
