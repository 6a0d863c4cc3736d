"""Answers of every task of a machine when all goes well, made of the machine: nothing is written down twice."""

from __future__ import annotations

from typing import Any

from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed, Run
from lakehouse_assets_tests.stepfunctions.walk import Machine, states

EXECUTION = {
    "Id": "arn:aws:states:eu-west-1:1:execution:m:run-1",
    "Name": "run-1",
    "StartTime": "2026-03-16T06:00:00Z",
}
DAYS = {"start": "2026-03-10", "end": "2026-03-16"}
PLAN = {"has_work": True, "already": "", "fence": 1, "engine": "glue", "manifest": "runs/m.json"}
PLAN |= {"as_of": "2026-03-16T06:00:00Z", "since": "2026-03-16T06:00:00Z", "window": DAYS}
PULL = {
    "lists": [{"list": "a"}],
    "slices": [{"day": "2026-03-10"}],
    "date_to": "inclusive",
    "present": "2026-03-16T06:00:00+00:00",
    "is_sweep": False,
}
TOLD = {"subject": "s", "message": "m", "kind": "run_succeeded"}
GOLD = {"statement": "MERGE", "runs": "runs.json", "version": "{}"}
DECLARED = {"statements": ["CREATE DATABASE d"], "hashes": {"d.t": "7c1f"}}
ANSWER = PLAN | PULL | TOLD | GOLD | DECLARED | {"open_runs": [], "refused": "refused.json", "warned": 0}
RAN = {"QueryExecution": {"QueryExecutionId": "q", "Statistics": {"DataScannedInBytes": 1}}}
FOUND = {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "n"}]}]}}
CRAWLED = {"Crawler": {"State": "READY", "LastCrawl": {"Status": "SUCCEEDED"}}}
JOB = {"Id": "jr_1", "DPUSeconds": 122.0, "ExecutionTime": 61}


SMALL = {name: {"Payload": ANSWER | {"engine": "lambda"}} for name in ("PlanRun", "NameAffisePages")}
"""What leads to the function that loads; pages that are pulled later have their size later."""


def answers(made: Machine) -> dict[str, Any]:
    """What every task answers: a call that repeats is done with its second one."""
    again = [{"Payload": ANSWER | {"token": "t", "done": False}}, {"Payload": ANSWER | {"token": None, "done": True}}]
    usual = RAN | FOUND | CRAWLED | JOB | again[1]
    repeated = {name for name, state in states(made) if state.get("Next") == f"IsDone{name}"}
    tasks = {name for name, state in states(made) if state["Type"] == "Task"}
    made_of = {name: again if name in repeated else usual for name in tasks}
    return made_of | {"RememberDeclarations": RAN | {"Payload": {"statements": [], "hashes": {}}}}


def walked(made: Machine, given: Any = None, **changed: Any) -> tuple[Run, Any]:
    """Run a machine with some answers changed; its run, and its output or its error."""
    run = Run({"Execution": EXECUTION}, answers(made) | changed)
    try:
        return run, run.machine(made, {} if given is None else given)
    except MachineFailed as failure:
        return run, failure.output


def failing(error: str, cause: str | None = None) -> dict[str, Any]:
    """The answer of a task that fails."""
    return {"error": {"Error": error} | ({} if cause is None else {"Cause": cause})}
