"""Doubles of the clients of Glue and Athena: they answer as AWS does, and note what they are asked.

What they stand for is asked of the emulator, too: `test_on_the_emulator.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lakehouse_assets.compute.aws.waiting import Pace

QUICK = Pace(first=0.001, longest=0.002)
State = str | dict[str, Any] | BaseException


def refused(code: str, operation: str = "StartJobRun", status: int = 400) -> ClientError:
    """The error by which a service refuses an operation."""
    told: Any = {"Error": {"Code": code, "Message": f"{code} it is"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, operation)


class Script:
    """Answers in turn what it was given, and the last of it from then on; what is an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self._left = list(answers)

    def __call__(self) -> Any:
        """Answer, or raise."""
        answer = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class GlueDouble:
    """Glue with one job; each look at a run answers the next of its states.

    Args:
        states: of a run, or a whole answer, or an error.
        starts: what a start answers.
        runs: job runs that are there already.
    """

    def __init__(
        self, *states: State, starts: Sequence[State] = ("jr_1",), runs: Sequence[dict[str, Any]] = ()
    ) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._state, self._start, self.runs = Script(*states), Script(*starts), list(runs)

    def start_job_run(self, **request: Any) -> dict[str, Any]:
        """Start a run."""
        self.asked.append(("start", request))
        return {"JobRunId": self._start()}

    def get_job_run(self, **request: Any) -> dict[str, Any]:
        """Answer the next state of a run."""
        self.asked.append(("look", request))
        state = self._state()
        told = state if isinstance(state, dict) else {"JobRunState": state}
        return {"JobRun": {"Id": request["RunId"], **told}}

    def batch_stop_job_run(self, **request: Any) -> dict[str, Any]:
        """Stop runs."""
        self.asked.append(("stop", request))
        return {"SuccessfulSubmissions": [], "Errors": []}

    def get_paginator(self, name: str) -> GlueDouble:
        """Page through the runs."""
        assert name == "get_job_runs"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        """Answer the runs of a job, newest first, two a page."""
        for start in range(0, len(self.runs), 2):
            yield {"JobRuns": self.runs[start : start + 2]}

    def count(self, what: str) -> int:
        """How often it was asked so."""
        return sum(name == what for name, _ in self.asked)


Cells = Sequence[str | None]


class AthenaDouble:
    """Athena, whose queries go through states and then have rows.

    Args:
        states: of a query, or its whole status, or an error.
        starts: what a start answers; None for ids in turn.
        answer: columns (name, type) and rows of text for a statement.
    """

    def __init__(
        self,
        *states: State,
        starts: Sequence[State] | None = None,
        answer: Callable[[str], tuple[Sequence[tuple[str, str]], Sequence[Cells]]] | None = None,
        scanned: int = 0,
        kind: str = "DML",
    ) -> None:
        ids = (f"q{number}" for number in itertools.count(1))
        self._state = Script(*(states or ("SUCCEEDED",)))
        self._start = Script(*starts) if starts else lambda: next(ids)
        self.answer, self.scanned, self.kind = answer, scanned, kind
        self.started: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.stopped: list[str] = []

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        """Start a query."""
        self.requests.append(request)
        query = self._start()
        self.started[query] = request["QueryString"]
        return {"QueryExecutionId": query}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803 - AWS' name
        """Answer the next state of a query."""
        state = self._state()
        status = state if isinstance(state, dict) else {"State": state}
        used = {"DataScannedInBytes": self.scanned, "TotalExecutionTimeInMillis": 1500}
        told = {"QueryExecutionId": QueryExecutionId, "Status": status, "Statistics": used, "StatementType": self.kind}
        return {"QueryExecution": told}

    def stop_query_execution(self, QueryExecutionId: str) -> None:  # noqa: N803 - AWS' name
        """Stop a query."""
        self.stopped.append(QueryExecutionId)

    def get_paginator(self, name: str) -> AthenaDouble:
        """Page through the rows."""
        assert name == "get_query_results"
        return self

    def paginate(self, QueryExecutionId: str, PaginationConfig: dict[str, int]) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS' names
        """Answer header and rows in pages."""
        assert self.answer is not None
        columns, rows = self.answer(self.started[QueryExecutionId])
        described = [{"Name": name, "Type": kind} for name, kind in columns]
        head: list[Cells] = [[name for name, _ in columns]] if self.kind == "DML" else []
        lines, size = [*head, *rows], PaginationConfig["PageSize"]
        for start in range(0, max(len(lines), 1), size):
            data = [{"Data": [{} if c is None else {"VarCharValue": c} for c in line]} for line in lines[start:][:size]]
            yield {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": described}}}


def use_glue(monkeypatch: pytest.MonkeyPatch, double: GlueDouble) -> GlueDouble:
    """Have the adapter ask the double."""
    monkeypatch.setattr("lakehouse_assets.compute.aws.glue.glue", lambda: double)
    monkeypatch.setattr("lakehouse_assets.compute.aws.glue._starting", lambda: double)
    return double


def use_athena(monkeypatch: pytest.MonkeyPatch, double: AthenaDouble) -> AthenaDouble:
    """Have the adapter ask the double."""
    monkeypatch.setattr("lakehouse_assets.compute.aws.athena._athena", lambda: double)
    return double
