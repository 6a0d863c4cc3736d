"""The catalog by a crawler: started after the load, waited for, and looked at for how its crawl ended."""

from __future__ import annotations

import pytest

from lakehouse_assets_tests.stepfunctions.crawling import CRAWLED, crawl, looked
from lakehouse_assets_tests.stepfunctions.walk import states
from stepfunctions.calls import INTEGRATIONS


def test_a_crawl_is_waited_for_until_it_has_succeeded() -> None:
    """What the crawler's last crawl was before does not count; gold's tables are declared after it."""
    run, end = crawl(looked("RUNNING", "STOPPING", "READY"))
    assert end["status"] == "succeeded"
    crawled = [name for name in run.path if "Crawler" in name]
    assert crawled == ["RunGlueCrawler", *["WaitForCrawler", "GetCrawlerStatus", "CheckCrawlerStatus"] * 3]
    assert run.path.index("LoadOutcome") < run.path.index("RunGlueCrawler") < run.path.index("DeclareTables")
    assert run.calls["DeclareTables"][0]["Payload"]["catalog"] == "crawler"
    assert run.calls["RunGlueCrawler"] == [{"Name": "${CrawlerName}"}]


@pytest.mark.parametrize(
    ("looks", "cause"),
    [
        (
            looked("RUNNING", "READY", status="FAILED", why="no access to s3"),
            "the crawl ended as FAILED: no access to s3",
        ),
        (looked("READY", status="CANCELLED"), "the crawl ended as CANCELLED: it gave no reason"),
        ([{"Crawler": {"State": "READY"}}], "the crawl ended as none: it gave no reason"),
        (looked(*["RUNNING"] * 4), "the crawler is not done after 60 seconds"),
    ],
)
def test_a_crawl_that_has_not_succeeded_fails_the_run(looks: list[dict[str, object]], cause: str) -> None:
    """One message names the state; no gold table is built on a catalog that may be of before."""
    run, end = crawl(looks)
    assert end == {"Error": "CrawlFailed", "Cause": f"told: in HandleCrawlerFailure: {cause}"}
    assert len(run.calls["PublishFailureNotification"]) == 1
    assert not any(name.startswith("Merge") for name in run.path)


def test_a_crawler_that_is_running_is_waited_for_and_started_again() -> None:
    """It may have passed by a table before the load."""
    start = CRAWLED["States"]["RunGlueCrawler"]
    (wait,) = [retry for retry in start["Retry"] if "Glue.CrawlerRunningException" in retry["ErrorEquals"]]
    assert 10 + 20 + 40 + 60 * (wait["MaxAttempts"] - 3) >= 1800


def test_the_crawler_is_reached_by_listed_integrations_only() -> None:
    """Those that the machine's role is made of."""
    assert {s["Resource"] for _, s in states(CRAWLED) if s["Type"] == "Task"} == set(INTEGRATIONS.values())
