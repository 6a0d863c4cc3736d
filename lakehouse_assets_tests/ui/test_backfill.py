"""A backfill of several days, launched from the UI's page, is one run over all of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.returns.api import serving
from lakehouse_assets_tests.ui.services import daemon, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

RUNS = "{ runsOrError { ... on Runs { results { status jobName tags { key value } } } } }"
SECONDS = 300


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The UI and its daemon, with a pipeline that has daily partitions and an API that serves nothing new."""
    root = tmp_path_factory.mktemp("backfill")
    with pytest.MonkeyPatch.context() as patch, serving({}) as api:
        patch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets_tests.returns")
        patch.setenv("RETURNS_API", api)
        settings = Settings(lake=root / "lake", duckdb_threads=1)
        (root / "lake" / "land-folder" / "Returns").mkdir(parents=True)
        history.require_usable(settings)
        with daemon(settings), served(settings) as address:
            yield address


def runs(address: str) -> list[dict[str, Any]]:
    """All runs that there are."""
    answer = requests.post(f"{address}/graphql", json={"query": RUNS}, timeout=60).json()
    found: list[dict[str, Any]] = answer["data"]["runsOrError"]["results"]
    return found


def test_a_backfill_of_days_is_one_run(page: Page, site: str) -> None:
    """Four days are typed into the dialog; the run has their range, and goes well."""
    today = datetime.now(UTC).date()
    first, last = (str(today - timedelta(days=ago)) for ago in (6, 3))
    page.goto(f"{site}/locations/lakehouse/jobs/returns")
    page.get_by_role("button", name=re.compile("Materialize all")).first.click()
    days = page.get_by_placeholder("No matching partitions")
    days.fill(f"[{first}...{last}]")
    days.press("Enter")
    page.get_by_text("4 partitions").first.wait_for()
    page.get_by_role("button", name="Launch backfill").click()
    deadline = time.monotonic() + SECONDS
    while not (made := runs(site)) or made[0]["status"] not in {"SUCCESS", "FAILURE"}:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    (run,) = made
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert (run["jobName"], run["status"]) == ("returns", "SUCCESS")
    assert (tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]) == (first, last)
