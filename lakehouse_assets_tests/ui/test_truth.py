"""What the UI says is true: of quiet runs, of runs of the command line, and of what a run may be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.operations.running import Asked, run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.ui.launchpad import step_config, write_config
from lakehouse_assets_tests.ui.services import daemon, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

JOB = "/locations/lakehouse/jobs/ecommerce"
PLAN = "bronze__ecommerce_manifest"


@dataclass(frozen=True)
class Site:
    """The UI's address, and ids of two runs of the command line: one that loaded files, and one with nothing to do."""

    address: str
    loaded: str
    quiet: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The UI and its daemon on a lake that only the command line has worked on."""
    root = tmp_path_factory.mktemp("truth")
    settings = Settings(lake=root / "lake", landing=root / "landing", duckdb_threads=1)
    drop_known_files(root / "landing")
    loaded, quiet = (run(settings, Asked("ecommerce")).report for _ in range(2))
    assert (loaded.status, quiet.status) == ("succeeded", "nothing_to_do")
    with daemon(settings), served(settings) as address:
        yield Site(address, loaded.run_id, quiet.run_id)


def plan_config(line: str) -> str:
    """A configuration of the planning step with one line."""
    return step_config(PLAN, line)


def test_runs_of_the_command_are_on_the_timeline(page: Page, site: Site) -> None:
    """Both runs count among those of the job."""
    page.goto(f"{site.address}/overview/activity/timeline")
    page.wait_for_function("() => /ecommerce\\s+ecommerce\\s+2(\\s|$)/.test(document.body.innerText)")


def test_runs_of_the_command_are_in_the_job(page: Page, site: Site) -> None:
    """The job's list of runs holds both, and the job shows when it ran last."""
    page.goto(f"{site.address}{JOB}/runs")
    for run_id in (site.loaded, site.quiet):
        page.get_by_text(run_id[:8]).first.wait_for()
    page.get_by_text("Latest run:").first.wait_for()


def test_a_quiet_run_leaves_checks_as_they_were(page: Page, site: Site) -> None:
    """After a run with nothing to do six of seven checks still passed, one still failed, and none is skipped."""
    page.goto(f"{site.address}/assets/silver/clean_orders?view=checks")
    page.get_by_text("keys_unique", exact=True).first.click()
    page.get_by_text("unchanged_since").first.wait_for()
    page.get_by_text("Succeeded", exact=True).nth(5).wait_for()
    page.get_by_text("Failed", exact=True).first.wait_for()
    statuses = {word: page.get_by_text(word, exact=True).count() for word in ("Succeeded", "Failed", "Skipped")}
    assert statuses == {"Succeeded": 6, "Failed": 1, "Skipped": 0}


def test_a_run_of_the_command_is_executed_again(page: Page, site: Site) -> None:
    """The run's page offers to execute it again without a warning, and the new run succeeds."""
    page.goto(f"{site.address}/runs/{site.quiet}")
    page.get_by_role("button", name=re.compile("Re-execute all")).click()
    page.wait_for_url(re.compile(rf"/runs/(?!{site.quiet})[0-9a-f-]{{36}}"))
    page.get_by_text("Success", exact=True).first.wait_for(timeout=120_000)
    assert page.get_by_text("different version").count() == 0


def test_the_launchpad_says_what_a_run_may_be_asked(page: Page, site: Site) -> None:
    """Each field stands there with its type and in words, with what it allows."""
    page.goto(f"{site.address}{JOB}/playground")
    write_config(page, plan_config(""))
    page.get_by_text("Share of rejected rows that this run accepts", exact=False).first.wait_for()
    page.get_by_text("Allowed: load, replay, reprocess.", exact=False).first.wait_for()
    page.get_by_text("a date such as 2025-04-03", exact=False).first.wait_for()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (plan_config("mode: nonsense"), "not in enum type Mode got nonsense"),
        (plan_config("engine: postgres"), 'Received unexpected config entry "engine"'),
        ("resources:\n  lakehouse:\n    config:\n      lake: /elsewhere", 'Received unexpected config entry "lake"'),
    ],
)
def test_nonsense_and_what_belongs_to_the_installation_cannot_be_typed(
    page: Page, site: Site, text: str, sentence: str
) -> None:
    """The launchpad refuses what is no field or no word of a vocabulary while it is being typed."""
    page.goto(f"{site.address}{JOB}/playground")
    write_config(page, text)
    page.get_by_text(sentence, exact=False).first.wait_for()


def test_a_value_out_of_range_is_refused_in_one_sentence(page: Page, site: Site) -> None:
    """What no type can refuse is refused when it is asked for, before any run starts."""
    page.goto(f"{site.address}{JOB}/playground")
    write_config(page, plan_config("max_reject_ratio: 7"))
    page.get_by_role("button", name="Launch Run").click()
    page.get_by_text("max_reject_ratio is `7`, allowed is a number from 0 to 1", exact=True).wait_for()
    assert page.get_by_text("Traceback").count() == 0
    assert page.get_by_text('File "').count() == 0
