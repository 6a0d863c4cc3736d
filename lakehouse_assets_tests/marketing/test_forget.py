"""A person is erased from what an API gave: from its pages in bronze, and from tables that hold their states."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets_tests.marketing.account import Pulled, account
from lakehouse_assets_tests.operations.bytes_of import holding

AT = datetime(2026, 3, 5, 8, tzinfo=UTC)
TABLES = {"conversions": "conversion_id", "conversion_status_history": "conversion_id", "clicks": "click_id"}


def test_a_conversion_is_erased_with_its_history_and_its_pages(tmp_path: Path) -> None:
    """No byte holds the id of its click or its own, others have the rows that they had, and bronze gives the same."""
    with account(tmp_path, days=3, clicks_per_day=60, conversions_per_day=20) as case:
        pulled = Pulled(case, tmp_path / "lake")
        pulled.run(AT)
        ids = "SELECT click_id, conversion_id FROM marketing_lakehouse.conversions ORDER BY 2 LIMIT 1"
        (one,) = pulled.rows(ids)
        before, theirs = counts(pulled), counts(pulled, one)
        assert theirs[:2] == [1, 1]
        done = pulled.command("forget", "marketing", "--where", f"click_id = '{one['click_id']}'")
        assert done.code == 0, done.err
        assert [holding(pulled.lake, word) for word in one.values()] == [[], []]
        assert counts(pulled) == [had - gone for had, gone in zip(before, theirs, strict=True)]
        rebuilt = pulled.command("rebuild", "silver", "--pipeline", "marketing")
        assert (rebuilt.code, "Nothing had to be written" in rebuilt.out) == (0, True), rebuilt.err


def counts(pulled: Pulled, of: dict[str, str] | None = None) -> list[int]:
    """How many rows each table has, of one conversion or of all."""
    asked = (
        f"SELECT count(*) AS n FROM marketing_lakehouse.{table}" + (f" WHERE {key} = '{of[key]}'" if of else "")
        for table, key in TABLES.items()
    )
    return [pulled.rows(sql)[0]["n"] for sql in asked]
