"""The emitted machines: current, valid, and sound in their structure; what only e-commerce's has, of that one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets import errors
from lakehouse_assets.contracts import contracts
from lakehouse_assets_tests.stepfunctions.walk import scopes, states, targets
from stepfunctions import calls, emit
from stepfunctions.builder import named
from stepfunctions.emit import EMITTED

ROOT = Path(__file__).parents[2]
MACHINE = json.loads((EMITTED / "ecommerce.asl.json").read_text("utf-8"))
STATES = states(MACHINE)
MACHINES = {
    path.name.partition(".")[0]: json.loads(path.read_text("utf-8")) for path in sorted(EMITTED.glob("*.asl.json"))
}
EVERY = [(f"{name} {state}", found) for name, machine in MACHINES.items() for state, found in states(machine)]
SCOPES = [pytest.param(s, id=f"{name} {s['StartAt']}") for name, machine in MACHINES.items() for s in scopes(machine)]
WORKING = [pytest.param(s, id=n) for n, s in EVERY if s["Type"] in {"Task", "Parallel", "Map"}]
TASKS = [pytest.param(s, id=n) for n, s in EVERY if s["Type"] == "Task"]
machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())


def test_the_committed_machines_are_current() -> None:
    """What is committed is what the asset graph says; `lakehouse emit` writes it."""
    assert emit.check() == []


def test_write_says_what_it_changed(tmp_path: Path) -> None:
    """A first write changes all, a second nothing, and a machine without a pipeline is removed."""
    first = emit.write(tmp_path)
    machines = ["ecommerce.asl.json", "marketing.asl.json", "marketing_intraday.asl.json"]
    assert [path.name for path in first] == [*machines, "schedules.json", "triggers.json"]
    assert emit.write(tmp_path) == []
    (tmp_path / "gone.asl.json").write_text("{}")
    assert [path.name for path in emit.check(tmp_path)] == ["gone.asl.json"]
    assert emit.write(tmp_path) == [tmp_path / "gone.asl.json"]
    assert not (tmp_path / "gone.asl.json").exists()


def test_a_machine_is_sorted_and_indented() -> None:
    """The same graph gives the same bytes, whatever order sets had."""
    text = (EMITTED / "ecommerce.asl.json").read_text("utf-8")
    assert text == json.dumps(MACHINE, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.node
def test_the_validator_accepts_every_machine() -> None:
    """Npm's asl-validator finds nothing wrong (`npm ci` brings it)."""
    tool = ROOT / "node_modules/.bin/asl-validator"
    for path in EMITTED.glob("*.asl.json"):
        done = subprocess.run([tool, "--json-path", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("scope", SCOPES)
def test_every_target_exists_and_every_state_is_reached(scope: dict[str, Any]) -> None:
    """From the first state of a machine or branch all of its states can be reached, and nothing else."""
    seen, todo = set(), {scope["StartAt"]}
    while todo:
        seen |= todo
        todo = {target for name in todo for target in targets(scope["States"][name])} - seen
    assert seen == set(scope["States"])


@machines
def test_names_are_unique_and_short(machine: dict[str, Any]) -> None:
    """No two states of a machine share a name, and none is longer than 80 characters."""
    names = [name for name, _ in states(machine)]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 80


@pytest.mark.parametrize("state", TASKS)
def test_every_task_has_a_time_out_and_retries(state: dict[str, Any]) -> None:
    """No task waits for ever, and each is tried again at least once after somebody's hiccup."""
    assert 0 < state["TimeoutSeconds"] <= 14_400
    assert state["Retry"]
    assert all(retry["MaxAttempts"] >= 1 and retry["IntervalSeconds"] >= 1 for retry in state["Retry"])
    assert all(retry["MaxDelaySeconds"] > retry["IntervalSeconds"] for retry in state["Retry"])


@machines
def test_a_queued_job_is_waited_for_beside_its_own_time_out(machine: dict[str, Any]) -> None:
    """Half an hour for the job, and as long for Glue's queue; the whole execution ends some day as well."""
    assert machine["States"]["RunGlueJob"]["TimeoutSeconds"] == 1800 + 1800
    assert machine["TimeoutSeconds"] > 4 * 24 * 60 * 60


@pytest.mark.parametrize("state", WORKING)
def test_every_error_is_caught(state: dict[str, Any]) -> None:
    """Whatever goes wrong leads to a state that handles it; what is caught before by name leads to another one."""
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert all("States.ALL" not in catch["ErrorEquals"] for catch in state["Catch"][:-1])


@machines
def test_every_failure_is_told_before_the_machine_fails(machine: dict[str, Any]) -> None:
    """Only the message's state leads to a Fail, another when it was refused, and what people know."""
    top = machine["States"]
    assert [name for name, state in top.items() if state["Type"] == "Fail"] == ["Failed", "FailedUntold"]
    before = [name for name, state in top.items() if "Failed" in targets(state)]
    assert before == ["IsFailureNews", "PublishFailureNotification"]
    untold = [name for name, state in top.items() if "FailedUntold" in targets(state)]
    assert untold == ["PublishFailureNotification", "PublishSuccessNotification"]
    assert all(top[name]["Resource"] == "arn:aws:states:::sns:publish" for name in untold)


@machines
def test_every_end_is_recorded(machine: dict[str, Any]) -> None:
    """A run ends behind the state that records it, but for one whose tick another run has taken."""
    top = machine["States"]
    for end, record in (
        ("Succeeded", "RecordSuccess"),
        ("NothingToDo", "RecordNothingToDo"),
        ("Failed", "RecordFailure"),
    ):
        before = {name for name, state in top.items() if end in targets(state)}
        ways = before if record in before else {name for b in before for name, s in top.items() if b in targets(s)}
        assert record in ways
    assert {name for name, state in top.items() if state["Type"] == "Succeed"} == {
        "AlreadyRun",
        "NothingToDo",
        "Succeeded",
    }


@machines
def test_a_machine_uses_no_other_services_than_its_role_allows(machine: dict[str, Any]) -> None:
    """All integrations are in the list that the role is made of."""
    used = {state["Resource"] for _, state in states(machine) if state["Type"] == "Task"}
    assert used <= set(calls.INTEGRATIONS.values())
    assert not any("crawler" in resource.lower() for resource in used)


@machines
def test_lease_and_capacity_are_waited_for_as_long_as_a_load_may_take(machine: dict[str, Any]) -> None:
    """The pauses of these retries add up to half an hour at least, whatever the luck."""
    waits = {"LeaseHeld", "Lambda.TooManyRequestsException", "Glue.ConcurrentRunsExceededException"}
    waits |= {"Athena.TooManyRequestsException"}
    met = set()
    for _, state in states(machine):
        for retry in state.get("Retry", []):
            if waits & set(retry["ErrorEquals"]):
                met |= waits & set(retry["ErrorEquals"])
                assert retry["JitterStrategy"] == "NONE"
                assert sum(pauses(retry)) >= 1800
    assert met == waits


def pauses(retry: dict[str, Any]) -> list[float]:
    """The pauses of a retry without jitter."""
    grown = (retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"]))
    return [min(seconds, retry["MaxDelaySeconds"]) for seconds in grown]


@machines
def test_every_catch_says_where_the_failure_was(machine: dict[str, Any]) -> None:
    """The state's own name is in what its catch hands on; a check's error is an outcome instead."""
    for name, state in states(machine):
        for catch in state.get("Catch", []):
            if name.startswith(("Ask", "Read", "GetFailureOf")) or name in {
                "RecordFailure",
                "PublishFailureNotification",
            }:
                continue
            assert f'"{name}"' in catch["Output"], name


def own(names: list[str]) -> set[str]:
    """Error names without a service before them: those of our tree."""
    return {name for name in names if "." not in name}


def test_functions_are_tried_again_after_exactly_the_transient_errors() -> None:
    """Names in a Retry are the names of the classes below Transient; none of Terminal is among them."""
    leaves = {k.__name__ for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.Transient)}
    for _, state in EVERY:
        if state.get("Resource", "").endswith("lambda:invoke"):
            assert own([n for retry in state["Retry"] for n in retry["ErrorEquals"]]) == leaves - {"Transient"}


def test_an_acknowledgement_that_met_another_one_is_tried_again() -> None:
    """Gold tables are acknowledged side by side, so a held lease and a lost race for a commit are in the Retry."""
    tells = [state for name, state in STATES if name.startswith("Acknowledge")]
    assert len(tells) == len([name for name in contracts("ecommerce") if name.startswith("gold.")])
    for state in tells:
        assert {"LeaseHeld", "CommitConflict"} <= {n for retry in state["Retry"] for n in retry["ErrorEquals"]}


def test_each_assertion_of_the_contracts_is_asked_once() -> None:
    """Every assertion of silver and gold has its state, and no other is asked."""
    asked = sorted(name for name, _ in STATES if name.startswith("Ask"))
    wanted = [named("Ask", f"{t} {rule.code}") for t, c in contracts("ecommerce").items() for rule in c.assertions]
    assert asked == sorted(wanted)


def test_landing_is_moved_last() -> None:
    """The archive begins after the gold assertions were judged, and only the record and a message follow it."""
    top = MACHINE["States"]
    assert top["JudgeAthenaValidationGold"]["Next"] == "BeginArchiveProcessedFiles"
    assert targets(top["IsDoneArchiveProcessedFiles"]) == {"ArchiveProcessedFiles", "RecordSuccess"}
    assert top["RecordSuccess"]["Next"] == "IsSuccessNews"
    assert targets(top["IsSuccessNews"]) == {"PublishSuccessNotification", "Succeeded"}


@machines
def test_what_belongs_to_an_account_is_a_substitution(machine: dict[str, Any]) -> None:
    """Places, zone, workgroup and topic come from CloudFormation's DefinitionSubstitutions; nothing else does."""
    text = json.dumps(machine)
    found = {part.split("}")[0] for part in text.split("${")[1:]}
    assert found == calls.SUBSTITUTIONS - {"CrawlerName"}
    assert "arn:aws:lambda" not in text
    assert "s3://" not in text
