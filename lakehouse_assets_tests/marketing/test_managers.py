"""A manager is in many records of one pull, and these may be of different moments."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.simulator.shapes import people
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

ZONE = "Europe/Moscow"
PULL = ticks(date(2026, 3, 12), 1, ZONE)[0].at


def test_the_record_that_was_changed_last_says_what_a_manager_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one pull, whichever record comes last; the next pull decides anew."""
    told, names = people._of, iter(["new", *["old"] * 10_000])  # noqa: SLF001 - what each record says of its manager

    def of(*args: Any) -> Any:
        found = told(*args)
        name = next(names) if found else ""
        return found and found | {"id": "a" * 24, "first_name": name, "updated_at": EDITED[name]}

    monkeypatch.setattr(people, "_of", of)
    with tenant(tmp_path, days=2, clicks_per_day=1, conversions_per_day=1) as case:
        lake, found = Marketing(tmp_path, case, zone=ZONE), []
        for at in (PULL, PULL + timedelta(days=1)):
            lake.tick(at)
            found += lake.rows("SELECT first_name FROM marketing_lakehouse.managers")
    assert [row["first_name"] for row in found] == ["new", "old"]


EDITED = {"new": "2026-03-02 12:00:00", "old": "2026-03-01 12:00:00", "": ""}
"""When a record of a manager was changed, by the name in it."""
