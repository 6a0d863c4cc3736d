"""Athena is asked once per attempt, waited for or stopped, and its text is read as values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from lakehouse_assets.compute.aws.athena import STATEMENT_BYTES, Athena, Query, Statement, parsed
from lakehouse_assets.errors import CommitConflict, QueryFailed, ServiceUnavailable
from lakehouse_assets_tests.compute.aws.doubles import QUICK, AthenaDouble, refused, use_athena

ASKED = Statement("SELECT 1", "check silver.orders keys_unique", table="ecommerce_gold.daily")


def athena(monkeypatch: pytest.MonkeyPatch, double: AthenaDouble, metered: Any = lambda _: None) -> Athena:
    """The adapter before a double."""
    use_athena(monkeypatch, double)
    return Athena("wg", "run-1", QUICK, metered)


def failed(reason: str, **error: Any) -> dict[str, Any]:
    """The status of a query that has failed."""
    return {"State": "FAILED", "StateChangeReason": reason, **({"AthenaError": error} if error else {})}


def test_values_have_their_types_and_null_stays_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every type of the tables is read; a cell without a value is NULL, one with an empty value an empty text."""
    columns = [
        ("n", "bigint"),
        ("d", "decimal"),
        ("day", "date"),
        ("t", "timestamp"),
        ("z", "timestamp with time zone"),
    ]
    columns += [("l", "array"), ("b", "boolean"), ("f", "double"), ("s", "varchar"), ("e", "varchar")]
    row = [
        "7",
        "12.50",
        "2025-04-01",
        "2025-04-01 06:00:00.5",
        "2025-04-01 06:00:00.000 UTC",
        "[a, b]",
        "true",
        "1.5E0",
    ]
    double = AthenaDouble(answer=lambda _: (columns, [[*row, "a\nb", ""], [None] * 10]))
    first, second = athena(monkeypatch, double).rows(ASKED)
    assert list(first.values()) == [
        7,
        Decimal("12.50"),
        date(2025, 4, 1),
        datetime(2025, 4, 1, 6, 0, 0, 500000),  # noqa: DTZ001 - TIMESTAMP has no zone
        datetime(2025, 4, 1, 6, tzinfo=UTC),
        ["a", "b"],
        True,
        1.5,
        "a\nb",
        "",
    ]
    assert set(second.values()) == {None}


def test_pages_are_fetched_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,500 rows come in pages of 1,000, the first of which has the header; a row that reads like it is a row."""
    rows = [["n"], *([str(number)] for number in range(2499))]
    found = athena(monkeypatch, AthenaDouble(answer=lambda _: ([("n", "varchar")], rows))).result(ASKED)
    assert found.columns == ("n",)
    assert [len(page) for page in found.pages] == [999, 1000, 501]
    lines = athena(monkeypatch, AthenaDouble(answer=lambda _: ([("t", "varchar")], [["a"], ["b"]]), kind="UTILITY"))
    assert lines.rows(ASKED) == [{"t": "a"}, {"t": "b"}]


def test_each_attempt_has_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same statement asked twice is run twice, since tables change; a token has the 32 to 128 characters of AWS."""
    double = AthenaDouble()
    asked = athena(monkeypatch, double)
    asked.run(ASKED), asked.run(ASKED)
    tokens = {request["ClientRequestToken"] for request in double.requests}
    assert len(tokens) == 2
    assert {len(token) for token in tokens} == {64}
    assert double.requests[0] | {"ClientRequestToken": ""} == {
        "QueryString": "SELECT 1",
        "WorkGroup": "wg",
        "ClientRequestToken": "",
    }


def test_what_athena_fails_at_by_itself_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An internal error is tried three times, with a new token each; a wrong statement once, in Athena's own words."""
    system = failed("INTERNAL", ErrorCategory=1, ErrorMessage="GENERIC_INTERNAL_ERROR: lost a worker")
    double = AthenaDouble(system, "RUNNING", "SUCCEEDED")
    assert athena(monkeypatch, double).run(ASKED).id == "q2"
    always = AthenaDouble(system)
    with pytest.raises(
        ServiceUnavailable, match=r"it could not check silver.orders keys_unique: GENERIC_INTERNAL_ERROR"
    ):
        athena(monkeypatch, always).run(ASKED)
    assert len({request["ClientRequestToken"] for request in always.requests}) == 3
    wrong = AthenaDouble(failed("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", ErrorCategory=2))
    with pytest.raises(QueryFailed, match=r"^Athena could not check silver.orders keys_unique: COLUMN_NOT_FOUND.*q1"):
        athena(monkeypatch, wrong).run(ASKED)
    assert len(wrong.requests) == 1


def test_a_lost_commit_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who loses the race for an Iceberg table may try again later; that is what the step's retry is for."""
    double = AthenaDouble(failed("ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table"))
    with pytest.raises(CommitConflict, match=r"ecommerce_gold.daily"):
        athena(monkeypatch, double).run(ASKED)


def test_throttling_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start and looks that are one too many are tried again."""
    many = refused("TooManyRequestsException", "StartQueryExecution")
    double = AthenaDouble(
        "QUEUED", refused("ThrottlingException", "GetQueryExecution"), "SUCCEEDED", starts=[many, "q"]
    )
    assert athena(monkeypatch, double).run(ASKED).id == "q"
    assert len({request["ClientRequestToken"] for request in double.requests}) == 1


def test_a_query_that_nobody_waits_for_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption and a time-out stop it; one that has ended is not stopped."""
    double = AthenaDouble("RUNNING", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        athena(monkeypatch, double).run(ASKED)
    assert double.stopped == ["q1"]
    slow = AthenaDouble("RUNNING")
    with pytest.raises(QueryFailed, match=r"it took longer than 0 s and was stopped \(query q1\)"):
        athena(monkeypatch, slow).run(Statement("SELECT 1", "wait", timeout_seconds=0))
    assert slow.stopped == ["q1"]
    cancelled = AthenaDouble("CANCELLED")
    with pytest.raises(QueryFailed, match="stopped by somebody"):
        athena(monkeypatch, cancelled).run(ASKED)
    assert cancelled.stopped == []


def test_a_statement_that_is_too_long_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is of bytes, not of characters, and the sentence has no SQL in it."""
    double = AthenaDouble()
    fits, long = "x" * STATEMENT_BYTES, "ü" * (STATEMENT_BYTES // 2) + "x"
    athena(monkeypatch, double).run(Statement(fits, "merge"))
    with pytest.raises(
        QueryFailed, match=r"^Athena could not merge: the statement has 262,145 bytes, and Athena takes 262,"
    ):
        athena(monkeypatch, double).run(Statement(long, "merge"))
    assert len(double.requests) == 1


def test_what_was_scanned_is_metered_good_or_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    """A good query is charged ten megabytes at least; one that failed, and DDL, nothing."""
    seen: list[Query] = []
    athena(monkeypatch, AthenaDouble(scanned=20_000_000), seen.append).run(ASKED)
    with pytest.raises(QueryFailed):
        athena(monkeypatch, AthenaDouble(failed("no"), scanned=5), seen.append).run(ASKED)
    athena(monkeypatch, AthenaDouble(scanned=1), seen.append).run(ASKED)
    athena(monkeypatch, AthenaDouble(kind="DDL"), seen.append).run(ASKED)
    assert [query.usage("eu-west-1").billed for query in seen] == [20_000_000, 0, 10 * 1024 * 1024, 0]
    assert parsed({"QueryExecutionId": "q"}).scanned_bytes == 0
