"""Parts of an installation that are broken or taken: one message names the state, and the next run repairs."""

from __future__ import annotations

import re
import time

import pytest

from lakehouse_assets.compute.telling import BEING_DELIVERED
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.e2e import breaking
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import Execution, Production
from lakehouse_assets_tests.e2e.small import batch, wrong_orders

pytestmark = pytest.mark.e2e_all


@pytest.fixture(scope="module", autouse=True)
def quiet(production: Production) -> None:
    """What was left in landing by other tests is loaded, and nothing is to be told of it."""
    production.land(batch(8))
    assert production.run("ecommerce").status == "SUCCEEDED"
    production.told()


def require_told(production: Production, done: Execution, state: str, words: str) -> None:
    """Hold that an execution failed and that one message names the state, which is a pattern."""
    (message,) = production.told()
    assert done.status == "FAILED", done
    assert re.search(rf"failed in {state}: ", message.body)
    assert words in message.body


def require_repaired(production: Production, number: int) -> None:
    """Hold that the next run loads a batch, each order once, and archives it."""
    done = production.run("ecommerce")
    assert done.status == "SUCCEEDED", done
    orders = [int(row[0]) for row in contents(production.lake)["clean_orders"]]
    assert [orders.count(100 * number + i) for i in (1, 2, 3)] == [1, 1, 1]
    assert production.landed() == []
    assert production.holder() is None
    production.told()


def test_a_lease_that_another_run_keeps_is_waited_for_and_named(production: Production) -> None:
    """Nothing is planned or taken from the holder; once it lets go the next run loads."""
    production.land(batch(60))
    with Lease(open_store(production.lake), "ecommerce").acquire("somebody-else", hold_seconds=3600):
        done = production.run("ecommerce")
        assert production.holder() == "somebody-else"
    require_told(production, done, "PlanRun", "somebody-else")
    assert len(production.landed()) == 3
    require_repaired(production, 60)


def test_a_manifest_that_is_overwritten_is_refused_by_the_job(production: Production) -> None:
    """The job tells what it cannot read, and is not tried again."""
    production.land(batch(61))
    arn = production.start("ecommerce", {"engine": "glue"})
    production.until(lambda: "RunGlueJob" in production.states(arn))
    (key,) = [
        f"runs/ecommerce/{name}"
        for name in production.keys(production.outputs["LakeBucket"], "runs/ecommerce/")
        if name == f"{arn.rpartition(':')[2]}/manifest.json"
    ]
    production.s3.put_object(Bucket=production.outputs["LakeBucket"], Key=key, Body=b"[1, 2")
    done = production.wait(arn)
    require_told(production, done, "RunGlueJob", "manifest")
    assert done.states.count("RunGlueJob") == 1
    require_repaired(production, 61)


@pytest.mark.parametrize(
    ("number", "function", "state"),
    [
        (62, "DeclareTables", "DeclareTables"),
        (66, "LoadOutcome", "LoadOutcome"),
        (67, "RenderModel", r"Render\w+"),
        (68, "AcknowledgeModel", r"Acknowledge\w+"),
        (69, "JudgeChecks", "JudgeAthenaValidationSilver"),
    ],
)
def test_a_function_that_cannot_start_is_told_and_archives_nothing(
    production: Production, number: int, function: str, state: str
) -> None:
    """The service's own words are in the message; the files are still in landing for the next run."""
    production.land(batch(number))
    # Declarations are remembered; one that is forgotten has to be made again.
    if function == "DeclareTables":
        production.clear("catalog/")
    with breaking.function(production, function):
        done = production.run("ecommerce")
    require_told(production, done, state, "gone")
    assert len(production.landed()) == 3
    require_repaired(production, number)


def test_a_declaration_that_athena_refuses_is_told_in_its_words(production: Production) -> None:
    """A workgroup that is switched off: nothing is archived, and once it is on its tables are declared."""
    production.land(batch(70))
    with breaking.workgroup(production):
        done = production.run("ecommerce")
    require_told(production, done, "RunDeclaration", "is disabled")
    assert len(production.landed()) == 3
    require_repaired(production, 70)


def test_a_database_that_somebody_has_dropped_is_made_again(production: Production) -> None:
    """The next run declares every table of it, although nothing of them has changed."""
    glue = production.client("glue")
    before = {one["Name"] for one in glue.get_tables(DatabaseName="delta_lakehouse")["TableList"]}
    glue.delete_database(Name="delta_lakehouse")
    production.land(batch(72))
    require_repaired(production, 72)
    assert {one["Name"] for one in glue.get_tables(DatabaseName="delta_lakehouse")["TableList"]} == before


def test_a_check_of_gold_is_told(production: Production) -> None:
    """A person who stands in gold twice is found by a replay, which asks whole tables; then the next run loads."""
    production.land({"orders/71.csv": wrong_orders(71, bad=1, good=1)})
    assert production.run("ecommerce", {"max_reject_ratio": 1}).status == "SUCCEEDED"
    production.told()
    with breaking.gold(production, "user_orders", user_id="1"):
        done = production.run("ecommerce", {"mode": "replay"})
    require_told(production, done, "JudgeAthenaValidationGold", "check `user_orders.keys_unique` failed: 1 row")
    production.land(batch(71))
    require_repaired(production, 71)


def test_a_run_that_cannot_be_recorded_is_told_all_the_same(production: Production) -> None:
    """The message is composed by the machine itself, and the rule on its status gives the lease back."""
    production.land(batch(64))
    with breaking.function(production, "RecordRun"):
        done = production.run("ecommerce")
        require_told(production, done, "RecordSuccess", "gone")
        production.until(lambda: production.holder() is None)
    assert production.told() == []
    assert production.run("ecommerce").status == "SUCCEEDED"
    production.told()


def test_a_job_that_has_no_room_is_asked_for_again_and_then_told(production: Production) -> None:
    """It waits as long as a load may take, and the batch comes with the next run."""
    production.land(batch(65))
    with breaking.room(production):
        done = production.run("ecommerce", {"engine": "glue"})
    require_told(production, done, "RunGlueJob", "oncurrent")
    require_repaired(production, 65)


def test_what_the_topic_refused_is_told_by_a_later_run(production: Production) -> None:
    """The message is kept in the lake; whoever comes when it is no longer being delivered sends it once, as late."""
    production.forget_told()
    production.land(batch(73))
    with breaking.topic(production):
        failed = production.run("ecommerce")
    assert (failed.status, production.told()) == ("FAILED", [])
    time.sleep(BEING_DELIVERED.total_seconds() + 1)
    production.land(batch(74))
    assert production.run("ecommerce").status == "SUCCEEDED"
    late = [one for one in production.told() if one.attributes["run_id"] == failed.name]
    assert len(late) == 1
    assert production.run("ecommerce").status == "SUCCEEDED"
    assert [one for one in production.told() if one.attributes["run_id"] == failed.name] == []
