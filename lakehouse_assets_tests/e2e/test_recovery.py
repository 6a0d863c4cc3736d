"""What is done when something of an installation is lost, and what another choice of the deployment changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from infrastructure.build import Wanted
from infrastructure.deploy import Deployment, deploy
from lakehouse_assets.contracts import contracts
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import ENV, Production
from lakehouse_assets_tests.e2e.small import batch
from lakehouse_assets_tests.emulator.running import ROOT, variables_for

pytestmark = pytest.mark.e2e_all


def loaded(production: Production, number: int) -> tuple[str, ...]:
    """The states of an execution that loaded a batch."""
    production.land(batch(number))
    done = production.run("ecommerce")
    assert (done.status, done.cause) == ("SUCCEEDED", "")
    production.told()
    return done.states


def test_silver_that_is_lost_is_made_anew_from_the_archive(production: Production) -> None:
    """The drill: every object of a silver table is deleted, one command makes it anew, and all tables are as before."""
    loaded(production, 40)
    before, lake = contents(production.lake), open_lake(production.lake)
    prefix = f"{lake.key(contracts('ecommerce')['silver.clean_orders'])}/"
    for key in production.keys(production.outputs["LakeBucket"], prefix):
        production.s3.delete_object(Bucket=production.outputs["LakeBucket"], Key=prefix + key)
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


def test_a_deployment_may_let_the_crawler_find_silver(production: Production) -> None:
    """With the crawler as catalog, a run starts it and waits for it; another deployment brings declarations back."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    for catalog in ("crawler", "declared"):
        wanted = Wanted(python=python, engine_zip=True, wheels=False, catalog=catalog)
        deploy(Deployment(ENV, {**production.parameters}, wanted, is_agreed=True))
        states = loaded(production, 42 if catalog == "crawler" else 43)
        assert ("RunGlueCrawler" in states) == (catalog == "crawler")
