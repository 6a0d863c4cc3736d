"""Rejects are marked by writing over the rows of their files; other rows stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.engines import wide_rows
from lakehouse_assets_tests.engines.test_gold import DAY, again
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.drops import Both, file_of

FILES = 6


def rejected(folder: Path) -> LakeDriver:
    """Six files with two rejects each."""
    both = Both.at(folder)
    for number in range(FILES):
        again(both, file_of("orders", number + 1, [f"1,o{number}{n},u1,{DAY}T10:00,x,{DAY}" for n in (1, 2)]))
    return both.lake


@pytest.mark.parametrize("most", [2, 200])
def test_only_what_is_given_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """One reject of three files is closed; of many files the first and the last are named."""
    monkeypatch.setattr(wide_rows, "MOST_FILES", most)
    lake = rejected(tmp_path)
    contract, engine = lake.known["control.ecommerce_rejects"], lake.query()
    name = contract.catalog_name
    before = engine.rows(f"SELECT * FROM {name} ORDER BY file, line")
    columns = ", ".join("'closed' AS status" if c.name == "status" else c.name for c in contract.columns)
    closed = {"orders/2.csv", "orders/4.csv", "orders/5.csv"}
    some = f"SELECT {columns} FROM {name} WHERE line = 2 AND file IN {tuple(sorted(closed))}"
    done = engine.merge(contract, some, updates=True, dates=None, guard=lambda: None)
    engine.attach(contract)
    expected = [row | {"status": "closed" if row["line"] == 2 and row["file"] in closed else "open"} for row in before]
    assert (engine.rows(f"SELECT * FROM {name} ORDER BY file, line"), done.rows) == (expected, 0)
    engine.close()
