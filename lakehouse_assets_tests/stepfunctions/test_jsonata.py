"""Every expression of every machine, evaluated by the JSONata of AWS' version on what the machines' runs gave it.

The interpreter evaluates with a port to Python; here jsonata-js 2.0.6, which Step Functions uses, has to agree. The two
differ where a language's own dates, numbers and regular expressions show through.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.returns.test_machine import MACHINE as RETURNS
from lakehouse_assets_tests.stepfunctions import test_expressions as scenarios
from lakehouse_assets_tests.stepfunctions.crawling import CRAWLED, crawl_runs
from lakehouse_assets_tests.stepfunctions.interpreter import PREFIX, SUFFIX, UNDEFINED, Run
from lakehouse_assets_tests.stepfunctions.machines import MACHINES
from lakehouse_assets_tests.stepfunctions.recorded import ANSWER, SMALL, failing, walked
from lakehouse_assets_tests.stepfunctions.walk import expressions, states

ROOT = Path(__file__).parents[2]
AWS_VERSION = "2.0.6"
EVERY = MACHINES | {"returns": RETURNS, "crawler": CRAWLED}
PLANS: tuple[dict[str, Any], ...] = ({"has_work": False}, {"already": "run `x` has done it"})
Recorded = dict[str, list[tuple[dict[str, Any], Any]]]

pytestmark = pytest.mark.node


@cache
def recorded() -> Recorded:
    """What the runs of all machines evaluated: by expression, the variables that it read and its value."""
    runs = [scenarios.execute(name)[0] for name in scenarios.RECORDED]
    runs += [run for made in EVERY.values() for run in runs_of(made)]
    found: Recorded = {}
    for run in [*runs, *crawl_runs()]:
        for text, kept in run.recorded.items():
            found.setdefault(text, []).extend(kept)
    return found


def runs_of(made: dict[str, Any]) -> list[Run]:
    """Runs of a machine that meet every end, and the failure of every state that can fail."""
    can_fail = [name for name, state in states(made) if "Catch" in state and not name.startswith(("Ask", "Read"))]
    checks = [[name for name, _ in states(made) if name.startswith(verb)] for verb in ("Ask", "Read")]
    cause = json.dumps({"ErrorMessage": "LeaseHeld: other", "Retryable": True})
    idle, taken = ({"PlanRun": {"Payload": ANSWER | changed}} for changed in PLANS)
    broken = {"RunGlueJob": failing("Broken")}
    told = [broken | {name: failing("Broken")} for name in ("PublishFailureNotification", "RecordFailure")]
    failed = [
        dict.fromkeys(names, failing("States.TaskFailed", cause)) for names in (*checks, *([n] for n in can_fail))
    ]
    cut_off = failing("States.TaskFailed", '{"QueryExecutionId": "8b1f", "Query": "MERGE')
    merges = [name for name in can_fail if name.startswith("Merge")]
    failed += [dict.fromkeys(merges, cut_off), {n: failing("E") for n in can_fail if n.startswith("Get")}]
    failed += [{name: cut_off, name.replace("Merge", "GetFailureOf"): failing("E")} for name in merges]
    failed += [SMALL | {"LoadSmallBatch": failing("States.Timeout")}]
    failed += [SMALL | {"LoadSmallBatch": failing("Broken")}, idle | {"RecordNothingToDo": failing("Broken")}]
    return [walked(made, **changed)[0] for changed in ({}, SMALL, idle, taken, *told, *failed)]


def evaluated(cases: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The results of the other JSONata, in the order of the cases."""
    asked = [{"text": t.removeprefix(PREFIX).removesuffix(SUFFIX).strip(), "variables": v} for t, v in cases]
    script, library = Path(__file__).with_name("jsonata.mjs"), ROOT / "node_modules/jsonata"
    done = subprocess.run(
        ["node", script, library], input=json.dumps(asked), capture_output=True, text=True, check=True, encoding="utf-8"
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_library_is_that_of_step_functions() -> None:
    """Another version is taken when AWS takes it: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html."""
    package = json.loads((ROOT / "node_modules/jsonata/package.json").read_text("utf-8"))
    assert package["version"] == AWS_VERSION


@pytest.mark.parametrize("name", EVERY)
def test_every_expression_is_evaluated(name: str) -> None:
    """No expression of a machine is left out by all recorded runs together."""
    assert sorted(expressions(EVERY[name]) - recorded().keys()) == []


@pytest.mark.parametrize("name", EVERY)
def test_the_jsonata_of_step_functions_agrees(name: str) -> None:
    """Each expression has the value that the interpreter has found, and none where that found none."""
    cases = [(t, v, found) for t in sorted(expressions(EVERY[name])) for v, found in recorded().get(t, [])[:5]]
    results = evaluated([(text, variables) for text, variables, _ in cases])
    wrong = [
        (text, variables, found, result)
        for (text, variables, found), result in zip(cases, results, strict=True)
        if result != ({} if found is UNDEFINED else {"value": found})
    ]
    assert len(cases) >= len(expressions(EVERY[name]))
    assert wrong == []
