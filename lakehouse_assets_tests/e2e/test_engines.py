"""Glue's Spark and the function take turns on the tables of one lake, and what goes wrong in a Glue job is told."""

from __future__ import annotations

import sys
import time

import pytest

from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import Execution, Production
from lakehouse_assets_tests.e2e.small import batch, wrong_orders

SECONDS = 900
"""Spark alone takes a minute to start on a machine that does other things."""


def loaded(production: Production, number: int, engine: str) -> Execution:
    """An execution that loads a batch with one engine."""
    production.land(batch(number))
    return production.wait(production.start("ecommerce", {"engine": engine}), SECONDS)


def test_spark_and_the_function_write_the_same_tables_by_turns(production: Production) -> None:
    """A batch on Glue and one in the function: each order is there once, and both say what they cost."""
    begun, costs = time.monotonic(), {}
    for number, engine in ((30, "glue"), (31, "lambda")):
        done = loaded(production, number, engine)
        assert (done.status, done.cause) == ("SUCCEEDED", "")
        assert ("RunGlueJob" in done.states, "LoadSmallBatch" in done.states) == (engine == "glue", engine == "lambda")
        report = production.report(done.name)
        costs[engine] = (report["timings"]["load"], sum(line["usd"] for line in report["costs"]))
        whole, begun = time.monotonic() - begun, time.monotonic()
        sys.stdout.write(f"{engine}: load {costs[engine][0]:.1f} s, run {whole:.0f} s, {costs[engine][1]:.4f} US$\n")
    orders = [int(row[0]) for row in contents(production.lake)["clean_orders"]]
    wanted = [100 * number + i for number in (30, 31) for i in (1, 2, 3)]
    assert [orders.count(order) for order in wanted] == [1] * 6
    assert all(seconds > 0 and usd > 0 for seconds, usd in costs.values())
    production.told()


def test_a_load_that_fails_on_glue_is_told_by_its_own_sentence(production: Production) -> None:
    """The job's last line comes back as the class and the words that it raised; the next run repairs."""
    production.sleeping()
    production.put("orders/wrong-on-glue.csv", wrong_orders(33, bad=20, good=1))
    done = production.wait(production.start("ecommerce", {"engine": "glue"}), SECONDS)
    (message,) = production.told()
    assert (done.status, done.error) == ("FAILED", "RejectRatioExceeded")
    assert "failed in RunGlueJob: `clean_orders`: 20 of 21 rows" in message.body
    assert production.landed() == ["orders/wrong-on-glue.csv"]
    assert production.run("ecommerce", {"max_reject_ratio": 1}).status == "SUCCEEDED"
    production.told()


@pytest.mark.e2e_all
def test_a_job_that_takes_too_long_is_told_and_lets_go(production: Production) -> None:
    """Glue ends it at its own time-out, before the state's; nothing is held or archived, and the next run loads."""
    production.emulator.control(minute_seconds=0.2)
    done = loaded(production, 34, "glue")
    production.emulator.control(minute_seconds=60)
    (message,) = production.told()
    assert done.status == "FAILED"
    assert "failed in RunGlueJob: Job run timed out" in message.body
    assert (production.holder(), len(production.landed())) == (None, 3)
    assert production.run("ecommerce").status == "SUCCEEDED"
    assert [int(row[0]) for row in contents(production.lake)["clean_orders"]].count(3401) == 1
    production.told()


@pytest.mark.e2e_all
def test_a_tick_of_the_scheduler_starts_a_run_of_its_own(production: Production) -> None:
    """The daily schedule fires by the emulator's clock; the run is named after the tick, which nobody else can have."""
    before = set(production.executions("ecommerce"))
    with production.tick_at("ecommerce_daily", 6):
        production.until(lambda: set(production.executions("ecommerce")) - before, 60)
    (arn,) = set(production.executions("ecommerce")) - before
    done = production.wait(arn)
    tick = str(done.output["run_id"]).removeprefix("ecommerce-")
    assert (done.status, tick[10:]) == ("SUCCEEDED", "T06-00-00Z")
    again = production.run("ecommerce", {"tick": f"{tick[:10]}T06:00:00Z"})
    assert (again.status, again.output["status"]) == ("SUCCEEDED", "already_run")
    production.told()
