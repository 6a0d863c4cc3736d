"""Ask Trino over its HTTP protocol, which gives values as text and says how much was read.

https://trino.io/docs/476/develop/client-protocol.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

SECONDS = 120


class TrinoError(Exception):
    """A statement failed: Trino's name of the error (`TABLE_NOT_FOUND`), its kind (`USER_ERROR`) and its message."""

    def __init__(self, name: str, kind: str, message: str) -> None:
        self.name, self.kind, self.message = name, kind, message
        super().__init__(f"{name}: {message}")


@dataclass
class Answer:
    """What a statement came to: columns as (name, type), rows, and the bytes and milliseconds that Trino measured."""

    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    update: str | None = None
    count: int | None = None
    scanned_bytes: int = 0
    planning_ms: int = 0
    elapsed_ms: int = 0


class Cancelled(Exception):  # noqa: N818 - what happened
    """The statement was given up by whoever asked."""


def ask(url: str, statement: str, database: str, is_over: Callable[[], bool]) -> Answer:
    """Run one statement.

    Args:
        url: the server's.
        statement: in Trino's SQL.
        database: where tables are that are named without one.
        is_over: asked between the parts of the answer; the statement is cancelled when it says so.

    Raises:
        TrinoError: it failed, or the server does not answer.
        Cancelled: it was cancelled.
    """
    headers = {
        "X-Trino-User": "athena",
        "X-Trino-Catalog": "awsdatacatalog",
        "X-Trino-Schema": database,
        "X-Trino-Time-Zone": "UTC",
        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
        "X-Trino-Session": "query_max_run_time=30m",
    }
    answer = Answer()
    part = fetch(Request(f"{url}/v1/statement", data=statement.encode(), headers=headers, method="POST"))  # noqa: S310
    while True:
        take(answer, part)
        if "nextUri" not in part:
            return answer
        if is_over():
            fetch(Request(part["nextUri"], method="DELETE"))  # noqa: S310 - the server's own
            raise Cancelled
        part = fetch(Request(part["nextUri"]))  # noqa: S310 - the server's own


def fetch(request: Request) -> dict[str, Any]:
    """Return one part of an answer.

    Raises:
        TrinoError: the server does not answer.
    """
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - loopback
            content = answer.read()
    except URLError as error:
        raise TrinoError("SERVER_STARTING_UP", "INTERNAL_ERROR", f"Trino does not answer: {error}") from error
    found: dict[str, Any] = json.loads(content) if content else {}
    return found


def take(answer: Answer, part: dict[str, Any]) -> None:
    """Add one part to an answer.

    Raises:
        TrinoError: the part says that the statement failed.
    """
    if failed := part.get("error"):
        raise TrinoError(failed.get("errorName", ""), failed.get("errorType", ""), failed.get("message", ""))
    if "columns" in part:
        answer.columns = [(column["name"], column["type"]) for column in part["columns"]]
    answer.rows += part.get("data") or []
    answer.update, answer.count = part.get("updateType", answer.update), part.get("updateCount", answer.count)
    stats = part.get("stats", {})
    answer.scanned_bytes = stats.get("physicalInputBytes", answer.scanned_bytes)
    answer.planning_ms = stats.get("planningTimeMillis", answer.planning_ms)
    answer.elapsed_ms = stats.get("elapsedTimeMillis", answer.elapsed_ms)
