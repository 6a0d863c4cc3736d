"""What an execution of a machine has used is read out of its history."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from lakehouse_assets.compute.aws.execution_usage import usages_of

BEGIN = datetime(2026, 11, 26, 9, tzinfo=UTC)


class History:
    """Makes events as Step Functions writes them, one second apart unless a task takes longer."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.now = BEGIN

    def add(self, kind: str, seconds: float = 1, **details: Any) -> None:
        """Add an event that follows the one before."""
        number = len(self.events) + 1
        self.now += timedelta(seconds=seconds)
        self.events.append(
            {"id": number, "previousEventId": number - 1, "timestamp": self.now, "type": kind, **details}
        )

    def task(self, service: str, asked: dict[str, Any], seconds: float, *, failed: bool = False, **told: Any) -> None:
        """Add a state that calls a service, which takes so long and answers that."""
        self.add("TaskStateEntered")
        self.add("TaskScheduled", taskScheduledEventDetails={"resourceType": service, "parameters": json.dumps(asked)})
        self.add("TaskStarted", taskStartedEventDetails={"resourceType": service})
        if failed:
            self.add("TaskFailed", seconds, taskFailedEventDetails={"resourceType": service, "cause": json.dumps(told)})
        else:
            details = {"resourceType": service, "output": json.dumps(told)}
            self.add("TaskSucceeded", seconds, taskSucceededEventDetails=details)


def query(sql: str, scanned: int) -> dict[str, Any]:
    """What Athena answers of a query."""
    statistics = {"DataScannedInBytes": scanned}
    told = {"QueryExecutionId": "q", "Query": sql, "StatementType": "DML", "Status": {"State": "SUCCEEDED"}}
    return {"QueryExecution": {**told, "Statistics": statistics}}


def test_each_service_says_what_it_did() -> None:
    """Functions by time and memory, Glue by DPU-seconds also when the job failed, merges by table; checks elsewhere."""
    history = History()
    history.task("lambda", {"FunctionName": "PlanRun"}, 2.0)
    history.task("glue", {"JobName": "Lakehouse"}, 90, failed=True, Id="jr_1", ExecutionTime=30, MaxCapacity=2.0)
    history.task("glue", {"JobName": "Lakehouse"}, 90, Id="jr_2", ExecutionTime=90, MaxCapacity=2.0)
    history.task("athena", {}, 3, **query("MERGE INTO ecommerce_gold.daily_sales AS t USING x", 20_000_000))
    history.task("athena", {}, 3, **query("SELECT 1", 7))
    found = usages_of(history.events, lambda name: {"PlanRun": 2048}[name], "eu-west-1")
    memory, call = found["functions"]
    assert (memory.billed, call.billed) == (4.0, 1)
    assert [usage.billed for usage in found["load"]] == [120.0, 180.0]
    (merge,) = found["gold-daily_sales"]
    assert (merge.billed, merge.table) == (20_000_000, "daily_sales")
    # Five states, and the two that come after the history was read.
    (transitions,) = found["machine"]
    assert transitions.billed == 7
    assert set(found) == {"functions", "load", "gold-daily_sales", "machine"}


def test_a_history_without_data_still_counts() -> None:
    """Where answers were cut off or a task never began, what is known is counted."""
    history = History()
    history.add("TaskStateEntered")
    history.add("TaskFailed", taskFailedEventDetails={"resourceType": "glue", "cause": '{"Id": "jr_1", "Argum'})
    assert [usage.billed for usage in usages_of(history.events, lambda _: 128, "eu-west-1")["machine"]] == [3]
