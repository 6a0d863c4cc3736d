"""Mutated drops end as the oracle says, which reads them with Python's csv: nothing is lost, and nothing is invented.

`make bench ARGS="--only fuzz"` does the same with twenty times as many.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.fuzzing import check, check_page
from lakehouse_assets_tests.load.mutations import drops, mutated_page


@pytest.mark.parametrize("seed", range(4))
def test_mutated_drops_load_as_the_oracle_says(tmp_path: Path, seed: int) -> None:
    """Twenty-five drops at once: counts, codes, refused files, silver, rejects with raw text, pending rows."""
    check(LakeDriver(tmp_path), drops(seed, 25))


def test_mutated_pages_are_read_as_python_reads_them_or_refused() -> None:
    """A hundred JSON pages, some of them packed, some of those badly: the same records, or one sentence."""
    assert sum(check_page(*mutated_page(0, number)) for number in range(100)) > 50
