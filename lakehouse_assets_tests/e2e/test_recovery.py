"""What is done when something of an installation is lost, and what another choice of the deployment changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infrastructure.build import Wanted
from infrastructure.deploy import Deployment, deploy
from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import silver_tables
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import ENV, Production
from lakehouse_assets_tests.e2e.small import batch
from lakehouse_assets_tests.emulator.running import ROOT, variables_for


def loaded(production: Production, number: int) -> tuple[str, ...]:
    """The states of an execution that loaded a batch."""
    production.land(batch(number))
    done = production.run("ecommerce")
    assert (done.status, done.cause) == ("SUCCEEDED", "")
    production.told()
    return done.states


@pytest.mark.e2e_all
def test_silver_that_is_lost_is_made_anew_from_the_archive(production: Production) -> None:
    """The drill: every object of silver is deleted, one command makes it anew, and all tables are as before."""
    loaded(production, 40)
    before, lake = contents(production.lake), open_lake(production.lake)
    for contract in silver_tables(contracts("ecommerce")):
        production.clear(f"{lake.key(contract)}/")
    begun = time.monotonic()
    command = [
        str(ROOT / ".venv/bin/lakehouse"),
        "rebuild",
        "silver",
        "--pipeline",
        "ecommerce",
        "--lake",
        production.lake,
    ]
    environment = {**os.environ, **variables_for(production.emulator.url), "HOME": str(ROOT / "build")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.stdout.write(f"rebuilt in {time.monotonic() - begun:.0f} s\n")
    assert contents(production.lake) == before
    assert "RunAthenaValidationSilver" in loaded(production, 41)


@contextmanager
def crawling(production: Production) -> Iterator[None]:
    """A deployment whose catalog is filled by the crawler; its machines pause, so that a crawl can end meanwhile."""
    with production.pauses(0.05):
        redeploy(production, "crawler")
        try:
            yield
        finally:
            redeploy(production, "declared")


def redeploy(production: Production, catalog: str) -> None:
    """Deploy the installation once more with another way to fill its catalog."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = Wanted(python=python, engine_zip=True, wheels=False, catalog=catalog)
    deploy(Deployment(ENV, {**production.parameters}, wanted, is_agreed=True))


@contextmanager
def crawling_nowhere(production: Production) -> Iterator[None]:
    """The crawler looks for a table where there is none."""
    glue = production.client("glue")
    (crawler,) = [one for one in glue.get_crawlers()["Crawlers"] if one["Name"].endswith("delta-crawler-ecommerce")]
    nowhere = {"DeltaTargets": [{"DeltaTables": [f"{production.lake}/silver/nothing"], "WriteManifest": False}]}
    glue.update_crawler(Name=crawler["Name"], Targets=nowhere)
    try:
        yield
    finally:
        glue.update_crawler(Name=crawler["Name"], Targets={"DeltaTargets": crawler["Targets"]["DeltaTargets"]})


@pytest.mark.e2e_all
def test_a_deployment_may_let_the_crawler_find_silver(production: Production) -> None:
    """With the crawler as catalog, a run starts it and waits for it; another deployment brings declarations back."""
    with crawling(production):
        assert "RunGlueCrawler" in loaded(production, 42)
    assert "RunGlueCrawler" not in loaded(production, 43)


def test_a_crawl_that_fails_is_told_and_the_next_run_repairs(production: Production) -> None:
    """Nothing is archived, and each order is there once after the next run."""
    with crawling(production):
        production.land(batch(44))
        with crawling_nowhere(production):
            done = production.run("ecommerce")
        (message,) = production.told()
        assert done.status == "FAILED", done
        assert "failed in HandleCrawlerFailure: " in message.body
        assert len(production.landed()) == 3
        assert "RunGlueCrawler" in loaded(production, 45)
    orders = [int(row[0]) for row in contents(production.lake)["clean_orders"]]
    assert [orders.count(100 * number + 1) for number in (44, 45)] == [1, 1]
