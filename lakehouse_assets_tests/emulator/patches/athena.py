"""Run Athena's queries on Trino: what MiniStack hands to DuckDB, with results, limits and errors as Athena has them.

MiniStack runs the text on DuckDB, whose SQL is another one and which sees tables that Athena would not; it makes up the
bytes that were read, knows no request tokens, and does not end a query that is stopped.
https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import contextvars
import threading
import time
from typing import Any

from .athena_queries import TOKENS, carry_out, new_query
from .athena_results import results

LONGEST_QUERY = 262_144
"""Bytes: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"""
SHORTEST_TOKEN = 32
OVER = ("SUCCEEDED", "FAILED", "CANCELLED")


def athena_on_trino() -> None:
    """Replace how queries are started, stopped, forgotten and their results read."""
    from ministack.services import athena

    reset = athena.reset

    def all_reset() -> None:
        TOKENS.clear()
        for query in athena._executions.values():
            query["_over"] = True
        reset()

    athena._start_query_execution, athena._stop_query_execution = start, stop
    athena._get_query_results, athena.reset = results, all_reset


def start(asked: dict[str, Any]) -> Any:
    """Answer StartQueryExecution; the same token with the same request starts nothing."""
    from ministack.core.responses import get_account_id, json_response
    from ministack.services import athena

    group = athena._workgroups.get(asked.get("WorkGroup", "primary"))
    wrong = refused(asked, group)
    if wrong:
        return invalid(wrong)
    token = (get_account_id(), asked.get("ClientRequestToken") or object())
    request = {name: value for name, value in asked.items() if name != "ClientRequestToken"}
    if token in TOKENS:
        before, identity = TOKENS[token]
        if before != request:
            return invalid("Idempotent parameters do not match")
        return json_response({"QueryExecutionId": identity})
    query = new_query(asked, group or {})
    if query is None:
        said = "No output location provided. An output location is required either through the Workgroup result "
        return invalid(said + "configuration setting or as an API input.")
    TOKENS[token] = (request, query["QueryExecutionId"])
    athena._executions[query["QueryExecutionId"]] = query
    work = contextvars.copy_context().run
    threading.Thread(target=work, args=(carry_out, query, group or {}), daemon=True).start()
    return json_response({"QueryExecutionId": query["QueryExecutionId"]})


def refused(asked: dict[str, Any], group: Any) -> str | None:
    """Return why a query is refused before it begins; None when it is not."""
    if group is None:
        return f"WorkGroup {asked.get('WorkGroup')} is not found."
    if group.get("State") == "DISABLED":
        return f"WorkGroup {asked.get('WorkGroup')} is disabled."
    if len(asked.get("QueryString", "").encode()) > LONGEST_QUERY:
        said = "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
        return f"{said}Member must have length less than or equal to {LONGEST_QUERY}"
    if asked.get("ClientRequestToken") and len(asked["ClientRequestToken"]) < SHORTEST_TOKEN:
        said = "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: "
        return f"{said}Member must have length greater than or equal to {SHORTEST_TOKEN}"
    return None


def invalid(message: str) -> Any:
    """Return Athena's answer to a request that it refuses."""
    from ministack.core.responses import error_response_json

    return error_response_json("InvalidRequestException", message, 400)


def stop(asked: dict[str, Any]) -> Any:
    """Answer StopQueryExecution: Trino is told to end it, too."""
    from ministack.core.responses import json_response
    from ministack.services import athena

    query = athena._executions.get(asked.get("QueryExecutionId"))
    if query is None:
        return invalid(f"QueryExecution {asked.get('QueryExecutionId')} was not found")
    if query["Status"]["State"] not in OVER:
        query["_over"] = True
        query["Status"].update(
            State="CANCELLED", StateChangeReason="Query was cancelled by user", CompletionDateTime=time.time()
        )
    return json_response({})
