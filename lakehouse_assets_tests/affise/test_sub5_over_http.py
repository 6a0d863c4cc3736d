"""What the API serves is enough to reach the report that the oracle works out from the truth."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from lakehouse_assets.affise.simulator.faults import Kind, named
from lakehouse_assets_tests.affise.plain_client import PlainClient
from lakehouse_assets_tests.affise.simulator.api import serving
from lakehouse_assets_tests.oracle.sub5 import KEY, Account, Row, tables, ticks

BERLIN = Account("Europe/Berlin")
NOT_HERE = {"mixed-currencies", "advertiser-reassigned"}
"""The plain client knows one currency, and one advertiser of an offer."""
FORMS = ("uniq-forms", "money-forms", "placeholders", "unknown-keys", "offer-id-text", "next-page-null")


@pytest.mark.parametrize("cases", [(), (*(name for name in named(Kind.WORLD) if name not in NOT_HERE), *FORMS)])
def test_a_plain_client_reaches_the_oracles_report(cases: tuple[str, ...]) -> None:
    """Row by row and tick by tick, over ten days with a change of the clocks, with and without all dirty cases."""
    pulls = ticks(date(2026, 3, 22), 10, "Europe/Berlin")
    with serving(*cases, start=date(2026, 3, 18), days=2, clicks_per_day=120, conversions_per_day=40) as api:
        expected = tables(api.world, pulls, BERLIN)
        client = PlainClient(api, "Europe/Berlin")
        for pull, table in zip(pulls, expected, strict=True):
            api.clock.set(pull.at)
            client.pull()
            assert shown(client.report()) == wanted(table), pull


PARTS = {
    "click_count": "click_count", "host_count": "host_count", "earnings": "earnings", "payouts": "payouts",
    "confirmed": "conversions_count", "declined": "declined_conversions", "confirmed revenue": "approved_revenue",
    "declined revenue": "declined_revenue",
}  # fmt: skip
"""What the plain client counts, and the report's name of it."""


def shown(report: dict[tuple[Any, ...], dict[str, Any]]) -> dict[tuple[Any, ...], list[Any]]:
    """A plain client's report with the parts that it has in common with the oracle's."""
    return {
        key: [*(sums.get(part, 0) for part in PARTS), sums.get("pending", 0) + sums.get("hold", 0)]
        for key, sums in report.items()
    }


def wanted(table: list[Row]) -> dict[tuple[Any, ...], list[Any]]:
    """The oracle's report likewise."""
    names = [*PARTS.values(), "pending_conversions"]
    return {tuple(row[name] for name in KEY): [row[name] for name in names] for row in table}
