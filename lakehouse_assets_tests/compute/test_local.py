"""The load on this machine is what the task declares: the same arguments that the Glue job gets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from lakehouse_assets.compute.local import LocalConfig, LocalServices
from lakehouse_assets.compute.reports import FACTS, LOAD
from lakehouse_assets.compute.tasks import GlueTask
from lakehouse_assets.core.request import parse_request
from lakehouse_assets.ecommerce import pipeline as ecommerce
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.oracle.loading import SOME_DAY

ZONE = "Europe/Berlin"
ORDER = "order_num,order_id,user_id,order_timestamp,total_amount,date\n1,o1,u1,2025-04-01T00:30,1.00,2025-04-01\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LocalServices]:
    """Services in Berlin; an order of half past midnight there is planned as run r1."""
    lake, landing = open_lake(str(tmp_path / "lake")), tmp_path / "landing"
    (landing / "orders").mkdir(parents=True)
    (landing / "orders/1.csv").write_text(ORDER)
    os.utime(landing / "orders/1.csv", (SOME_DAY.timestamp(), SOME_DAY.timestamp()))
    config = LocalConfig(
        pipeline="ecommerce",
        lake=lake,
        landing=str(landing),
        zone=ZONE,
        memory="500MB",
        threads=1,
        open_engine=lambda: DuckEngine(lake, zone=ZONE, threads=1),
    )
    services = LocalServices(config, "r1")
    services.begin(parse_request({"as_of": "2025-04-06T02:00:00+02:00"}))
    services.invoke(ecommerce.PLAN)
    yield services
    services.close()


def changed(**arguments: str) -> GlueTask:
    """The declared load with other arguments; an empty one is left out."""
    new = ecommerce.LOAD.arguments | {f"--{name.replace('_', '-')}": value for name, value in arguments.items()}
    return replace(ecommerce.LOAD, arguments={name: value for name, value in new.items() if value})


def test_the_declared_load_reads_in_the_configured_zone(here: LocalServices) -> None:
    """Half past midnight in Berlin is its own day there, so the row is no mismatch; the report is kept."""
    report = here.run_job(ecommerce.LOAD)
    assert report.tables["clean_orders"].counts.inserted == 1
    assert here.run.read(LOAD) == orjson.loads(orjson.dumps(report))


def test_a_load_without_a_zone_is_not_run_in_another_one(here: LocalServices) -> None:
    """The Glue job would read it in UTC, so this machine does not read it in Berlin."""
    with pytest.raises(BadRequest, match="--source-timezone is `UTC`, but the engine reads in `Europe/Berlin`"):
        here.run_job(changed(source_timezone=""))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"run_id": "r9"}, "--run-id is `r9`"),
        ({"run_mode": "replay"}, "--run-mode is `replay`"),
        ({"run_mode": "sideways"}, "job `Lakehouse`: argument --run-mode: invalid choice"),
        ({"lake_root": ""}, "job `Lakehouse`: the following arguments are required: --lake-root"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(here: LocalServices, arguments: dict[str, str], words: str) -> None:
    """What the job would refuse on Glue is refused here, before anything is loaded."""
    with pytest.raises(BadRequest, match=words):
        here.run_job(changed(**arguments))
    assert here.run.read(LOAD) is None


def test_what_the_plan_gives_is_known_to_later_tasks(here: LocalServices) -> None:
    """Fields of the plan's answer fill the braces of what follows, in the place of what was asked for."""
    assert here.run.read(FACTS) == {
        "manifest": "runs/ecommerce/r1/manifest.json",
        "as_of": "2025-04-06T00:00:00+00:00",
        "since": "1970-01-01T00:00:00+00:00",
    }
