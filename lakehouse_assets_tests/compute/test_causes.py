"""The sentence of a failure is found in whatever a service says of it."""

from __future__ import annotations

import json

import pytest

from lakehouse_assets.compute.causes import SENTENCE_CHARS, cause_of

SQL = "MERGE INTO ecommerce_gold.daily_sales " + "USING (SELECT 1) " * 400
GLUE = {
    "Id": "jr_5c3e",
    "JobName": "Lakehouse",
    "JobRunState": "FAILED",
    "Arguments": {"--run-id": "LeaseHeld-1", "--manifest-uri": "s3://lake/runs/a.json"},
    "ErrorMessage": "RejectRatioExceeded: `clean_orders`: 20 of 60 rows (33.3%) break a rule",
    "ExecutionTime": 31,
}
ATHENA = {
    "QueryExecution": {
        "Query": SQL,
        "QueryExecutionId": "8a1f",
        "Status": {
            "State": "FAILED",
            "StateChangeReason": "TABLE_NOT_FOUND: line 1:15: Table 'user_orders' does not exist",
        },
    }
}
LAMBDA = {
    "errorMessage": "nothing was archived on 2025-04-09",
    "errorType": "BadRequest",
    "requestId": "77",
    "stackTrace": ['  File "/var/task/lambdas/planrun/handler.py", line 1, in handler\n'],
}


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        (
            json.dumps(GLUE),
            "States.TaskFailed",
            ("RejectRatioExceeded", "`clean_orders`: 20 of 60 rows (33.3%) break a rule"),
        ),
        (
            json.dumps(
                GLUE | {"ErrorMessage": "Error Category: UNCLASSIFIED_ERROR; SystemExit: LeaseHeld: it is held"}
            ),
            "States.TaskFailed",
            ("LeaseHeld", "it is held"),
        ),
        (
            json.dumps({"JobRunState": "TIMEOUT"}),
            "States.TaskFailed",
            ("States.TaskFailed", "the job run ended as TIMEOUT"),
        ),
        (
            json.dumps(ATHENA),
            "States.TaskFailed",
            ("States.TaskFailed", "TABLE_NOT_FOUND: line 1:15: Table 'user_orders' does not exist"),
        ),
        (json.dumps(LAMBDA), "BadRequest", ("BadRequest", "nothing was archived on 2025-04-09")),
        ("The state timed out", "States.Timeout", ("States.Timeout", "The state timed out")),
        ("[1, 2]", None, ("Unknown", "[1, 2]")),
        ("", "States.Runtime", ("States.Runtime", "no cause was given")),
        (None, "Lambda.Unknown", ("Lambda.Unknown", "no cause was given")),
    ],
    ids=["glue", "glue's category", "no message", "athena", "lambda", "plain", "no object", "empty", "none"],
)
def test_the_sentence_is_taken_out(text: str | None, name: str | None, found: tuple[str, str]) -> None:
    """With the error's own name where there is one, and the machine's where not."""
    assert cause_of(text, name) == found


def test_a_name_in_the_arguments_is_none() -> None:
    """A run that is called like an error does not make its failure one."""
    assert cause_of(json.dumps(GLUE), "States.TaskFailed")[0] == "RejectRatioExceeded"


@pytest.mark.parametrize("size", [300, 40_000])
def test_what_is_cut_off_says_as_much_as_is_there(size: int) -> None:
    """A cause ends after 32,768 characters: with the reason in it that is found, and without it the query is named."""
    first = {"QueryExecutionId": "8a1f", "Query": "S" * size, "StateChangeReason": 'line 1:15: no "such" table'}
    told = cause_of(json.dumps(first)[:-1][:32_768], "States.TaskFailed")[1]
    if size < 32_768:
        assert told == 'line 1:15: no "such" table'
    else:
        assert told == "the service's answer was too long to hold its reason; look at the query or job `8a1f` itself"


def test_a_sentence_is_never_beyond_limits() -> None:
    """40,000 characters of plain words are cut, on one line."""
    _, told = cause_of("many words\n" * 4_000, None)
    assert len(told) <= SENTENCE_CHARS
    assert "\n" not in told
