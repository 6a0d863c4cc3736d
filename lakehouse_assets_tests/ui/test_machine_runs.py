"""Pages of a lake that a state machine works on: its runs, and what they left, as those of Dagster's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.machine_run import MachineRun
from lakehouse_assets_tests.ui.reading import wait_for_texts
from lakehouse_assets_tests.ui.services import daemon, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.ui, pytest.mark.slow]

TAKEN_MS = 180_000
"""How long the daemon may take until its sensor has looked for runs of machines: it does once a minute."""


@dataclass(frozen=True)
class Site:
    """The UI's address, and the two runs of the machine: a good one and a failed one."""

    address: str
    good: MachineRun
    failed: MachineRun


def spoil(landing: Path) -> None:
    """Add two orders that break rules, a file that is refused, and one that is of no dataset."""
    header, first, *_ = (landing / "orders" / "2025-04-01.csv").read_text("utf-8").splitlines()
    cells = first.split(",")
    bad = [[cells[0], "91", *cells[2:4], "much", cells[5]], [cells[0], "92", *cells[2:4], "5", "2025-04-02"]]
    (landing / "orders" / "spoilt.csv").write_text("\n".join([header, *map(",".join, bad), ""]), "utf-8")
    (landing / "orders" / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    (landing / "notes.txt").write_text("no drop", "utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The UI and its daemon on a lake that only a state machine has worked on."""
    root = tmp_path_factory.mktemp("machine")
    drop_known_files(root / "landing")
    spoil(root / "landing")
    good = MachineRun(root, "e1", "2026-11-26T09:00:00Z", extra={"max_reject_ratio": 1})
    good.whole()
    failed = MachineRun(root, "e2", "2026-11-26T14:00:00Z")
    failed.planned()
    failed.recorded({"State": "gold/daily_sales", "Error": "States.TaskFailed", "Cause": "no such table"})
    settings = Settings(
        lake=str(root / "lake"), landing=str(root / "landing"), scheduler="stepfunctions", duckdb_threads=1
    )
    history.require_usable(settings)  # its services need not both make it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKEHOUSE_SCHEDULER", "stepfunctions")
        with daemon(settings), served(settings) as address:
            yield Site(address, good, failed)


def test_its_runs_are_in_the_list_and_the_job(page: Page, site: Site) -> None:
    """Each is one of the job, with the machine's id, and failed or succeeded as the machine's did."""
    for path in ("runs", "locations/lakehouse/jobs/ecommerce/runs"):
        page.goto(f"{site.address}/{path}")
        page.get_by_text(site.failed.run_id, exact=False).first.wait_for(timeout=TAKEN_MS)
        page.get_by_text(site.good.run_id, exact=False).first.wait_for()
        page.get_by_text("Failure", exact=True).first.wait_for()
        page.get_by_text("Success", exact=True).first.wait_for()
        page.get_by_text("state machine", exact=True).first.wait_for()


def test_its_runs_are_on_the_timeline(page: Page, site: Site) -> None:
    """The job stands there with both of them."""
    page.goto(f"{site.address}/overview/activity/timeline")
    row = "() => /ecommerce\\s+ecommerce\\s+2(\\s|$)/.test(document.body.innerText)"
    page.wait_for_function(row, timeout=TAKEN_MS)


def test_the_page_of_a_failed_one(page: Page, site: Site) -> None:
    """It says in which state and why, and leads to the execution, the report and the folder."""
    page.goto(f"{site.address}/runs?q[0]=tag:lakehouse/machine-run={site.failed.run_id}")
    page.get_by_text("View", exact=True).first.click(timeout=TAKEN_MS)
    page.get_by_text("gold/daily_sales: no such table").first.wait_for()
    folder = site.failed.root / "lake" / "runs" / "ecommerce" / site.failed.run_id
    wait_for_texts(page, site.failed.arn, "https://console/e2", str(folder / "report.json"))


def test_the_page_of_a_table_leads_to_its_run_owner_and_dictionary(page: Page, site: Site) -> None:
    """Who made it last, whose it is, and where its columns are explained and drawn."""
    page.goto(f"{site.address}/assets/silver/clean_orders")
    page.get_by_text(site.good.run_id, exact=True).first.wait_for(timeout=TAKEN_MS)
    wait_for_texts(page, "data-platform@example.com", "silver", "Delta Lake", re.compile(r"docs/data-dictionary\.md$"))


@pytest.mark.parametrize(
    ("asset", "check", "said"),
    [
        (
            "landing/orders",
            "refused_files",
            "1 file was not taken; first: orders/other.csv is refused: it lacks order_id",
        ),
        ("landing/order_items", "left_files", "1 file was left in landing; first: notes.txt: it is of no dataset"),
        ("silver/clean_orders", "rejects", "2 rows: rejected and open"),
    ],
)
def test_what_was_not_taken_is_on_the_page_of_its_check(
    page: Page, site: Site, asset: str, check: str, said: str
) -> None:
    """A refused file with its reason, a file that stays, and rows that are rejected and open."""
    page.goto(f"{site.address}/assets/{asset}?view=checks&checkDetail={check}")
    page.get_by_text(said, exact=False).first.wait_for(timeout=TAKEN_MS)


def test_open_rejects_are_shown_by_code_and_age(page: Page, site: Site) -> None:
    """Each code with its rows, beside the oldest of them."""
    page.goto(f"{site.address}/assets/silver/clean_orders?view=checks&checkDetail=rejects")
    page.get_by_text("date_mismatch", exact=True).first.wait_for(timeout=TAKEN_MS)
    wait_for_texts(page, re.compile("amount_invalid"), re.compile("oldest"))
