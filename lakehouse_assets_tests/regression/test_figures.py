"""Tables, counts and codes of known loads are what they were when `figures.json` was written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.regression.digest import table_figures
from lakehouse_assets_tests.regression.figures import figures, kept
from lakehouse_assets_tests.regression.scenarios import GENERATED, RECORDED

ROWS = [{"key": "a", "n": 1, "amount": Decimal("1.50")}, {"key": "b", "n": None, "amount": Decimal("0.00")}]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_days_give_the_figures_of_before(real_data: Path, tmp_path: Path, name: str) -> None:
    """Every load, silver, control and gold table over the recorded shop data."""
    assert figures(tmp_path, RECORDED[name](real_data)) == kept()[name]


@pytest.mark.parametrize("name", GENERATED)
def test_generated_files_give_the_figures_of_before(tmp_path: Path, name: str) -> None:
    """Every load, silver, control and gold table over files with all kinds of dirt."""
    assert figures(tmp_path, GENERATED[name](tmp_path / "drops")) == kept()[name]


def test_every_scenario_has_figures() -> None:
    """Neither a scenario without figures nor figures without a scenario go unnoticed."""
    assert set(kept()) == {*RECORDED, *GENERATED}


def test_the_order_of_rows_does_not_change_a_digest() -> None:
    """A table is a set of rows that may repeat, so a row more than before shows."""
    assert table_figures(ROWS[::-1], list(ROWS[0])) == table_figures(ROWS, list(ROWS[0]))
    assert table_figures([*ROWS, ROWS[0]], ["key"])["digest"] != table_figures(ROWS, ["key"])["digest"]


@pytest.mark.parametrize("change", [{"key": "A"}, {"n": "1"}, {"n": None}, {"n": True}, {"amount": Decimal("1.5")}])
def test_any_other_value_or_type_changes_a_digest(change: dict[str, Any]) -> None:
    """Text of another case, a number as text, NULL, a flag, and a decimal of another scale."""
    changed = [ROWS[0] | change, ROWS[1]]
    assert table_figures(changed, list(ROWS[0]))["digest"] != table_figures(ROWS, list(ROWS[0]))["digest"]


def test_a_moment_has_one_digest_with_and_without_its_zone() -> None:
    """Engines differ in whether a UTC moment says so."""
    moments = [datetime(2025, 4, 1, 10, tzinfo=UTC), datetime(2025, 4, 1, 10)]  # noqa: DTZ001 - the case in question
    assert len({table_figures([{"at": moment}], ["at"])["digest"] for moment in moments}) == 1
