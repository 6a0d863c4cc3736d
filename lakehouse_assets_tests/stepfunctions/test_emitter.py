"""The emitter on graphs of its own: a third pipeline, and steps that cannot be a machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.compute.tasks import (
    TASK_METADATA,
    CheckTask,
    FunctionTask,
    GlueTask,
    ModelTask,
    Task,
    to_metadata,
)
from lakehouse_assets.contracts import Column, Contract, Rule
from lakehouse_assets.errors import EmissionInvalid, Transient
from lakehouse_assets_tests.stepfunctions.interpreter import MachineFailed, Run
from lakehouse_assets_tests.stepfunctions.walk import states, targets
from stepfunctions.emit import text_of
from stepfunctions.emitter import machine
from stepfunctions.plan_reader import read_plan
from stepfunctions.retries import transient_names
from stepfunctions.steps import Levels, RetryPolicy, Step

ROOT = Path(__file__).parents[2]
PLAN = FunctionTask("PlanVisits", {"run": "{run_id}", "lake": "{lake}"}, gives=("window_start",))
LOAD = GlueTask("LoadVisits", {"--run-id": "{run_id}", "--from": "{window_start}", "--lake-root": "{lake}"})
MODEL = ModelTask("visits", "gold.visits_daily")
CHECKS = CheckTask("visits", (("gold.visits_daily", "not_negative"), ("gold.visits_daily", "late")))
RULES = (
    Rule("not_negative", "assertion", "fail", "no count below 0", "SELECT n FROM gold.visits_daily WHERE n < 0"),
    Rule("late", "assertion", "warn", "", 'SELECT "date" FROM gold.visits_daily WHERE "date" < CAST(:as_of AS DATE)'),
)
GOLD = Contract(
    name="visits_daily",
    database="gold",
    layer="gold",
    version="1.0.0",
    description="Visits per day",
    grain="one row per day",
    owner="",
    columns=(Column("date", "DATE", "", required=True, key=1), Column("n", "BIGINT", "visits")),
    rules=RULES,
    window="date",
    window_source="touched_dates",
    freshness_hours=None,
)
TABLES = {"gold.visits_daily": GOLD}
EXECUTION = {"Id": "arn:aws:states:eu-west-1:1:execution:v:r", "Name": "r", "StartTime": "2025-04-02T00:00:00Z"}
TWICE = RetryPolicy(max_retries=2, delay_seconds=1, backoff_rate=2.0)


def visits() -> dg.Definitions:
    """A pipeline that is in no contract file: a window instead of a manifest, one silver and one gold table, a gate."""

    def asset(key: list[str], task: Task, *deps: list[str]) -> dg.AssetsDefinition:
        metadata = {TASK_METADATA: dg.MetadataValue.json(to_metadata(task))}
        return dg.asset(key=key, deps=[dg.AssetKey(d) for d in deps], metadata=metadata)(lambda: None)

    specs = [
        dg.AssetCheckSpec(
            rule.code,
            asset=["gold", "visits_daily"],
            blocking=rule.verdict == "fail",
            metadata={TASK_METADATA: dg.MetadataValue.json(to_metadata(CHECKS))},
        )
        for rule in RULES
    ]

    @dg.multi_asset_check(specs=specs, name="visits_gate")
    def gate() -> Iterator[Any]:
        yield from ()

    assets = [
        dg.AssetSpec(["landing", "visits"]),
        asset(["bronze", "visits"], PLAN, ["landing", "visits"]),
        asset(["silver", "visits"], LOAD, ["bronze", "visits"]),
        asset(["gold", "visits_daily"], MODEL, ["silver", "visits"]),
    ]
    return dg.Definitions(assets=assets, asset_checks=[gate], jobs=[dg.define_asset_job("visits")])


@pytest.fixture(scope="module")
def emitted() -> dict[str, Any]:
    """The third pipeline's machine."""
    return machine("visits", read_plan(visits(), "visits"), TABLES)


def test_a_third_pipeline_emits_its_own_steps(emitted: dict[str, Any]) -> None:
    """Names, jobs and functions are those of its declarations; nothing of another pipeline is in it."""
    text = text_of(emitted)
    assert {"PlanVisits", "RunGlueJob", "MergeVisitsDaily", "RunAthenaValidationGate"} <= set(emitted["States"])
    assert '"${JobPrefix}LoadVisits"' in text
    assert '"${FunctionPrefix}PlanVisits"' in text
    assert "ecommerce" not in text


def test_a_third_pipeline_runs_to_its_end(emitted: dict[str, Any]) -> None:
    """Without an archive the machine ends after its last gate; each state leads to the next."""
    run = Run({"Execution": EXECUTION}, answers(emitted))
    assert run.machine(emitted, {}) == {"run_id": "r", "status": "succeeded"}
    assert run.calls["RunGlueJob"][0]["Arguments"]["--from"] == "2025-03-26"


PLANNED = {"has_work": True, "window_start": "2025-03-26", "fence": 1, "engine": "glue", "already": ""}


def answers(made: dict[str, Any]) -> dict[str, Any]:
    """What every task of a machine answers when all goes well."""
    ran = {"QueryExecution": {"QueryExecutionId": "q"}, "ResultSet": {"Rows": [{"Data": [{"VarCharValue": "n"}]}]}}
    told = {"subject": "s", "message": "m", "kind": "k", "done": True, "token": None}
    answer = PLANNED | told | {"refused": "", "statements": [], "hashes": {}, "warned": 0}
    answer |= {"statement": "MERGE", "runs": "runs.json", "version": "{}", "parts": ITEMS}
    return {name: ran | {"Payload": answer} for name, state in states(made) if state["Type"] == "Task"}


def test_a_plan_that_does_not_give_what_it_declares_fails_the_run(emitted: dict[str, Any]) -> None:
    """The job is not started without its window; the failure is told like any other."""
    lacking = {"PlanVisits": {"Payload": {"has_work": True, "already": ""}}}
    run = Run({"Execution": EXECUTION}, answers(emitted) | lacking)
    with pytest.raises(MachineFailed, match="QueryEvaluationError"):
        run.machine(emitted, {})
    assert run.path == [
        "SetVariables",
        "PlanVisits",
        "RecordFailure",
        "IsFailureNews",
        "PublishFailureNotification",
        "Failed",
    ]


@pytest.mark.node
def test_the_validator_accepts_a_third_pipeline(emitted: dict[str, Any], tmp_path: Path) -> None:
    """What another graph becomes is valid too."""
    path = tmp_path / "visits.asl.json"
    path.write_text(text_of(emitted))
    tool = ROOT / "node_modules/.bin/asl-validator"
    done = subprocess.run([tool, "--json-path", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_tables_are_declared_after_the_load_and_before_the_first_query(emitted: dict[str, Any]) -> None:
    """Athena registers a Delta table only where there is one."""
    top = emitted["States"]
    ways = ["RunGlueJob", "LoadOutcome", "DeclareTables", "AllDeclared"]
    assert [top[name]["Next"] for name in ways[:-1]] == ways[1:]
    assert [top[name]["Next"] for name in ("RunDeclarations", "RememberDeclarations")] == [
        "RememberDeclarations",
        "AllDeclared",
    ]
    assert targets(top["AllDeclared"]) == {"RunDeclarations", "RenderVisitsDaily"}


def step(key: str, task: Task) -> Step:
    """A step of that task."""
    return Step(key, (key,), (), task, TWICE)


def levels(*tasks: tuple[Task, ...]) -> Levels:
    """A plan, then these tasks level by level."""
    rest = [tuple(step(f"s{i}_{j}", task) for j, task in enumerate(level)) for i, level in enumerate(tasks)]
    return ((step("plan", PLAN),), *rest)


def test_any_step_may_be_a_branch() -> None:
    """Steps of one level of every kind run side by side; what one branch does stays inside it."""
    made = machine("visits", levels((LOAD, MODEL, CHECKS, FunctionTask("More", {}, repeat=True))), TABLES)
    level = made["States"]["RunSideBySide"]
    starts = ["ChooseEngine", "RenderVisitsDaily", "RunAthenaValidationS02", "BeginMore"]
    assert [branch["StartAt"] for branch in level["Branches"]] == starts
    for branch in level["Branches"]:
        assert all(targets(state) <= set(branch["States"]) for state in branch["States"].values())


LISTING = FunctionTask("List", gives=("parts",))
EACH = FunctionTask("Pull", each="{parts}")
ITEMS = [{"day": "2025-04-01"}, {"day": "2025-04-02"}]


def listed(*, repeat: bool) -> tuple[dict[str, Any], Run]:
    """A machine with a function that is called for each of a list, and its run on two items."""
    each = FunctionTask("Pull", {"lake": "{lake}", "of": "{item}"}, repeat=repeat, each="{parts}", concurrency=3)
    made = machine("visits", levels((LISTING,), (each,)), {})
    again = {"Payload": {"token": "t1", "done": False}}
    told = [again, {"Payload": {"token": None, "done": True}}, {"Payload": {"token": None, "done": True}}]
    run = Run({"Execution": EXECUTION}, answers(made) | {"Pull": told})
    assert run.machine(made, {}) == {"run_id": "r", "status": "succeeded"}
    return made, run


def test_a_function_is_called_for_each_item_until_that_is_done() -> None:
    """Three at a time; the second call for the first item has its token, and the item again."""
    made, run = listed(repeat=True)
    assert made["States"]["EachPull"]["MaxConcurrency"] == 3
    payloads = [call["Payload"] for call in run.calls["Pull"]]
    assert [(one["of"], one["token"]) for one in payloads] == [(ITEMS[0], None), (ITEMS[0], "t1"), (ITEMS[1], None)]
    assert {one["lake"] for one in payloads} == {"${LakeRoot}"}


def test_a_function_that_does_not_repeat_is_called_once_for_each_item() -> None:
    """Its answer says nothing of being done."""
    _, run = listed(repeat=False)
    assert [call["Payload"]["of"] for call in run.calls["Pull"]] == ITEMS
    assert all("token" not in call["Payload"] for call in run.calls["Pull"])


@pytest.mark.node
@pytest.mark.parametrize("repeat", [True, False])
def test_the_validator_accepts_calls_for_each_item(repeat: bool, tmp_path: Path) -> None:  # noqa: FBT001 - as parametrized
    """Npm's asl-validator knows inline Maps."""
    path = tmp_path / "visits.asl.json"
    path.write_text(text_of(listed(repeat=repeat)[0]))
    done = subprocess.run(
        [ROOT / "node_modules/.bin/asl-validator", "--json-path", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_step_that_is_not_to_be_tried_again_is_not() -> None:
    """No retries in the graph leaves only those of the service's own hiccups."""
    never = replace(step("once", FunctionTask("Once")), retry=replace(TWICE, max_retries=0))
    made = machine("visits", (*levels(), (never,)), TABLES)
    names = [name for retry in made["States"]["Once"]["Retry"] for name in retry["ErrorEquals"]]
    assert all(name.startswith("Lambda.") for name in names)


def test_an_error_of_somebody_else_changes_no_machine() -> None:
    """A pipeline may have transient errors of its own, imported or not; the same graph gives the same machine."""
    before = transient_names()

    class ApiSilent(Transient):
        """One of them."""

    assert issubclass(ApiSilent, Transient)
    assert transient_names() == before
    assert "StorageUnavailable" in before


def test_long_names_are_cut_and_stay_apart() -> None:
    """Names beyond 80 characters end in a digest of the whole."""
    rules = tuple(replace(RULES[0], code="x" * 90 + end) for end in "ab")
    checks = CheckTask("visits", tuple(("gold.visits_daily", rule.code) for rule in rules))
    made = machine("visits", levels((checks,)), {"gold.visits_daily": replace(GOLD, rules=rules)})
    names = [name for name, _ in states(made)]
    assert max(map(len, names)) == 80
    assert len(set(names)) == len(names)


def asking(select: str) -> tuple[dict[str, Any], Levels]:
    """The one table with an assertion of its own, and the steps that ask it."""
    rule = Rule("day", "assertion", "fail", "", select)
    steps = levels((CheckTask("visits", (("gold.visits_daily", "day"),)),))
    return {"gold.visits_daily": replace(GOLD, rules=(rule,))}, steps


def test_a_check_asks_for_days_of_the_run_s_own_zone() -> None:
    """One definition is for installations of every zone, so the zone comes into the statement as the machine runs."""
    tables, steps = asking('SELECT local_date("at") AS day FROM gold.visits_daily')
    made = machine("visits", steps, tables)
    run = Run({"Execution": EXECUTION}, answers(made))
    run.machine(made, {})
    (name,) = [name for name in run.calls if name.startswith("Ask")]
    asked = run.calls[name][0]["QueryString"]
    assert "'${SourceTimezone}') AS DATE" in asked
    assert "{source_timezone}" not in asked


def test_a_check_that_reads_text_as_local_times_is_no_machine_s() -> None:
    """Offsets of one zone would be written into the definition of all."""
    tables, steps = asking('SELECT n FROM gold.visits_daily WHERE parse_instant("date") IS NULL')
    with pytest.raises(EmissionInvalid, match=r"`visits_daily\.day`: it reads text as times of the source's zone"):
        machine("visits", steps, tables)


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ((), "begins with nothing"),
        (((step("load", LOAD),),), "begins with load"),
        (((step("a", PLAN), step("b", PLAN)),), "begins with a, b"),
        (
            ((step("plan", FunctionTask("P", {"m": "{manifest}"}, gives=("manifest",))),),),
            "needs manifest, which no state",
        ),
        (((step("plan", FunctionTask("P", gives=("lake", "a b"))),),), "`P` cannot give `lake`, `a b`"),
        (levels((GlueTask("Load", {"--m": "{lake}/{manifest}"}),)), "needs manifest, which no state knows"),
        (levels((FunctionTask("F", {"x": "{weather}"}),)), "`{weather}` needs weather, which no state knows"),
        (
            levels((CheckTask("visits", (("gold.visits_daily", "nope"),)),)),
            "no contract has the check `gold.visits_daily nope`",
        ),
        (levels((FunctionTask("F", each="{weather}"),)), "`{weather}` needs weather, which no state knows"),
        (levels((FunctionTask("F", {"x": "{item}"}),)), "`{item}` needs item, which no state knows"),
        (levels((CheckTask("visits", (("gold.nope", "x"),)),)), "no contract has the check `gold.nope x`"),
        (levels((FunctionTask("RecordFailure"),)), "there are two states `RecordFailure`"),
        (levels((FunctionTask("Each Pull"),), (FunctionTask("Pull", each="{files}"),)), "needs files, which no"),
        (levels((FunctionTask("P", gives=("parts",)),), (EACH, FunctionTask("EachPull"))), "two states `EachPull`"),
    ],
)
def test_what_cannot_be_a_machine_is_refused(steps: Levels, problem: str) -> None:
    """One sentence says which step and why."""
    with pytest.raises(EmissionInvalid, match=f"cannot emit `visits`: .*{problem}"):
        machine("visits", steps, TABLES)


def test_the_sql_of_a_machine_is_one_line(emitted: dict[str, Any]) -> None:
    """A line end in a plain value is not valid; `visits_gate` asks with and without a clock."""
    asked = [s["Arguments"]["QueryString"] for n, s in states(emitted) if n.startswith("Ask")]
    assert "SELECT n FROM gold.visits_daily WHERE n < 0" in asked
    assert all("\n" not in sql for sql in asked)
    assert json.loads(text_of(emitted)) == emitted
