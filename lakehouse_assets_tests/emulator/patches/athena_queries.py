"""One query of Athena's: its record, how it is carried out on Trino, and its results.

Belongs here: a query that was accepted. Not here: which are accepted (`athena.py`), DDL (`athena_ddl.py`).
"""

# ruff: noqa: SLF001 - MiniStack's state is private to it
from __future__ import annotations

import logging
import os
import time
from typing import Any

from .athena_ddl import Ddl, read
from .athena_reading import NotAthena
from .athena_refusals import refusal
from .athena_results import keep
from .athena_tokens import tokens
from .athena_trino import in_trino, text
from .trino_client import Answer, Cancelled, TrinoError, ask

LOG = logging.getLogger("athena")
TRINO = "TRINO_URL"
TOKENS: dict[Any, tuple[dict[str, Any], str]] = {}
"""Requests by account and token, with the query that each began."""
ROWS = ("SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "(", "TABLE")
CATEGORIES = {"USER_ERROR": 2}


def new_query(asked: dict[str, Any], group: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a query that waits to begin; None when there is no place for its results."""
    from ministack.core.responses import new_uuid

    settings = group.get("Configuration") or {}
    of_group = (settings.get("ResultConfiguration") or {}).get("OutputLocation")
    of_request = (asked.get("ResultConfiguration") or {}).get("OutputLocation")
    place = (
        (of_group or of_request) if settings.get("EnforceWorkGroupConfiguration", True) else (of_request or of_group)
    )
    if not place:
        return None
    identity, context = new_uuid(), asked.get("QueryExecutionContext") or {}
    version = "Athena engine version 3"
    return {
        "QueryExecutionId": identity,
        "Query": asked.get("QueryString", ""),
        "StatementType": kind_of(asked.get("QueryString", "")),
        "ResultConfiguration": {"OutputLocation": f"{place.rstrip('/')}/{identity}.csv"},
        "QueryExecutionContext": {"Catalog": "awsdatacatalog", "Database": "default", **context},
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {},
        "WorkGroup": asked.get("WorkGroup", "primary"),
        "EngineVersion": {"SelectedEngineVersion": version, "EffectiveEngineVersion": version},
        "ExecutionParameters": asked.get("ExecutionParameters") or [],
        "_over": False,
        "_answer": Answer(),
    }


def kind_of(statement: str) -> str:
    """Return the type of a statement as Athena names it.

    >>> kind_of("CREATE DATABASE a"), kind_of("MERGE INTO t"), kind_of("SHOW TABLES")
    ('DDL', 'DML', 'UTILITY')
    """
    words = tokens(statement)
    first = next((word.upper for word in words if word.upper != "("), "")
    if first in ("CREATE", "ALTER", "DROP"):
        return "DDL"
    return "UTILITY" if first in ("SHOW", "DESCRIBE", "DESC", "EXPLAIN") else "DML"


def carry_out(query: dict[str, Any], group: dict[str, Any]) -> None:
    """Run a query and record how it ended, unless it was stopped meanwhile."""
    begun, status = time.time(), query["Status"]
    if status["State"] == "QUEUED":
        status["State"] = "RUNNING"
    error: dict[str, Any] = {}
    try:
        query["_answer"] = answered(query)
        state, reason = within(query["_answer"], group)
        if state == "SUCCEEDED":
            keep(query)
    except Cancelled:
        return
    except (NotAthena, TrinoError) as failed:
        state, reason = "FAILED", str(failed)
        category = CATEGORIES.get(failed.kind, 1) if isinstance(failed, TrinoError) else CATEGORIES["USER_ERROR"]
        error = {"AthenaError": {"ErrorCategory": category, "Retryable": False, "ErrorMessage": reason}}
    except Exception as failed:
        # The emulator's own fault, which would leave the query running for ever.
        LOG.exception("query %s", query["QueryExecutionId"])
        state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {type(failed).__name__}: {failed}"
        error = {"AthenaError": {"ErrorCategory": 1, "Retryable": False, "ErrorMessage": reason}}
    query["Statistics"] = statistics(query["_answer"], time.time() - begun)
    if status["State"] == "RUNNING":
        status.update(error, CompletionDateTime=time.time(), State=state)
        if reason:
            status["StateChangeReason"] = reason


def answered(query: dict[str, Any]) -> Answer:
    """Return what a query comes to.

    Raises:
        NotAthena: Athena would refuse it.
        TrinoError: it failed.
        Cancelled: it was stopped.
    """
    statement, database = query["Query"], query["QueryExecutionContext"]["Database"]
    if query["StatementType"] == "DDL" and not is_view(statement):
        return declared(read(statement), database, query)
    if why := refusal(statement, lambda name: is_delta(name, database)):
        raise NotAthena(why)
    if query["ExecutionParameters"]:
        statement = f"EXECUTE IMMEDIATE {text(statement)} USING {', '.join(query['ExecutionParameters'])}"
    answer = asked_of_trino(statement.strip().rstrip(";"), database, query)
    first = next(iter(tokens(statement)), None)
    if answer.update and not (first and first.upper in ROWS):
        answer.columns, answer.rows = [], []
    return answer


def asked_of_trino(statement: str, database: str, query: dict[str, Any]) -> Answer:
    """Ask Trino for one statement of a query."""
    if not os.environ.get(TRINO):
        raise TrinoError("SERVER_STARTING_UP", "INTERNAL_ERROR", "no Trino stands behind this emulator's Athena")
    return ask(os.environ[TRINO], statement, database, lambda: query["_over"])


def is_view(statement: str) -> bool:
    """Say whether a statement is about a view, whose DDL is that of queries."""
    return "VIEW" in [word.upper for word in tokens(statement)[:4]]


def declared(ddl: Ddl, database: str, query: dict[str, Any]) -> Answer:
    """Do what a DDL statement asks for: databases in Glue, tables by Trino.

    Raises:
        NotAthena: what is to be made is there, or what is to be dropped is not.
    """
    from ministack.services import glue

    if "database" in ddl.verb:
        in_glue(ddl)
        return Answer()
    schema, table = ddl.name if len(ddl.name) == 2 else (database, *ddl.name)
    if schema not in glue._databases:
        raise NotAthena(f"SCHEMA_NOT_FOUND: Schema '{schema}' does not exist")
    if ddl.verb.startswith("create") and f"{schema}/{table}" in glue._tables:
        if ddl.if_exists:
            return Answer()
        raise NotAthena(f"TABLE_ALREADY_EXISTS: Table '{schema}.{table}' already exists")
    for statement in in_trino(ddl, database):
        asked_of_trino(statement, database, query)
    return Answer()


def in_glue(ddl: Ddl) -> None:
    """Make or drop a database.

    Raises:
        NotAthena: it is there already, or not there.
    """
    from ministack.services import glue

    (name,) = ddl.name
    is_there, makes = name in glue._databases, ddl.verb == "create database"
    if is_there == makes:
        if ddl.if_exists:
            return
        raise NotAthena(f"FAILED: Database {name} {'already exists' if makes else 'does not exist'}")
    if makes:
        place = {"LocationUri": ddl.location} if ddl.location else {}
        glue._create_database({"DatabaseInput": {"Name": name, **place}})
    else:
        glue._delete_database({"Name": name})


def is_delta(name: tuple[str, ...], database: str) -> bool:
    """Say whether a table is Delta, by what the catalog says of it."""
    from ministack.services import glue

    key = "/".join(name[-2:] if len(name) > 1 else (database, *name))
    said = (glue._tables.get(key) or {}).get("Parameters") or {}
    kinds = {
        str(value).lower() for key, value in said.items() if key.lower() in ("table_type", "spark.sql.sources.provider")
    }
    return "delta" in kinds


def within(answer: Answer, group: dict[str, Any]) -> tuple[str, str]:
    """Return state and reason of a query that came to an end, by how much its workgroup lets it read."""
    # A template's number arrives as text.
    limit = int((group.get("Configuration") or {}).get("BytesScannedCutoffPerQuery") or 0)
    if limit and answer.scanned_bytes > limit:
        return "CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded"
    return "SUCCEEDED", ""


def statistics(answer: Answer, seconds: float) -> dict[str, Any]:
    """Return the figures of a query: Trino's, and how long the whole took."""
    total = round(seconds * 1000)
    return {
        "EngineExecutionTimeInMillis": min(answer.elapsed_ms, total),
        "DataScannedInBytes": answer.scanned_bytes,
        "TotalExecutionTimeInMillis": total,
        "QueryQueueTimeInMillis": 0,
        "QueryPlanningTimeInMillis": min(answer.planning_ms, total),
        "ServiceProcessingTimeInMillis": 0,
    }
