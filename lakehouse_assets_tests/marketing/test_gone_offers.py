"""An offer that is gone from its list is deleted in silver after two pulls without it, and a rebuild agrees."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from lakehouse_assets.affise import open_runs
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks
from lambdas.nameaffisepages.logic import pulled

GONE, ZONE = 936, "Europe/Moscow"
PULLS = [one.at for one in ticks(date(2026, 3, 12), 2, ZONE)][:3]
HISTORY = {"offer_versions": "valid_from", "offer_payments": "snapshot_date", "offer_landings": "landing_id"}


def offers(lake: Marketing) -> dict[int, tuple[object, ...]]:
    """Title, state, and what is known of each offer."""
    rows = lake.rows("SELECT offer_id, title, status, url, is_deleted, pulled_at FROM marketing_lakehouse.offers")
    return {row["offer_id"]: tuple(row.values())[1:] for row in rows}


def history(lake: Marketing) -> dict[str, set[tuple[object, object]]]:
    """What is known of offers by when they were seen, and their landing pages."""
    texts = {table: f"SELECT offer_id, {name} FROM marketing_lakehouse.{table}" for table, name in HISTORY.items()}
    return {table: {tuple(row.values()) for row in lake.rows(sql)} for table, sql in texts.items()}


def test_an_offer_that_is_gone_is_deleted_in_silver_and_keeps_what_was_known(tmp_path: Path) -> None:
    """Deleted after the first tick: the second only misses it, the third says so; all else stays.

    A lake that loads the same bronze at once has the same offers and versions. Of payments a gone offer has no further
    snapshot.
    """
    with tenant(tmp_path, days=2, clicks_per_day=30) as case:
        lake, deleted, known = Marketing(tmp_path, case, zone=ZONE), list[object](), tuple[object, ...]()
        for at in PULLS:
            lake.tick(at)
            known = known or offers(lake)[GONE][:3]
            deleted.append(offers(lake)[GONE][3])
            case.simulator.world.change("offers", GONE, case.now, is_deleted=True)
        assert deleted == [False, False, True]
        assert offers(lake)[GONE][:3] == known
        again = Marketing(tmp_path / "again", case, zone=ZONE)
        shutil.copytree(lake.root / "bronze", again.root / "bronze")
        runs = [run.run_id for run in open_runs.others(lake.value.store, "")]
        again.load_slices(list(pulled(again.value.store, runs)), PULLS[-1])
    assert offers(again) == offers(lake)
    assert history(again) == history(lake)
    assert {day for offer, day in history(lake)["offer_payments"] if offer == GONE} == {date(2026, 3, 12)}
