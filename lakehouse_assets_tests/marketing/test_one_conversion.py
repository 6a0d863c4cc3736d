"""`docs/one-conversion.md` runs as it stands, and shows a conversion that is really so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.world import World
from lakehouse_assets_tests.walkthrough import walk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "one-conversion.md"
TEXT = PAGE.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.nightly  # quick: its conversion and its links below; README is walked through always
def test_the_page_runs_as_it_is_written(tmp_path: Path) -> None:
    """Each command succeeds in one shell session's folder and prints what the page shows."""
    folder = tmp_path / "work"
    folder.mkdir()
    assert walk(TEXT, folder, tmp_path / "session") >= 15


def test_the_conversion_of_the_page_is_what_the_tenant_made_it() -> None:
    """Pending on the first morning and confirmed on the second one, of 13 dollars, two days in the truth itself."""
    world = World(SimulatorSpec(days=10, clicks_per_day=300, conversions_per_day=40))
    one = world.conversion(re.findall(r"CONVERSION=(\w+)", TEXT)[0])
    assert one is not None
    mornings = [one.at(datetime(2026, 3, day, 6, 30, tzinfo=UTC)) for day in (12, 13)]
    assert [(now.status, str(now.revenue)) for now in mornings] == [("pending", "13"), ("confirmed", "13")]
    assert (one.affiliate_id, one.offer_id, one.visitor.country, one.visitor.ip) == (614, 951, "FR", "192.0.2.23")


def test_every_link_of_the_page_leads_somewhere() -> None:
    """Pages beside it."""
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)
    assert [target for target in targets if not (PAGE.parent / target).exists()] == []
