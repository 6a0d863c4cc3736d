"""The machine of the marketing pipeline: as committed, run from start to end, and small enough at its largest.

A run at its largest is the first one after a week's pause: a sweep of 62 days, changes of all of them, and clicks and
totals of the usual days, with several calls for each large day.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from lakehouse_assets.affise.endpoints import CLICKS
from lakehouse_assets.affise.open_runs import OpenRun
from lakehouse_assets.affise.watermark import Watermark
from lakehouse_assets.core.request import last_days
from lakehouse_assets.marketing.pipeline import MOST_DAYS
from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed, Run
from lakehouse_assets_tests.stepfunctions.walk import expressions, states
from lambdas.planaffisepull.logic import Plan, answer
from stepfunctions import emit

MACHINE = json.loads((emit.EMITTED / "marketing.asl.json").read_text("utf-8"))
EXECUTION = {"Id": "arn:aws:states:eu-west-1:1:execution:m:run-1", "Name": "run-1", "StartTime": "2026-03-16T06:00:00Z"}
TICK = datetime(2026, 3, 16, 6, tzinfo=UTC)
LONG_AGO = Watermark(datetime(2026, 1, 1, tzinfo=UTC))
LISTS, FACTS = "AdstartUpdateDimensionTables", "PullAffiseSlices"
MORE_CALLS = 4
"""How often a day of the sweep is gone on with, at 590 s a call; 3,000 s are 15,000 pages at the usual rate."""
EVENTS = {"Pass": 2, "Choice": 2, "Succeed": 2, "Task": 5}
"""Events in an execution's history for one run of a state: entered and exited, and of a task scheduled, started and
succeeded: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html"""
ITERATION, MAP = 2, 4
"""Likewise: an iteration has started and succeeded; a Map was entered, has started, has succeeded, was exited."""
MOST_EVENTS, MOST_BYTES, MOST_HISTORY = 5_000, 256 * 1024, 25_000


def planned(mark: Watermark | None = LONG_AGO) -> dict[str, Any]:
    """What the plan of the pull answers."""
    zone = "Europe/Moscow"
    return answer(Plan.of(last_days(TICK, zone, 7), TICK, zone, mark, CLICKS), "inclusive", TICK.isoformat())


def calls(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers to all calls for one slice; a day of conversions is gone on with."""
    more = MORE_CALLS if item["endpoint"] == "conversions" else 0
    return [{"Payload": {"token": f"t{n}", "done": n == more}} for n in range(more + 1)]


def walked(plan: dict[str, Any], **changed: Any) -> tuple[Run, Any]:
    """Run the machine; all goes well but for the answers that are changed, and nothing is due in gold."""
    tasks = {name: state for name, state in states(MACHINE) if state["Type"] == "Task"}
    told = {"statement": None, "runs": "runs.json", "version": "{}", "done": True, "statements": [], "hashes": {}}
    told |= {"subject": "s", "message": "m", "kind": "k", "refused": "", "warned": 0}
    answers = {name: {"Payload": told} for name in tasks}
    empty = {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "n"}]}]}, "QueryExecution": {"QueryExecutionId": "q"}}
    answers |= {name: empty for name, state in tasks.items() if "athena" in state["Resource"]}
    window = {"start": "2026-03-10", "end": "2026-03-16"}
    facts = {"manifest": "m.json", "as_of": "2026-03-16T06:00:00Z", "window": window, "since": "2026-03-16T06:00:00Z"}
    facts |= {"fence": 1, "engine": "glue", "already": ""}
    answers |= {
        "PlanRun": {"Payload": facts | {"has_work": True}},
        "PlanAffisePull": {"Payload": plan},
        LISTS: {"Payload": {"token": None, "done": True}},
        FACTS: [one for item in plan["slices"] for one in calls(item)],
        "NameAffisePages": {"Payload": {"manifest": "pulled.json", "pages": 9, "engine": "glue"}},
    }
    run = Run({"Execution": EXECUTION}, answers | changed)
    try:
        return run, run.machine(MACHINE, {})
    except MachineFailed as failure:
        return run, failure.output


def events(run: Run, name: str) -> int:
    """How many events the Map of a step has in the history of a run."""
    inner = dict(states(MACHINE["States"][f"Each{name}"]["ItemProcessor"]))
    met = Counter(state for state in run.path if state in inner)
    iterations = met[f"End{name}"]
    return MAP + ITERATION * iterations + sum(EVENTS[inner[state]["Type"]] * count for state, count in met.items())


def test_the_committed_machine_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed is what the asset graph says; `lakehouse emit` writes it."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets.marketing")
    assert emit.current()["marketing.asl.json"] == (emit.EMITTED / "marketing.asl.json").read_text("utf-8")


def test_it_runs_from_its_start_to_its_end() -> None:
    """Each list and each slice is pulled, the latter until it is done; then the pages are named and loaded."""
    plan = planned()
    run, end = walked(plan)
    assert end == {"run_id": "run-1", "status": "succeeded"}
    assert [call["Payload"]["list"] for call in run.calls[LISTS]] == plan["lists"]
    pulled = [call["Payload"] for call in run.calls[FACTS]]
    assert [one["slice"] for one in pulled if one["token"] is None] == plan["slices"]
    assert Counter(one["token"] for one in pulled) == {None: 142} | {f"t{n}": 63 for n in range(MORE_CALLS)}
    (job,) = run.calls[next(name for name in run.calls if run.calls[name][0].get("JobName"))]
    assert job["Arguments"]["--manifest-uri"] == "${LakeRoot}/pulled.json"


def test_what_pulls_gets_how_the_account_is_read_and_the_watermark_whether_all_was_swept() -> None:
    """Both come from the plan of the pull."""
    run, _ = walked(planned())
    assert {call["Payload"]["date_to"] for name in (LISTS, FACTS) for call in run.calls[name]} == {"inclusive"}
    assert run.calls["CommitAffiseWatermark"][0]["Payload"]["is_sweep"] is True


def test_a_first_run_does_not_say_that_it_swept() -> None:
    """It pulls its window only: 8 UTC days of each kind of facts, no changes; a sweep may be due, and is not noted."""
    plan = planned(None)
    run, _ = walked(plan)
    assert Counter(one["endpoint"] for one in plan["slices"]) == {"conversions": 8, "clicks": 8, "custom_totals": 8}
    assert run.calls["CommitAffiseWatermark"][0]["Payload"]["is_sweep"] is False


@pytest.mark.parametrize("step", ["PlanAffisePull", LISTS, FACTS, "NameAffisePages"])
def test_an_error_of_any_part_of_the_pull_ends_the_run_by_its_own_name(step: str) -> None:
    """Also where it is one of a list's calls; it is told once, and nothing is loaded."""
    failed = {"Error": "ListShrunk", "Cause": "5 of 20 offers are gone"}
    run, end = walked(planned(), **{step: {"error": failed}})
    assert end == {"Error": "ListShrunk", "Cause": f"told: in {step}: 5 of 20 offers are gone"}
    (recorded,) = run.calls["RecordFailure"]
    assert recorded["Payload"]["failure"] == failed | {"State": step}
    assert "LoadOutcome" not in run.path


def test_so_many_calls_go_on_at_once_as_share_the_rate() -> None:
    """The Map's bound is the number by which each call divides the rate."""
    for name in (LISTS, FACTS):
        each = MACHINE["States"][f"Each{name}"]
        payload = each["ItemProcessor"]["States"][name]["Arguments"]["Payload"]
        assert each["MaxConcurrency"] == payload["at_once"] == 3


def test_maps_have_few_events_at_a_sweep() -> None:
    """63 UTC days of conversions with five calls each, 63 of changes, 8 of clicks and of totals: by hand 3,614 events.

    That is 4 for the Map, 13 for each of the 142 items (iteration 2, begin 2, call 5, done? 2, end 2) and 7 for each
    further call (call 5, done? 2).
    """
    run, _ = walked(planned())
    assert events(run, FACTS) == 4 + 142 * 13 + 63 * MORE_CALLS * 7
    assert events(run, FACTS) < MOST_EVENTS
    assert events(run, LISTS) < MOST_EVENTS


def test_the_whole_history_fits_into_an_execution() -> None:
    """Of 25,000 events less than a third: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""
    run, _ = walked(planned())
    kinds = {name: state["Type"] for name, state in states(MACHINE)}
    assert sum(EVENTS.get(kinds[name], MAP) for name in run.path) < MOST_HISTORY / 3


def test_a_backfill_of_as_many_days_as_a_run_may_have_fits_into_an_execution() -> None:
    """Five calls for each day of conversions: 350 days fit, and 390 would not."""
    kinds = {name: state["Type"] for name, state in states(MACHINE)}

    def history(days: int) -> int:
        window = last_days(TICK, "Europe/Moscow", days)
        plan = answer(Plan.of(window, TICK, "Europe/Moscow", LONG_AGO, CLICKS), "inclusive", TICK.isoformat())
        assert len(json.dumps(plan)) < MOST_BYTES
        return sum(EVENTS.get(kinds[name], MAP) for name in walked(plan)[0].path)

    assert history(MOST_DAYS) < MOST_HISTORY < history(MOST_DAYS + 40)


def test_what_a_machine_carries_stays_small_at_a_sweep() -> None:
    """The plan's answer, and all that a Map's iterations leave, are far below 256 KiB."""
    plan = planned()
    assert len(json.dumps(plan)) < MOST_BYTES / 8
    assert len(json.dumps([{"done": True}] * len(plan["slices"]))) < MOST_BYTES / 8


def test_no_state_is_too_large_at_the_longest_backfill() -> None:
    """So many days as a run may have, and 20,000 runs that were left open: below 200 KiB in every state."""
    window = last_days(TICK, "Europe/Moscow", MOST_DAYS)
    died = [OpenRun(f"marketing_intraday-2026-03-16T06-00-00.{n:06}Z", ()) for n in range(20_000)]
    plan = answer(Plan.of(window, TICK, "Europe/Moscow", LONG_AGO, CLICKS), "inclusive", TICK.isoformat(), died)
    run, end = walked(plan)
    assert end["status"] == "succeeded"
    assert len(run.calls["NameAffisePages"][0]["Payload"]["open_runs"]) == 500
    assert {name: size for name, size in run.carried.items() if size > 200 * 1024} == {}
    assert run.carried[f"Each{FACTS}"] < 200 * 1024


def test_every_expression_of_the_pull_was_evaluated() -> None:
    """But for those that tell an error."""
    run, _ = walked(planned())
    names = ("PlanAffisePull", f"Each{LISTS}", f"Each{FACTS}", "NameAffisePages")
    missing = expressions([MACHINE["States"][name] for name in names]) - run.evaluated
    assert all("error" in text or "Error" in text or "Cause" in text for text in missing)
