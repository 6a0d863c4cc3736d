"""A payment or landing page that an offer no longer has is told by its pull, as a cap is: its offer has a later one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.simulator.shapes import offers
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

OFFER, ZONE = 936, "Europe/Moscow"
PULLS = [one.at for one in ticks(date(2026, 3, 12), 2, ZONE)][:3]
PARTS = {"offer_payments": "kind, ordinal", "offer_landings": "landing_id"}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What an offer consists of, as tests change it from pull to pull."""
    write, told = offers.offer, dict[str, list[Any]]()

    def offer(style: Any, one: Any) -> Any:
        record = write(style, one)
        return record | told if one.offer_id == OFFER else record

    monkeypatch.setattr(offers, "offer", offer)
    page = {"title": "Page", "url": "https://example.com", "url_preview": "", "type": "landing"}
    paid = {"goal": "1", "total": 2, "revenue": 1, "currency": "usd", "type": "fixed"}
    told |= {"payments": [paid, paid, paid], "partner_payments": [paid], "landings": [page | {"id": n} for n in (1, 2)]}
    return told


@pytest.fixture
def lake(tmp_path: Path, parts: dict[str, list[Any]]) -> Iterator[Marketing]:
    """A lake after the first tick of a day."""
    del parts
    with tenant(tmp_path, days=2, clicks_per_day=1, conversions_per_day=1) as case:
        made = Marketing(tmp_path, case, zone=ZONE)
        made.tick(PULLS[0])
        yield made


def current(lake: Marketing, table: str) -> list[tuple[Any, ...]]:
    """The parts of the offer as of its latest pull."""
    sql = (
        f"SELECT {PARTS[table]} FROM marketing_lakehouse.{table} AS p JOIN marketing_lakehouse.offers AS o "
        f"ON o.offer_id = p.offer_id AND o.pulled_at = p.pulled_at AND NOT o.is_deleted WHERE p.offer_id = {OFFER} "
        f"ORDER BY {PARTS[table]}"
    )
    return [tuple(row.values()) for row in lake.rows(sql)]


def test_what_the_latest_pull_lacks_is_not_current(lake: Marketing, parts: dict[str, list[Any]]) -> None:
    """On the same day, too; what comes again is current again."""
    whole = {table: current(lake, table) for table in PARTS}
    assert whole["offer_payments"] == [("general", 1), ("general", 2), ("general", 3), ("personal", 1)]
    assert whole["offer_landings"] == [(1,), (2,)]
    before = dict(parts)
    parts |= {"payments": parts["payments"][:2], "partner_payments": [], "landings": parts["landings"][1:]}
    lake.tick(PULLS[1])
    assert current(lake, "offer_payments") == [("general", 1), ("general", 2)]
    assert current(lake, "offer_landings") == [(2,)]
    parts |= before
    lake.tick(PULLS[2])
    assert {table: current(lake, table) for table in PARTS} == whole


def test_of_an_offer_that_is_gone_nothing_is_current(lake: Marketing) -> None:
    """What it had is kept, as of its last pull."""
    lake.tenant.simulator.world.change("offers", OFFER, lake.tenant.now, is_deleted=True)
    for at in PULLS[1:]:
        lake.tick(at)
    assert [current(lake, table) for table in PARTS] == [[], []]
    assert lake.rows(f"SELECT landing_id FROM marketing_lakehouse.offer_landings WHERE offer_id = {OFFER}")
