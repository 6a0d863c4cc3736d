"""Executions that really fail: each ends FAILED with one message that names state and cause; the next run repairs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse_assets_tests.e2e import breaking
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import Execution, Production
from lakehouse_assets_tests.e2e.small import batch, wrong_orders


@pytest.fixture(autouse=True)
def emptied(production: Production) -> Iterator[None]:
    """What a test leaves in landing or unread fails no other test."""
    yield
    for key in production.landed():
        production.remove(key)
    # A message that the topic refused would be told by the next test's run.
    production.clear("notifications/ecommerce/untold/")
    production.told()


@pytest.fixture(scope="module", autouse=True)
def stocked(production: Production) -> None:
    """A batch is in all tables before anything fails, and what lands wakes nobody."""
    production.land(batch(8))
    done = production.run("ecommerce")
    assert (done.status, done.cause) == ("SUCCEEDED", "")
    production.told()


def require_told(production: Production, done: Execution, state: str, cause: str) -> None:
    """Hold that an execution failed, that one message told it, and that nothing is held or archived."""
    (message,) = production.told()
    assert done.status == "FAILED", done
    assert message.attributes["kind"] == "run_failed"
    assert f"failed in {state}: {cause}" in message.body
    assert message.subject == f"ecommerce: run failed in {state}"
    assert production.holder() is None
    assert production.report(done.name)["failure"]["message"].startswith(cause)


def require_repaired(production: Production, number: int, **asked: object) -> None:
    """Hold that the next run loads the batch."""
    assert production.run("ecommerce", asked).status == "SUCCEEDED"
    orders = {row[0] for row in contents(production.lake)["clean_orders"]}
    assert orders >= {str(100 * number + i) for i in (1, 2, 3)} or orders >= {100 * number + i for i in (1, 2, 3)}
    assert production.landed() == []
    production.told()


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ({"mode": "lode"}, "mode is `lode`, allowed is load, replay, reprocess"),
        ({"moed": "load"}, "a run cannot be asked `moed`"),
        ({"as_of": "yesterday"}, "as_of is `yesterday`, allowed is a moment such as"),
        ({"mode": "reprocess", "date": "1999-01-01"}, "nothing was archived on 1999-01-01"),
    ],
)
def test_an_input_that_means_nothing_is_refused(production: Production, asked: dict[str, str], cause: str) -> None:
    """The sentence is the one that the command line prints."""
    require_told(production, production.run("ecommerce", asked), "PlanRun", cause)


def test_more_rejects_than_allowed_stop_the_load(production: Production) -> None:
    """Nothing is written; with a higher limit the same files are loaded."""
    production.land(batch(2))
    production.put("orders/wrong.csv", wrong_orders(2, bad=20, good=1))
    before = contents(production.lake)["clean_orders"]
    done = production.run("ecommerce")
    require_told(production, done, "LoadSmallBatch", "`clean_orders`: 20 of ")
    assert contents(production.lake)["clean_orders"] == before
    assert len(production.landed()) == 4
    require_repaired(production, 2, max_reject_ratio=1)


def test_a_blocking_check_stops_gold(production: Production) -> None:
    """An order that stands in silver twice is found; once it is gone the next run goes on."""
    production.land(batch(3))
    gold = contents(production.lake)["daily_sales"]
    with breaking.silver(production, "clean_orders"):
        done = production.run("ecommerce")
        require_told(production, done, "JudgeAthenaValidationSilver", "check `clean_orders.keys_unique`")
    assert contents(production.lake)["daily_sales"] == gold
    require_repaired(production, 3)


def test_a_merge_that_fails_is_told_in_athenas_words(production: Production) -> None:
    """A lost metadata file of one gold table fails its MERGE; the file put back, the next run builds it."""
    production.land(batch(4))
    with breaking.metadata(production, "ecommerce_gold.user_orders"):
        done = production.run("ecommerce")
    assert done.status == "FAILED"
    (message,) = production.told()
    assert "failed in MergeUserOrders: " in message.body
    assert message.attributes["kind"] == "run_failed"
    assert len(production.landed()) == 3
    require_repaired(production, 4)


def test_an_archive_that_cannot_start_is_told_in_the_services_words(production: Production) -> None:
    """All is loaded and nothing is archived; the next run finds the files where they were."""
    production.land(batch(9))
    with breaking.function(production, "Moves3Objects"):
        done = production.run("ecommerce")
    (message,) = production.told()
    assert (done.status, message.subject) == ("FAILED", "ecommerce: run failed in ArchiveProcessedFiles")
    assert "gone" in message.body
    assert len(production.landed()) == 3
    require_repaired(production, 9)


def test_a_stopped_execution_is_told_and_lets_go(production: Production) -> None:
    """A stop runs no Catch; the rule on its status gives the lease back and tells once."""
    production.land(batch(5))
    arn = production.start("ecommerce")
    production.until(lambda: "LoadSmallBatch" in production.states(arn))
    production.machines.stop_execution(executionArn=arn)
    assert production.wait(arn).status == "ABORTED"
    production.until(lambda: production.holder() is None)
    messages = production.told_at_last()
    assert [message.attributes["kind"] for message in messages] == ["execution_ended"]
    assert "LoadSmallBatch: the execution was stopped" in messages[0].body
    require_repaired(production, 5)


def test_a_topic_that_refuses_fails_the_execution(production: Production) -> None:
    """Everything is loaded and recorded, and the execution does not end as if somebody knew."""
    production.forget_told()
    production.land(batch(6))
    with breaking.topic(production):
        done = production.run("ecommerce")
    assert done.status == "FAILED"
    assert not done.cause.startswith("told: ")
    assert production.landed() == []
    assert production.holder() is None


def test_two_executions_at_once_take_turns(production: Production) -> None:
    """The second waits for the lease of the first, and finds nothing to do."""
    production.land(batch(7))
    with production.pauses(0.2):
        arns = [production.start("ecommerce") for _ in range(2)]
        ends = [production.wait(arn) for arn in arns]
    assert [(one.status, one.cause) for one in ends] == [("SUCCEEDED", "")] * 2
    assert sorted(one.output["status"] for one in ends) == ["nothing_to_do", "succeeded"]
    production.told()
