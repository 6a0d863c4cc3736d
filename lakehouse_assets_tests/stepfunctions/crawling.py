"""A machine that is emitted with a crawler, and its runs by what becomes of the crawl."""

from __future__ import annotations

import json
from typing import Any

from lakehouse_assets_tests.stepfunctions.interpreter import Run
from lakehouse_assets_tests.stepfunctions.recorded import walked
from stepfunctions.emit import current
from stepfunctions.options import Options

CRAWLED: dict[str, Any] = json.loads(current(Options(catalog="crawler", crawl_seconds=60))["ecommerce.asl.json"])
"""A crawl may take four looks."""


def looked(*states: str, status: str = "SUCCEEDED", why: str | None = None) -> list[dict[str, Any]]:
    """What each look at the crawler finds; its last crawl is of before until it is ready again."""
    last = {"Status": status} | ({} if why is None else {"ErrorMessage": why})
    return [
        {"Crawler": {"State": one, "LastCrawl": last if one == "READY" else {"Status": "FAILED"}}} for one in states
    ]


def crawl(looks: list[dict[str, Any]]) -> tuple[Run, Any]:
    """Run the machine with these looks."""
    return walked(CRAWLED, GetCrawlerStatus=looks)


def crawl_runs() -> list[Run]:
    """Runs of every end that a crawl may have."""
    ends = [
        looked("RUNNING", "STOPPING", "READY"),
        looked("READY", status="FAILED", why="no access"),
        [{"Crawler": {"State": "READY"}}],
        looked(*["RUNNING"] * 5),
    ]
    return [crawl(looks)[0] for looks in ends]
