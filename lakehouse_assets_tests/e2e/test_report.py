"""The report in production: two ticks against a simulated account, and the object that people download."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.affise.simulator.running import Simulator
from lakehouse_assets_tests.e2e.comparing import contents
from lakehouse_assets_tests.e2e.production import HASH_KEY, Production
from lakehouse_assets_tests.operations.conftest import process

TICKS = (datetime(2026, 3, 9, 8, 0, tzinfo=UTC), datetime(2026, 3, 9, 13, 0, tzinfo=UTC))


def test_two_ticks_make_the_report_that_a_laptop_makes(
    production: Production, account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silver, gold and the exported object, byte for byte, of a lake in S3 and of one in a folder."""
    own = {"LAKEHOUSE_AFFISE__URL": account.url, "AFFISE_API_KEY": account.key, "AFFISE_HASH_KEY": HASH_KEY}
    own |= {"LAKEHOUSE_LAKE": str(tmp_path / "lake"), "LAKEHOUSE_AFFISE__RATE": "1000"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    for at in TICKS:
        account.clock.set(at)
        done = production.run("marketing", {"as_of": at.isoformat()})
        assert (done.status, done.cause) == ("SUCCEEDED", "")
        laptop = process("run", "marketing", "--as-of", at.isoformat())
        assert laptop.code == 0, laptop.err
    key = "reports/Sub5-2026-03-09.csv"
    assert production.read(key) == (tmp_path / "lake" / key).read_bytes()
    assert contents(production.lake, "marketing") == contents(tmp_path / "lake", "marketing")
    production.told()
