"""Of two versions with one event time the tie breaker says which is newer, and only then file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.reader import read_contracts
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets_tests.kiosks.documents import KEY, from_landing, table
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.oracle.loading import File

EARLY, LATE = "2026-01-01T08:00:00Z", "2026-01-01T09:00:00Z"


class Staff(LakeDriver):
    """A lake with the one table `staff`: who was seen when, and when the record of them was changed."""

    pipeline = "staff"

    def contracts(self) -> dict[str, Contract]:
        """See `LakeDriver`."""
        moments = [(name, "TIMESTAMP", name, {}) for name in ("seen", "edited")]
        columns = [("person", "BIGINT", "Person", KEY), *moments, ("name", "STRING", "Name", {})]
        landed = [(name, "STRING", name, {}) for name, *_ in columns]
        rule = ("person_invalid", "row", "reject", "parse_bigint(person) IS NULL")
        silver = table("silver", "staff", from_landing(*columns), (rule,), landing="staff",
                       event_time="seen", tie_breaker="edited", max_reject_ratio=1)  # fmt: skip
        known = read_contracts([table("landing", "staff", landed, files="staff/*.csv"), silver], self.pipeline)
        known.require_sound()
        return known

    def seeds(self) -> tuple[Seed, ...]:
        """See `LakeDriver`."""
        return ()


def seen(second: int, *lines: str) -> File:
    """A file that was changed so many seconds after a fixed moment."""
    return csv_file("staff", f"staff/{second}.csv", "\n".join(["person,seen,edited,name", *lines, ""]), second)


NEWER, OLDER, NEVER = f"1,{EARLY},{LATE},new", f"1,{EARLY},{EARLY},old", f"1,{EARLY},,never edited"
NEXT = f"1,{LATE},{EARLY},seen later"


@pytest.mark.parametrize(
    "lines", [(NEWER, OLDER), (OLDER, NEWER), (NEWER, NEVER), (NEVER, NEWER), (OLDER, NEWER, NEVER)]
)
def test_the_latest_edit_wins_whichever_line_comes_last(tmp_path: Path, lines: tuple[str, ...]) -> None:
    """One without a moment of its edit is older than any."""
    lake = Staff(tmp_path)
    lake.load(seen(1, *lines))
    assert lake.rows("SELECT name FROM lake.staff") == [{"name": "new"}]


@pytest.mark.parametrize("later", [OLDER, NEVER])
def test_a_later_load_with_an_older_edit_changes_nothing(tmp_path: Path, later: str) -> None:
    """It is stale, though its file is newer."""
    lake = Staff(tmp_path)
    lake.load(seen(1, NEWER))
    lake.load(seen(2, later))
    assert lake.rows("SELECT name FROM lake.staff") == [{"name": "new"}]


@pytest.mark.parametrize("held", [OLDER, NEVER])
def test_a_newer_edit_replaces_what_silver_holds(tmp_path: Path, held: str) -> None:
    """Also when its file is the older one."""
    lake = Staff(tmp_path)
    lake.load(seen(2, held))
    lake.load(seen(1, NEWER))
    assert lake.rows("SELECT name FROM lake.staff") == [{"name": "new"}]


def test_a_later_event_wins_over_a_later_edit(tmp_path: Path) -> None:
    """The tie breaker is asked where event times are equal."""
    lake = Staff(tmp_path)
    lake.load(seen(1, NEXT, NEWER))
    assert lake.rows("SELECT name FROM lake.staff") == [{"name": "seen later"}]


def test_where_edits_are_equal_too_the_last_line_wins(tmp_path: Path) -> None:
    """As without a tie breaker."""
    lake = Staff(tmp_path)
    lake.load(seen(1, NEWER, f"1,{EARLY},{LATE},last"))
    assert lake.rows("SELECT name FROM lake.staff") == [{"name": "last"}]
