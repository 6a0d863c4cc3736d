"""Executions of the report's machine that really fail: one message with state and cause each, and the next run repairs.

The same days are pulled and reported again by every run, so that a repaired run has something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest

from lakehouse_assets.affise.simulator.running import Simulator
from lakehouse_assets_tests.e2e import breaking
from lakehouse_assets_tests.e2e.production import Execution, Production

ALL = pytest.mark.e2e_all
AT = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
REPORT = "reports/Sub5-2026-03-09.csv"
Failing = Callable[[Production, Simulator], AbstractContextManager[None]]


def run(production: Production, account: Simulator, **asked: str) -> Execution:
    """A run at a moment when the account's days are over."""
    account.clock.set(AT)
    return production.run("marketing", {"as_of": AT.isoformat()} | asked)


@contextmanager
def api_down(production: Production, account: Simulator) -> Iterator[None]:
    """Every answer of the account is an error."""
    del production
    account.faults.turn_on("server-error:times=0")
    yield
    account.faults.turn_off("server-error")


@contextmanager
def key_refused(production: Production, account: Simulator) -> Iterator[None]:
    """The secret holds another key than the account knows."""
    production.tell_secrets("0" * 32)
    yield
    production.tell_secrets(account.key)


@contextmanager
def slices_refused(production: Production, account: Simulator) -> Iterator[None]:
    """The plan is answered, and what it names is not."""
    del production
    account.faults.turn_on("server-error:endpoint=stats/conversions,skip=5,times=0")
    yield
    account.faults.turn_off("server-error")


@contextmanager
def lists_refused(production: Production, account: Simulator) -> Iterator[None]:
    """The account answers everything but the list of its offers."""
    del production
    account.faults.turn_on("server-error:endpoint=offers,skip=1,times=0")
    yield
    account.faults.turn_off("server-error")


def broken(function: str) -> Failing:
    """A function is deployed with a handler that it does not have."""
    return lambda production, _: breaking.function(production, function)


def athena_off(production: Production, account: Simulator) -> AbstractContextManager[None]:
    """Somebody has switched the workgroup off."""
    del account
    return breaking.workgroup(production)


def without_metadata(production: Production, account: Simulator) -> AbstractContextManager[None]:
    """The newest metadata file of a gold table is lost."""
    del account
    return breaking.metadata(production, "affise_data_fusion.daily_affiliate_performance")


def click_twice(production: Production, account: Simulator) -> AbstractContextManager[None]:
    """A click stands in silver twice."""
    del account
    return breaking.silver(production, "clicks", "marketing")


def gold_twice(production: Production, account: Simulator) -> AbstractContextManager[None]:
    """A row stands in gold twice."""
    del account
    return breaking.gold(production, "daily_affiliate_performance", "marketing")


@pytest.fixture(scope="module", autouse=True)
def reported(production: Production, account: Simulator) -> None:
    """A run has gone well, so that there is a report which a failed one must not touch."""
    production.sleeping()
    if not production.keys(production.outputs["LakeBucket"], REPORT):
        assert run(production, account).status == "SUCCEEDED"
    production.told()


def require_repaired(production: Production, account: Simulator) -> None:
    """Hold that the next run ends well and exports."""
    done = run(production, account)
    assert (done.status, done.cause) == ("SUCCEEDED", ""), done
    assert "ExportSub5Report" in done.states
    assert production.holder("marketing") is None
    production.told()


@pytest.mark.parametrize(
    ("failing", "state", "cause"),
    [
        pytest.param(api_down, "PlanAffisePull", "gave no usable answer", marks=ALL),
        (key_refused, "PlanAffisePull", "AFFISE_API_KEY"),
        pytest.param(lists_refused, "AdstartUpdateDimensionTables", "offers", marks=ALL),
        pytest.param(slices_refused, "PullAffiseSlices", "stats/conversions", marks=ALL),
        pytest.param(broken("NameAffisePages"), "NameAffisePages", "gone", marks=ALL),
        pytest.param(broken("LoadSmallBatch"), "LoadSmallBatch", "gone", marks=ALL),
        pytest.param(athena_off, "RunDeclaration", "is disabled", marks=ALL),
        pytest.param(click_twice, "JudgeAthenaValidationSilver", "check `clicks.keys_unique` failed: 1 row", marks=ALL),
        pytest.param(without_metadata, "MergeDailyAffiliatePerformance", "metadata", marks=ALL),
        pytest.param(
            gold_twice,
            "JudgeAthenaValidationGold",
            "check `daily_affiliate_performance.keys_unique` failed: 1 row",
            marks=ALL,
        ),
        pytest.param(broken("CommitAffiseWatermark"), "CommitAffiseWatermark", "gone", marks=ALL),
        (broken("export-sub5-report"), "ExportSub5Report", "gone"),
    ],
)
def test_a_failure_is_told_once_and_the_report_stays(
    production: Production, account: Simulator, failing: Failing, state: str, cause: str
) -> None:
    """Nothing is exported or held, the message names state and cause, and the next run ends well."""
    before = production.read(REPORT)
    with failing(production, account):
        # A replay asks whole tables: a row that no run has touched is not looked at otherwise.
        done = run(production, account, **{"mode": "replay"} if failing in {click_twice, gold_twice} else {})
    (message,) = production.told()
    assert done.status == "FAILED", done
    assert message.subject == f"marketing: run failed in {state}"
    assert cause in message.body.partition("\n")[0]
    assert production.read(REPORT) == before
    assert production.holder("marketing") is None
    require_repaired(production, account)


@ALL
def test_a_run_that_cannot_be_recorded_is_told_and_lets_go(production: Production, account: Simulator) -> None:
    """The machine composes the message itself, and the rule on its status gives the lease back."""
    with breaking.function(production, "RecordRun"):
        done = run(production, account)
        (message,) = production.told()
        assert (done.status, message.subject) == ("FAILED", "marketing: run failed in RecordSuccess")
        production.until(lambda: production.holder("marketing") is None)
    require_repaired(production, account)


@ALL
def test_a_topic_that_refuses_fails_the_execution(production: Production, account: Simulator) -> None:
    """The report is exported and nothing is held, but the execution does not end as if somebody knew."""
    production.forget_told("marketing")
    with breaking.topic(production):
        done = run(production, account)
    assert done.status == "FAILED"
    assert not done.cause.startswith("told: ")
    assert production.holder("marketing") is None
    require_repaired(production, account)


@ALL
def test_a_stopped_execution_is_told_and_lets_go(production: Production, account: Simulator) -> None:
    """A stop in the middle of the pull runs no Catch; the rule on its status tells once, and bronze is pulled anew."""
    account.clock.set(AT)
    before = production.read(REPORT)
    arn = production.start("marketing", {"as_of": AT.isoformat()})
    production.until(lambda: "PullAffiseSlices" in production.states(arn))
    production.machines.stop_execution(executionArn=arn)
    assert production.wait(arn).status == "ABORTED"
    production.until(lambda: production.holder("marketing") is None)
    messages = production.told_at_last()
    assert [message.attributes["kind"] for message in messages] == ["execution_ended"]
    assert "the execution was stopped" in messages[0].body
    assert production.read(REPORT) == before
    require_repaired(production, account)
