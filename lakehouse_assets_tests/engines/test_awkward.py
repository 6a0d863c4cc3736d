"""Awkward rows let every rule of two columns meet every pair of awkward texts."""

from __future__ import annotations

import pyarrow as pa

from lakehouse_assets.engines.awkward import TEXTS, awkward_rows


def test_every_two_columns_meet_in_every_two_texts() -> None:
    """However many columns there are; what is no text is there, too."""
    names = [f"c{number}" for number in range(5)]
    rows = awkward_rows(pa.schema([("_row", pa.int64()), *((name, pa.string()) for name in names)])).to_pylist()
    pairs = {(one, other) for one in TEXTS for other in TEXTS}
    for name in names[1:]:
        assert {(row["c0"], row[name]) for row in rows} == pairs
    assert {row["_row"] for row in rows} == {0}
