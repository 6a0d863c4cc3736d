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
from lakehouse_assets_tests.stepfunctions.walk import expressions
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


def test_every_expression_was_evaluated() -> None:
    """No expression of the machine is left out by all scenarios together."""
    evaluated = {text for name in RECORDED for text in execute(name)[0].evaluated}
    assert expressions(MACHINE) - evaluated == set()


def test_a_scenario_names_only_states_that_exist() -> None:
    """A renamed state takes its recorded answers along."""
    text = json.dumps(MACHINE)
    for scenario in RECORDED.values():
        assert [name for name in scenario["answers"] if f'"{name}"' not in text] == []


def test_the_job_gets_the_frozen_run() -> None:
    """Arguments of the Glue job are the run's id, its manifest's URI, its clock, and the zone of the source."""
    run, _ = execute("all_well")
    (call,) = run.calls["ecommerce_silver"]
    assert call == {
        "JobName": "Lakehouse",
        "Arguments": {
            "--run-id": "2025-04-02-0900",
            "--manifest-uri": "${LakeRoot}/runs/ecommerce/2025-04-02-0900/manifest.json",
            "--lake-root": "${LakeRoot}",
            "--as-of": "2025-04-02T09:00:00.123000+00:00",
            "--mode": "load",
            "--source-timezone": "${SourceTimezone}",
        },
    }


def test_the_plan_gets_the_executions_input() -> None:
    """What the execution is asked to do reaches PlanRun as it is; what it is not asked is null."""
    given, plain = (execute(name)[0].calls["bronze__ecommerce_manifest"][0] for name in ("nothing_to_do", "all_well"))
    asked = {key: given["Payload"][key] for key in ("mode", "date", "files", "selection", "max_reject_ratio")}
    assert asked == {key: RECORDED["nothing_to_do"]["input"][key] for key in asked}
    assert [plain["Payload"][key] for key in asked] == ["load", None, None, None, None]
    assert plain["Payload"]["as_of"] == "2025-04-02T09:00:00.123Z"


def test_the_archive_goes_on_with_the_token_until_it_is_done() -> None:
    """The second slice starts where the first one ended, and the list of refused files is named to both."""
    run, _ = execute("all_well")
    payloads = [call["Payload"] for call in run.calls["archive__ecommerce_files"]]
    assert [payload["token"] for payload in payloads] == [None, "products.csv"]
    assert [payload["refused"] for payload in payloads] == ["runs/ecommerce/2025-04-02-0900/refused.json"] * 2


def test_a_merge_is_what_the_function_rendered() -> None:
    """The statement that Athena runs is the function's, and its runs are acknowledged after it."""
    run, _ = execute("all_well")
    assert run.calls["gold__daily_sales"][0]["QueryString"] == "MERGE INTO ecommerce_gold.daily_sales AS t"
    assert run.calls["acknowledge gold__daily_sales"][0]["Payload"]["runs"] == ["2025-04-02-0900"]
    assert run.path.index("gold__daily_sales") < run.path.index("acknowledge gold__daily_sales")


def test_a_model_with_nothing_due_is_not_merged() -> None:
    """No statement, no query; what only touched other tables is still acknowledged."""
    run, _ = execute("warned")
    assert "gold__user_orders" not in run.path
    assert "acknowledge gold__user_orders" in run.path


def test_a_warning_is_told_and_the_run_goes_on() -> None:
    """One message per step names all that warn, and what could not be asked."""
    run, _ = execute("warned")
    (silver,) = run.calls["warn ecommerce_silver_assertions"]
    assert silver["Message"] == (
        "run 2025-04-02-0900\ncheck `silver.clean_orders volume` could not be asked: States.Timeout \n"
        f"check `silver.clean_orders freshness` failed, first rows:\nnewest | as_of\n2025-03-01 | NULL\n{LINK}"
    )
    assert len(run.calls["warn ecommerce_gold_assertions"]) == 1
    assert "archive__ecommerce_files" in run.path


def test_what_the_load_found_is_told_once() -> None:
    """Rejects by code and warnings in one message of the kind that failed checks have, none when all is well."""
    run, _ = execute("warned")
    (told,) = run.calls["warn load"]
    lines = "- WARN clean_orders.rejects: rejected 2, by code: amount_invalid 2"
    assert told["Message"] == f"run 2025-04-02-0900\n{lines}\n{LINK}"
    assert told["MessageAttributes"]["kind"]["StringValue"] == "checks_failed"
    assert "warn load" not in execute("all_well")[0].path


def test_refused_files_are_told_when_they_are_in_quarantine() -> None:
    """One message names them after the archive; a run that refused none, or that failed, sends none."""
    run, _ = execute("all_well")
    (told,) = run.calls["tell refused files"]
    assert "- `orders/broken.csv` is refused: it has no column `order_id`\n\nRefused files go" in told["Message"]
    assert told["MessageAttributes"]["kind"]["StringValue"] == "file_unreadable"
    assert run.path[-4:] == ["files refused?", "tell refused files", "notify success", "succeeded"]
    assert [n for n in ("warned", "blocked") if "tell refused files" in execute(n)[0].path] == []


def test_a_failed_blocking_check_stops_before_the_archive() -> None:
    """Files stay in landing when gold is wrong, and the message says which check and which rows."""
    run, _ = execute("blocked")
    assert "archive__ecommerce_files" not in run.path
    (told,) = run.calls["notify failure"]
    assert told["Subject"] == "ecommerce: run failed"
    assert "AssertionFailed: check `gold.daily_sales totals_match_silver` failed" in told["Message"]
    assert told["Message"].endswith(LINK)


def test_a_job_is_run_again_only_when_that_may_help() -> None:
    """Another run's lease is waited for, three tries in all; too many rejects are not."""
    runs = {name: execute(name)[0] for name in ("job_again", "job_held", "job_failed", "job_timed_out")}
    assert {name: len(run.calls["ecommerce_silver"]) for name, run in runs.items()} == {
        "job_again": 2,
        "job_held": 3,
        "job_failed": 1,
        "job_timed_out": 1,
    }


def test_an_assertion_asks_with_the_runs_clock() -> None:
    """The plan's clock stands in the query as a UTC literal, in every place."""
    run, _ = execute("all_well")
    (call,) = run.calls["ask silver.clean_orders freshness"]
    assert call["QueryString"].count("CAST('2025-04-02 09:00:00.123' AS TIMESTAMP(6))") == 4
    assert "{as_of}" not in call["QueryString"]


def test_an_assertion_on_keys_asks_of_what_came_since() -> None:
    """The plan says since when; the literal is in the query."""
    run, _ = execute("all_well")
    (call,) = run.calls["ask silver.clean_orders keys_unique"]
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
