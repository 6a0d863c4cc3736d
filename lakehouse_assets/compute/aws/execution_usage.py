"""Work out what an execution of a machine has used from its history, where each service says what it did.

Queries that are checks are left out: their step has kept what each of them scanned, by table and check. What comes
after the history was read, the last two transitions, is added.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from lakehouse_assets.compute.aws import athena, glue
from lakehouse_assets.compute.costs import Usage, function_usage, query_usage
from lakehouse_assets.compute.judged import judged_checks
from lakehouse_assets.compute.reports import LOAD, model_piece
from lakehouse_assets.compute.usage import replace_usage
from lakehouse_assets.storage.aws import client_of, region
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets.storage.service_errors import answering

MACHINE, CHECKS, FUNCTIONS = "machine", "checks", "functions"
"""Name the steps under which transitions, queries of checks and calls of functions are kept."""
SMALL_LOAD = "LoadSmallBatch"
"""Names the function that loads in the place of a Glue job, so that what both cost is seen side by side."""
STILL_TO_COME = 2
MERGE = re.compile(r"MERGE INTO \S*?(?P<table>\w+)\s")
Event = Mapping[str, Any]
Memory = Callable[[str], int]
"""Returns the memory of a function [MB] by its name."""


def keep_execution_usage(folder: RunFolder, arn: str) -> None:
    """Keep what an execution has used in the run's folder, in place of what was kept of it before.

    Raises:
        ServiceUnavailable, AccessDenied, ServiceRefused: its history cannot be read.
    """
    here, sizes = region(), dict[str, int]()

    def memory(name: str) -> int:
        if name not in sizes:
            with answering("lambda", f"function `{name}`"):
                sizes[name] = client_of("lambda").get_function_configuration(FunctionName=name)["MemorySize"]
        return sizes[name]

    found = usages_of(history(arn), memory, here)
    found[CHECKS] = [query_usage(c.scanned_bytes or 0, here, c.table, c.check) for c in judged_checks(folder)]
    for step, usages in found.items():
        replace_usage(folder, step, usages)


def history(arn: str) -> Iterator[Event]:
    """Yield the events of an execution, in order."""
    pages = client_of("stepfunctions").get_paginator("get_execution_history")
    with answering("states", f"execution `{arn}`"):
        for page in pages.paginate(executionArn=arn):
            yield from page["events"]


def usages_of(events: Iterable[Event], memory: Memory, region: str) -> dict[str, list[Usage]]:
    """Return what an execution has used, by step.

    Args:
        events: of its history.
        memory: of the functions that it calls.
        region: where it runs.
    """
    found: dict[str, list[Usage]] = {}
    entered, waiting = STILL_TO_COME, dict[int, tuple[str, datetime]]()
    for event in events:
        kind = str(event["type"])
        entered += kind.endswith("StateEntered")
        if kind in {"TaskScheduled", "TaskStarted", "TaskSubmitted"}:
            _follow(event, waiting)
        elif kind in {"TaskSucceeded", "TaskFailed", "TaskTimedOut"}:
            begun = waiting.pop(event.get("previousEventId", 0), None)
            for step, usage in _ended(event, begun, memory, region):
                found.setdefault(step, []).append(usage)
    found[MACHINE] = [Usage("transitions", entered, entered, region)]
    return found


def _follow(event: Event, waiting: dict[int, tuple[str, datetime]]) -> None:
    """Note under the newest event of a task which function it calls and when it began."""
    told = event.get("taskScheduledEventDetails")
    if told is not None:
        asked = json.loads(told.get("parameters") or "{}")
        waiting[event["id"]] = str(asked.get("FunctionName", "")), event["timestamp"]
    elif (known := waiting.pop(event.get("previousEventId", 0), None)) is not None:
        waiting[event["id"]] = known[0], event["timestamp"] if event["type"] == "TaskStarted" else known[1]


def _ended(
    event: Event, begun: tuple[str, datetime] | None, memory: Memory, region: str
) -> Iterator[tuple[str, Usage]]:
    """Yield what one task has used, with the step that it belongs to."""
    told: Event = next((event[name] for name in event if name.endswith("EventDetails")), {})
    answer = _json(told.get("output") or told.get("cause") or "")
    service = told.get("resourceType")
    if service == "lambda" and begun is not None and begun[0]:
        seconds = (event["timestamp"] - begun[1]).total_seconds()
        step = LOAD if begun[0].endswith(SMALL_LOAD) else FUNCTIONS
        for usage in function_usage(seconds, memory(begun[0]), region):
            yield step, usage
    elif service == "glue" and "Id" in answer:
        yield LOAD, glue.parsed(answer).usage(region)
    elif service == "athena" and "QueryExecution" in answer:
        query, text = athena.parsed(answer["QueryExecution"]), str(answer["QueryExecution"].get("Query", ""))
        if merged := MERGE.match(text):
            yield model_piece(merged["table"]), query.usage(region, merged["table"])


def _json(text: str) -> dict[str, Any]:
    """Return an object that a text holds; an empty one for any other text, such as one that was cut off."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
