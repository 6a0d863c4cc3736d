"""Every JSONata expression of the machine, evaluated where it stands, on recorded answers of the services.

A scenario is a file in `events/machine/`: what the execution gets, what tasks answer where that differs from
`all_well.json`, and how it must end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.stepfunctions.interpreter import UNDEFINED, MachineFailed, Run, evaluate
from stepfunctions.checks import MOMENT
from stepfunctions.emit import EMITTED

MACHINE = json.loads((EMITTED / "ecommerce.asl.json").read_text("utf-8"))
FILES = sorted((Path(__file__).parents[1] / "events" / "machine").glob("*.json"))
RECORDED = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
LINK = (
    "https://eu-central-1.console.aws.amazon.com/states/home#/v2/executions/details/"
    "arn:aws:states:eu-central-1:123456789012:execution:ecommerce:2025-04-02-0900"
)


def execute(name: str) -> tuple[Run, Any]:
    """One scenario: its run, and its output or error."""
    scenario, usual = RECORDED[name], RECORDED["all_well"]
    run = Run(usual["context"], usual["answers"] | scenario["answers"])
    try:
        return run, run.machine(MACHINE, scenario["input"])
    except MachineFailed as failure:
        return run, failure.output


@pytest.mark.parametrize("name", RECORDED)
def test_a_scenario_ends_as_recorded(name: str) -> None:
    """The machine ends with the output, or with the error and cause, that the scenario calls for."""
    _, end = execute(name)
    assert end == RECORDED[name]["ends"]


def test_a_scenario_names_only_states_that_exist() -> None:
    """A renamed state takes its recorded answers along."""
    text = json.dumps(MACHINE)
    for scenario in RECORDED.values():
        assert [name for name in scenario["answers"] if f'"{name}"' not in text] == []


def test_the_job_gets_the_frozen_run() -> None:
    """Arguments of the Glue job are the run's id, manifest, clock and hold, and the zone of the source."""
    run, _ = execute("all_well")
    (call,) = run.calls["RunGlueJob"]
    assert call == {
        "JobName": "${JobPrefix}Lakehouse",
        "Arguments": {
            "--run-id": "2025-04-02-0900",
            "--manifest-uri": "${LakeRoot}/runs/ecommerce/2025-04-02-0900/manifest.json",
            "--lake-root": "${LakeRoot}",
            "--as-of": "2025-04-02T09:00:00.123000+00:00",
            "--run-mode": "load",
            "--source-timezone": "${SourceTimezone}",
            "--fence": "7",
        },
    }


def test_a_function_loads_what_is_small_with_the_jobs_arguments() -> None:
    """The plan says so; Glue is not asked then, and what follows is the same."""
    run, _ = execute("small_batch")
    (call,) = run.calls["LoadSmallBatch"]
    usual, _ = execute("all_well")
    assert call["Payload"]["arguments"] == usual.calls["RunGlueJob"][0]["Arguments"]
    assert run.calls["LoadOutcome"][0]["Payload"]["job"] is None
    assert "RunGlueJob" not in run.path


def test_every_function_is_told_whose_run_it_works_for() -> None:
    """Run, pipeline, lake and the number of the hold are in every event; the plan gives the last one."""
    run, _ = execute("all_well")
    payloads = [(name, call["Payload"]) for name, calls in run.calls.items() for call in calls if "Payload" in call]
    known = {"run_id": "2025-04-02-0900", "pipeline": "ecommerce", "lake": "${LakeRoot}"}
    assert all(known.items() <= payload.items() for _, payload in payloads)
    assert {payload["fence"] for name, payload in payloads if name != "PlanRun"} == {7}


def test_the_plan_gets_the_executions_input() -> None:
    """What the execution is asked to do reaches PlanRun as it is; what it is not asked is null."""
    given, plain = (execute(name)[0].calls["PlanRun"][0]["Payload"] for name in ("nothing_to_do", "all_well"))
    asked = {key: given[key] for key in ("mode", "date", "files", "selection", "max_reject_ratio")}
    assert asked == {key: RECORDED["nothing_to_do"]["input"][key] for key in asked}
    assert [plain[key] for key in asked] == ["load", None, None, None, None]
    assert plain["as_of"] == "2025-04-02T09:00:00.123Z"
    assert plain["hold_seconds"] == 1800 + 3 * 1800


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"mod": "reprocess", "mode": None, "tick": None, "engine": "glue"}, {"mod": "reprocess"}),
        ({"window": {"start": "2025-04-01"}}, {"window": {"start": "2025-04-01"}}),
        ({"date": "2025-04-03", "mode": "reprocess"}, {}),
        ({}, {}),
        (["replay"], ["replay"]),
        ("replay", "replay"),
    ],
)
def test_the_plan_gets_what_nobody_knows_so_that_a_typo_is_refused(given: Any, asked: Any) -> None:
    """A field that the pipeline is not asked is not dropped on the way, and nothing known is sent twice."""
    run = Run(RECORDED["all_well"]["context"], RECORDED["all_well"]["answers"])
    run.machine(MACHINE, given)
    (call,) = run.calls["PlanRun"]
    assert call["Payload"]["asked"] == asked


@pytest.mark.parametrize(
    ("tick", "run_id"),
    [
        ("2025-04-02T06:00:00Z", "ecommerce-2025-04-02T06-00-00Z"),
        (None, "2025-04-02-0900"),
        ("../../other", "2025-04-02-0900"),
        (20250402, "2025-04-02-0900"),
    ],
)
def test_a_tick_names_its_run(tick: Any, run_id: str) -> None:
    """Two executions for one tick have one run id; what is no moment names nothing, and the plan is told of it."""
    run = Run(RECORDED["all_well"]["context"], RECORDED["all_well"]["answers"])
    run.machine(MACHINE, {"tick": tick})
    payload = run.calls["PlanRun"][0]["Payload"]
    assert (payload["run_id"], payload["tick"]) == (run_id, tick)


def test_a_tick_that_another_run_has_taken_ends_at_once() -> None:
    """Nothing is recorded under the run id, which is the other run's."""
    run, end = execute("already_run")
    assert end["status"] == "already_run"
    assert run.path == ["SetVariables", "PlanRun", "CheckForWork", "AlreadyRun"]


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "eu-central-1.console.aws.amazon.com"),
        ("aws-cn", "eu-central-1.console.amazonaws.cn"),
        ("aws-us-gov", "eu-central-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_link_leads_to_the_console_of_the_partition(partition: str, host: str) -> None:
    """An ARN says in which partition the execution is."""
    execution = RECORDED["all_well"]["context"]["Execution"]
    arn = execution["Id"].replace("arn:aws:", f"arn:{partition}:")
    run = Run({"Execution": execution | {"Id": arn}}, RECORDED["all_well"]["answers"])
    run.machine(MACHINE, {})
    link = run.calls["RecordSuccess"][0]["Payload"]["link"]
    assert link == f"https://{host}/states/home#/v2/executions/details/{arn}"


def test_the_archive_goes_on_with_the_token_until_it_is_done() -> None:
    """The second slice starts where the first one ended, and the list of refused files is named to both."""
    run, _ = execute("all_well")
    payloads = [call["Payload"] for call in run.calls["ArchiveProcessedFiles"]]
    assert [payload["token"] for payload in payloads] == [None, "products.csv"]
    assert [payload["refused"] for payload in payloads] == ["runs/ecommerce/2025-04-02-0900/refused.json"] * 2


def test_a_merge_is_what_the_function_rendered() -> None:
    """The statement that Athena runs is the function's, and its runs are acknowledged after it, with what it cost."""
    run, _ = execute("all_well")
    assert run.calls["MergeDailySales"][0]["QueryString"] == "MERGE INTO ecommerce_gold.DailySales AS t"
    told = run.calls["AcknowledgeDailySales"][0]["Payload"]
    assert told["runs"] == "runs/ecommerce/2025-04-02-0900/runs.json"
    assert told["statistics"]["DataScannedInBytes"] == 12582912
    assert run.path.index("MergeDailySales") < run.path.index("AcknowledgeDailySales")


def test_a_model_with_nothing_due_is_not_merged() -> None:
    """No statement, no query; what only touched other tables is still acknowledged."""
    run, _ = execute("merge_nothing_due")
    assert "MergeUserOrders" not in run.path
    assert run.calls["AcknowledgeUserOrders"][0]["Payload"]["statistics"] is None


def test_tables_are_declared_until_the_function_has_no_more() -> None:
    """Two rounds of statements; each is remembered with its own hashes."""
    run, _ = execute("all_well")
    declared = [call["QueryString"] for call in run.calls["RunDeclaration"]]
    remembered = [call["Payload"]["declared"] for call in run.calls["RememberDeclarations"]]
    assert declared == [f"CREATE DATABASE IF NOT EXISTS `{name}`" for name in ("delta_lakehouse", "ecommerce_gold")]
    assert remembered == [{"delta_lakehouse.clean_orders": "7c1f"}, {"ecommerce_gold.daily_sales": "99aa"}]


def test_every_outcome_of_checks_is_handed_to_the_judge() -> None:
    """Rows that failed come as text, header first; a check that could not be asked says why in a sentence."""
    run, _ = execute("warned")
    silver = {one["check"]: one for one in run.calls["JudgeAthenaValidationSilver"][0]["Payload"]["outcomes"]}
    gold = {one["check"]: one for one in run.calls["JudgeAthenaValidationGold"][0]["Payload"]["outcomes"]}
    fresh = silver["silver.clean_orders freshness"]
    assert (fresh["failing"], fresh["sample"]) == (1, ["newest | as_of", "2025-03-01 | NULL"])
    assert fresh["statistics"]["DataScannedInBytes"] == 12582912
    assert silver["silver.clean_orders volume"]["error"] == {"Error": "States.Timeout", "Cause": "no cause was given"}
    assert gold["gold.daily_sales freshness"]["error"]["Cause"] == "Query exhausted resources"
    assert "ArchiveProcessedFiles" in run.path


def test_a_failed_blocking_check_stops_before_the_archive() -> None:
    """Files stay in landing when gold is wrong; the state that judged is named."""
    run, _ = execute("blocked")
    assert "ArchiveProcessedFiles" not in run.path
    (recorded,) = run.calls["RecordFailure"]
    failure = recorded["Payload"]["failure"]
    assert (failure["State"], failure["Error"]) == ("JudgeAthenaValidationGold", "AssertionFailed")


@pytest.mark.parametrize(
    ("scenario", "calls"),
    [
        ("job_again", 2),
        ("job_wrapped", 2),
        ("job_held", 31),
        ("job_conflict", 3),
        ("job_failed", 1),
        ("job_timed_out", 1),
    ],
)
def test_a_job_is_run_again_only_when_that_may_help(scenario: str, calls: int) -> None:
    """Another run's lease is waited for half an hour, other passing errors are tried twice more, the rest is final.

    Where a name stands in an argument of the job it does not count.
    """
    assert len(execute(scenario)[0].calls["RunGlueJob"]) == calls


@pytest.mark.parametrize(
    ("scenario", "calls"),
    [
        ("merge_again", 2),
        ("merge_retryable", 3),
        ("merge_failed", 1),
        ("merge_cut_off", 2),
        ("merge_cut_off_final", 1),
        ("merge_unexplained", 1),
        ("all_well", 1),
    ],
)
def test_a_merge_is_run_again_only_when_that_may_help(scenario: str, calls: int) -> None:
    """A lost race for a commit passes, and what Athena calls retryable; a table that is not there does not."""
    run, _ = execute(scenario)
    asked = [call["QueryString"] for call in run.calls["MergeDailySales"]]
    assert asked == ["MERGE INTO ecommerce_gold.DailySales AS t"] * calls


def test_a_reason_behind_which_a_failure_is_cut_is_asked_for() -> None:
    """A service's cause may be longer than what a failure hands on, so a reason at its end would be lost."""
    scenario, usual = RECORDED["merge_cut_off_final"], RECORDED["all_well"]
    query = {"QueryExecutionId": "8b1f0ba2", "Query": "x" * 30_000, "Status": {"StateChangeReason": "cut off later"}}
    failed = {"error": {"Error": "States.TaskFailed", "Cause": json.dumps(query)}}
    run = Run(usual["context"], usual["answers"] | scenario["answers"] | {"MergeDailySales": failed})
    with pytest.raises(MachineFailed) as caught:
        run.machine(MACHINE, {})
    assert caught.value.output == scenario["ends"]


def test_what_is_too_large_for_the_function_goes_to_glue() -> None:
    """A function that was killed for want of memory never answers; what it refuses is final."""
    killed, refused = execute("small_too_large")[0], execute("small_failed")[0]
    assert [name in killed.path for name in ("LoadSmallBatch", "RunGlueJob", "RecordFailure")] == [True, True, False]
    assert [name in refused.path for name in ("LoadSmallBatch", "RunGlueJob", "RecordFailure")] == [True, False, True]


def test_a_failure_that_cannot_be_recorded_is_told_by_the_machine() -> None:
    """The message has pipeline, state, cause as a sentence, run and link."""
    run, _ = execute("unrecorded")
    (told,) = run.calls["PublishFailureNotification"]
    assert told["Subject"] == "ecommerce: run failed in RunGlueJob"
    assert told["Message"] == (
        "The run of ecommerce failed in RunGlueJob: States.TaskFailed: RejectRatioExceeded: 20 of 60 rows are rejected,"
        f" more than 0.05\nNor could it be recorded: StorageUnavailable\nRun: 2025-04-02-0900\n{LINK}"
    )
    assert told["MessageAttributes"]["kind"]["StringValue"] == "run_failed"


@pytest.mark.parametrize("scenario", RECORDED)
def test_a_run_sends_one_message_at_most(scenario: str) -> None:
    """One for a success or a failure, none for a run without work."""
    run, end = execute(scenario)
    sent = [name for name in run.calls if name.startswith("Publish")]
    assert len(sent) == (0 if end.get("status") in {"nothing_to_do", "already_run"} else 1)
    assert all(len(run.calls[name]) == 1 for name in sent)


def test_an_assertion_asks_with_the_runs_clock() -> None:
    """The plan's clock stands in the query as a UTC literal, in every place."""
    run, _ = execute("all_well")
    (call,) = run.calls["AskSilverCleanOrdersFreshness"]
    assert call["QueryString"].count("CAST('2025-04-02 09:00:00.123' AS TIMESTAMP(6))") == 4
    assert "{as_of}" not in call["QueryString"]


def test_an_assertion_on_keys_asks_of_what_came_since() -> None:
    """The plan says since when; the literal is in the query."""
    run, _ = execute("all_well")
    (call,) = run.calls["AskSilverCleanOrdersKeysUnique"]
    assert call["QueryString"].count("CAST('2025-04-01 22:00:00.000' AS TIMESTAMP(6))") == 1


@pytest.mark.parametrize(
    ("given", "literal"),
    [
        ("2025-04-02T09:00:00Z", "2025-04-02 09:00:00.000"),
        ("2025-04-02T09:00:00.123456+00:00", "2025-04-02 09:00:00.123"),
        ("2025-04-02T01:00:00+02:00", "2025-04-01 23:00:00.000"),
    ],
)
def test_a_clock_becomes_a_utc_literal(given: str, literal: str) -> None:
    """Offsets are taken into account; a literal has no zone."""
    assert evaluate(f"{{% {MOMENT.format('as_of')} %}}", {"as_of": given}) == literal


def test_a_clock_that_is_no_moment_reaches_no_query() -> None:
    """Text from outside cannot become SQL by way of the clock."""
    with pytest.raises(Exception, match=r"(?i)timestamp|D3110|picture|format"):
        assert evaluate(f"{{% {MOMENT.format('as_of')} %}}", {"as_of": "2025-04-01' OR TRUE --"}) is UNDEFINED
