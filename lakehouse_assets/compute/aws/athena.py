"""Ask Athena: start a statement, look until it has ended, stop it when nobody waits any more, read its rows.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lakehouse_assets.compute.aws.athena_values import columns_of, rows_of
from lakehouse_assets.compute.aws.waiting import Pace, patiently, rest, stopped_unless_ended
from lakehouse_assets.compute.costs import Usage, query_usage
from lakehouse_assets.core.shown import clipped
from lakehouse_assets.errors import CommitConflict, LakehouseError, QueryFailed, ServiceUnavailable, TableMissing
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.service_errors import answering

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

STATEMENT_BYTES = 262_144
"""The longest statement: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"""
GOING_ON = frozenset({"QUEUED", "RUNNING"})
GOOD = "SUCCEEDED"
PAGE_ROWS = 1000
TRIES = 3
"""How often a statement is run that Athena failed at by itself."""
REASON_CHARS = 500
LOST_RACE = "ICEBERG_COMMIT_ERROR"
NO_TABLE = re.compile(r"Table '(?:awsdatacatalog\.)?(?P<table>[^']+)' does not exist")
BY_ITSELF = 1
"""The category of errors that are Athena's own, of which it says too whether trying again may help."""


@dataclass(frozen=True)
class Statement:
    """Say what is asked.

    Attributes:
        sql: one statement in Athena's own SQL.
        what: what is done with it, in words that follow `Athena could not`, such as `check silver.x keys_unique`.
        timeout_seconds: after which it is stopped.
        table: the table that it is for; empty for none.
    """

    sql: str
    what: str
    timeout_seconds: int = 600
    table: str = ""


@dataclass(frozen=True)
class Query:
    """Hold what Athena says of a statement that it runs or has run.

    Attributes:
        id: its name at Athena.
        state: as Athena names it.
        kind: `DML` of SELECT and MERGE, else `DDL` or `UTILITY`.
        reason: why it failed.
        helps: whether trying again may help, as Athena says.
        scanned_bytes: what it has read.
        seconds: how long it took, queueing included.
    """

    id: str
    state: str
    kind: str = "DML"
    reason: str = ""
    helps: bool = False
    scanned_bytes: int = 0
    seconds: float = 0.0

    def usage(self, region: str, table: str = "", check: str = "") -> Usage:
        """Return what is charged for: what fails, and what is no DML, is free."""
        is_free = self.kind != "DML" or self.state == "FAILED"
        return query_usage(self.scanned_bytes, region, table, check, is_free=is_free)


Page = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Result:
    """Hold the rows of a query: names of the columns, and pages that are fetched as they are read."""

    query: Query
    columns: tuple[str, ...]
    pages: Iterator[Page]


def request_of(asked: Statement, workgroup: str, token: str) -> dict[str, Any]:
    """Return what StartQueryExecution takes.

    Raises:
        QueryFailed: the statement is longer than Athena takes.
    """
    size = len(asked.sql.encode())
    if size > STATEMENT_BYTES:
        problem = f"the statement has {size:,} bytes, and Athena takes {STATEMENT_BYTES:,}"
        raise QueryFailed(what=asked.what, problem=problem)
    return {"QueryString": asked.sql, "WorkGroup": workgroup, "ClientRequestToken": token}


def token_of(run_id: str, sql: str, attempt: str) -> str:
    """Return the token of one attempt at one statement: Athena answers the same token with the same query.

    So a request that botocore sends twice, as its answer got lost, runs once; and another attempt runs anew, which
    the token of a query that has failed, or of one that was asked before the tables changed, would not.
    """
    return hashlib.sha256(f"{run_id}\0{sql}\0{attempt}".encode()).hexdigest()


def parsed(told: Mapping[str, Any]) -> Query:
    """Return a query as GetQueryExecution told it."""
    status, used = told.get("Status", {}), told.get("Statistics", {})
    error = status.get("AthenaError", {})
    return Query(
        id=str(told["QueryExecutionId"]),
        state=str(status.get("State", "")),
        kind=str(told.get("StatementType") or "DML"),
        reason=str(error.get("ErrorMessage") or status.get("StateChangeReason") or ""),
        helps=bool(error.get("Retryable")) or error.get("ErrorCategory") == BY_ITSELF,
        scanned_bytes=int(used.get("DataScannedInBytes") or 0),
        seconds=float(used.get("TotalExecutionTimeInMillis") or 0) / 1000,
    )


def error_of(asked: Statement, ended: Query) -> LakehouseError:
    """Return the error that a query has ended with, in Athena's own words."""
    if ended.state == "CANCELLED":
        why = f"it was stopped: {ended.reason}" if ended.reason else "it was stopped by somebody"
        return QueryFailed(what=asked.what, problem=f"{why} (query {ended.id})")
    said = f"{clipped(' '.join(ended.reason.split()), REASON_CHARS)} (query {ended.id})"
    if absent := NO_TABLE.search(ended.reason):
        return TableMissing(table=absent["table"])
    if LOST_RACE in ended.reason:
        return CommitConflict(table=asked.table or asked.what)
    if ended.helps:
        return ServiceUnavailable(service="Athena", problem=f"it could not {asked.what}: {said}")
    return QueryFailed(what=asked.what, problem=said)


class Athena:
    """Run statements in one workgroup, for one run.

    Args:
        workgroup: which says where results lie and how much may be scanned.
        run_id: the run that they belong to.
        pace: how often is looked at what goes on.
        metered: is told of every query that has ended, good or bad.
    """

    def __init__(
        self,
        workgroup: str,
        run_id: str,
        pace: Pace | None = None,
        metered: Callable[[Query], object] = lambda _: None,
    ) -> None:
        self.workgroup, self.run_id, self.metered = workgroup, run_id, metered
        self.pace = pace or Pace(first=0.3)
        self._opened, self._asked = uuid4().hex, 0

    def run(self, asked: Statement) -> Query:
        """Run a statement to its good end; what Athena fails at by itself is run again, since nothing was changed.

        Raises:
            QueryFailed: Athena does not take it, or it took too long, or somebody stopped it.
            CommitConflict: another commit reached the table first.
            ServiceUnavailable, AccessDenied, ServiceRefused: Athena cannot be asked.
        """
        for attempt in range(1, TRIES + 1):
            query = self._once(asked)
            if query.state == GOOD:
                return query
            error = error_of(asked, query)
            if not isinstance(error, ServiceUnavailable) or attempt == TRIES:
                raise error
            rest(next(self.pace.pauses()) * attempt)
        raise AssertionError  # the last attempt has returned or raised

    def result(self, asked: Statement) -> Result:
        """Run a statement and return its rows, page by page.

        Raises:
            LakehouseError: as `run`.
        """
        query = self.run(asked)
        pages = self._pages(query)
        first = next(pages, {})
        columns = columns_of(first)
        types = [kind for _, kind in columns]
        # Of what is no query, such as SHOW TABLES, Athena answers lines of text without a header.
        head = 1 if query.kind == "DML" else 0

        def read() -> Iterator[Page]:
            yield rows_of(first, types, skip=head)
            for page in pages:
                yield rows_of(page, types)

        return Result(query, tuple(name for name, _ in columns), read())

    def rows(self, asked: Statement) -> list[dict[str, Any]]:
        """Run a statement that answers few rows, and return them by the names of their columns.

        Raises:
            LakehouseError: as `run`.
        """
        found = self.result(asked)
        return [dict(zip(found.columns, row, strict=True)) for page in found.pages for row in page]

    def _once(self, asked: Statement) -> Query:
        """Run a statement to its end, good or bad."""
        deadline = time.monotonic() + asked.timeout_seconds
        self._asked += 1
        request = request_of(asked, self.workgroup, token_of(self.run_id, asked.sql, f"{self._opened} {self._asked}"))

        def start() -> str:
            with answering("athena", f"workgroup `{self.workgroup}`"):
                return str(_athena().start_query_execution(**request)["QueryExecutionId"])

        query_id = patiently(start, self.pace, deadline, lambda _: False)
        with stopped_unless_ended(lambda: self._stop(query_id)) as ended:
            query = self._ended(asked, query_id, deadline)
            ended()
        self.metered(query)
        return query

    def _ended(self, asked: Statement, query_id: str, deadline: float) -> Query:
        for pause in self.pace.pauses():
            query = patiently(lambda: self._look(query_id), self.pace, deadline, lambda _: False)
            if query.state not in GOING_ON:
                return query
            if time.monotonic() > deadline:
                problem = f"it took longer than {asked.timeout_seconds} s and was stopped (query {query_id})"
                raise QueryFailed(what=asked.what, problem=problem)
            rest(pause)
        raise AssertionError  # pauses never end

    def _look(self, query_id: str) -> Query:
        with answering("athena", "Athena"):
            return parsed(_athena().get_query_execution(QueryExecutionId=query_id)["QueryExecution"])

    def _stop(self, query_id: str) -> None:
        with answering("athena", "Athena"):
            _athena().stop_query_execution(QueryExecutionId=query_id)

    def _pages(self, query: Query) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a query's rows; each is fetched when it is asked for."""
        pages = _athena().get_paginator("get_query_results")
        found = iter(pages.paginate(QueryExecutionId=query.id, PaginationConfig={"PageSize": PAGE_ROWS}))
        while True:
            with answering("athena", "Athena"):
                page = next(found, None)
            if page is None:
                return
            yield page["ResultSet"]


def _athena() -> AthenaClient:
    made: AthenaClient = client_of("athena")
    return made
