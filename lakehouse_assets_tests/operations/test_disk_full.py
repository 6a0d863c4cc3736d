"""A disk that fills up at any moment of a run is one sentence; with room again a run gives the right tables."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import ORDERS, Cli, Shop, process, put

ORDERS_OF_A_DAY = "".join(f"{n},{9000 + n},{n},2025-04-02T10:00:00,{n}.50,2025-04-02\n" for n in range(2000))
KB = 1024
SIZES = [60, *(pytest.param(size, marks=pytest.mark.nightly) for size in (4, 400))]
"""At how many kilobytes a disk is full; the first one is the quick form."""


def limited(kilobytes: int) -> None:
    """Let no file of this process grow beyond a size, as on a disk that has no more room for it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * KB, kilobytes * KB))


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", SIZES)
def test_a_full_disk_is_one_sentence_and_nothing_is_half_done(cli: Cli, tmp_path: Path, kilobytes: int) -> None:
    """The first files that grow too large are the history's, then logs, tables and the catalog."""
    shop = Shop(tmp_path / "lake", tmp_path / "landing")
    put(shop.landing, {"orders/2025-04-02.csv": ORDERS + ORDERS_OF_A_DAY})
    full = process(*shop.run, preexec_fn=lambda: limited(kilobytes))
    if full.code:
        assert full.code == 1
        assert full.err.startswith("error: no room left to write "), full.err
        assert full.err.count("\n") == 1, full.err
    assert cli(*shop.run).code == 0
    asked = "SELECT count(*) AS n, sum(total_amount) AS amount FROM delta_lakehouse.clean_orders"
    # The sum of n + 0.5 for n below 2000 is 1999 * 1000 + 1000.
    assert cli("sql", asked, *shop.at, "--format", "csv").out == "n,amount\n2000,2000000.00\n"
