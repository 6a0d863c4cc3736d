"""PlanRun freezes what a run works on, and says whether there is anything to do."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.errors import BadRequest, StorageUnavailable
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lambdas.planrun.handler import handler

EVENT = json.loads((Path(__file__).parents[2] / "events/planrun.json").read_text("utf-8"))
AS_OF = datetime(2025, 4, 2, 9, 0, 0, 123_000, tzinfo=UTC)
LANDED = {"products.csv": "a,b\n", "orders/1.csv": "c\n", "orders/2.csv.gz": "d", "order_items/1.csv": "e,f\n"}
PRODUCTS = csv_file("products", "products.csv", "product_id,department_id,department,product_name\n1,4,Books,Atlas\n")
ITEMS = csv_file(
    "order_items",
    "order_items/1.csv",
    "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
    "1,100,7,,1,1,0,2025-04-01T10:00:00,2025-04-01\n",
)


def put(root: Path, files: Mapping[str, str]) -> None:
    """Write objects below a root."""
    for key, text in files.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text(text)


def etag(text: str) -> str:
    """What a store calls this content."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def ask(root: Path, **changes: Any) -> dict[str, Any]:
    """The function's answer to the recorded event with changes, for the lake and the landing below a root."""
    return handler(EVENT | {"lake": (root / "lake").as_uri(), "landing": (root / "landing").as_uri()} | changes, None)


def manifest(root: Path, run_id: str = EVENT["run_id"]) -> Manifest:
    """The manifest that a run found in the lake."""
    return RunFolder(FolderStore(root / "lake"), "ecommerce", run_id).manifest()


def keys(root: Path) -> list[str]:
    """The objects of the manifest."""
    return [entry.key for entry in manifest(root).files]


def test_all_that_landed_is_the_work(tmp_path: Path) -> None:
    """The answer counts files by dataset and bytes, names the manifest's key, and is plain JSON."""
    put(tmp_path / "landing", LANDED)
    answer = ask(tmp_path)
    assert answer == {
        "run_id": "2025-04-02-0900",
        "manifest": "runs/ecommerce/2025-04-02-0900/manifest.json",
        "as_of": "2025-04-02T09:00:00.123000+00:00",
        "mode": "load",
        "files": {"products": 1, "orders": 2, "order_items": 1},
        "bytes": 4 + 2 + 1 + 4,
        "pending": 0,
        "due": 0,
        "unacknowledged": 0,
        "references": [],
        "doubts": [],
        "left_alone": {},
        "left_alone_count": 0,
        "given_back": [],
        "models": {},
        "since": "1970-01-01T00:00:00+00:00",
        "has_work": True,
        "already": "",
        "engine": "glue",
        "fence": 0,
        "window": None,
    }
    assert json.loads(json.dumps(answer)) == answer


def test_the_manifest_describes_each_object(tmp_path: Path) -> None:
    """Dataset, key, MD5, size and time of change; the run's clock is UTC."""
    put(tmp_path / "landing", {"orders/1.csv": "c\n"})
    ask(tmp_path)
    found = manifest(tmp_path)
    changed = datetime.fromtimestamp((tmp_path / "landing/orders/1.csv").stat().st_mtime, UTC)
    assert found.files == (FileEntry("orders", "orders/1.csv", etag("c\n"), 2, changed),)
    assert (found.as_of, found.mode, found.landing) == (AS_OF, "load", (tmp_path / "landing").as_uri())


def test_a_file_from_the_future_counts_as_changed_now(tmp_path: Path) -> None:
    """So a later file wins over it; the plan names it, and the object is still found to be the one that was listed."""
    put(tmp_path / "landing", {"orders/1.csv": "c\n"})
    os.utime(tmp_path / "landing/orders/1.csv", (4e9, 4e9))
    before = datetime.now(UTC)
    (doubt,) = ask(tmp_path)["doubts"]
    (entry,) = manifest(tmp_path).files
    assert before <= entry.modified <= datetime.now(UTC)
    assert doubt.startswith("orders/1.csv has the time 2096-10-02 07:06 UTC")
    assert ManifestFiles(FolderStore(tmp_path / "landing"), FolderStore(tmp_path / "lake")).is_unchanged(entry)


def test_what_is_nobodys_or_still_being_written_is_left_alone(tmp_path: Path) -> None:
    """Unknown folders, other kinds of files, hidden and temporary ones stay out of the manifest."""
    nobodys = ("weather/1.csv", "orders/1.txt", "orders/.1.csv", "orders/1.csv.tmp", "orders/_tmp.csv")
    put(tmp_path / "landing", {"orders/1.csv": "c\n"} | dict.fromkeys(nobodys, "x"))
    ask(tmp_path)
    assert keys(tmp_path) == ["orders/1.csv"]


def test_only_the_objects_that_were_asked_for_are_taken(tmp_path: Path) -> None:
    """Of the pairs of key and etag that a sensor saw, one that changed meanwhile waits for the next run."""
    put(tmp_path / "landing", LANDED)
    ask(tmp_path, files=[["orders/1.csv", etag("c\n")], ["products.csv", etag("before\n")]])
    assert keys(tmp_path) == ["orders/1.csv"]


def test_an_empty_landing_is_no_work(tmp_path: Path) -> None:
    """It is a success that says so, with an empty manifest; a list of no files is no work either."""
    (tmp_path / "landing").mkdir()
    assert ask(tmp_path)["has_work"] is False
    assert keys(tmp_path) == []
    put(tmp_path / "landing", LANDED)
    assert ask(tmp_path, files=[])["has_work"] is False


def test_a_landing_that_is_absent_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """A wrong folder would look like nothing to do for ever."""
    with pytest.raises(StorageUnavailable, match="landing"):
        ask(tmp_path)
    assert not (tmp_path / "landing").exists()


def test_a_replay_is_work_without_any_file(tmp_path: Path) -> None:
    """What lies in landing waits; the selection and the ratio go into the manifest."""
    put(tmp_path / "landing", LANDED)
    answer = ask(tmp_path, mode="replay", selection={"code": "date_missing"}, max_reject_ratio=1.0)
    found = manifest(tmp_path)
    assert (answer["has_work"], answer["bytes"], found.files) == (True, 0, ())
    assert (found.mode, found.selection, found.request.max_reject_ratio) == ("replay", {"code": "date_missing"}, 1.0)


def test_a_reprocess_takes_what_was_archived_on_that_date(tmp_path: Path) -> None:
    """Each object with the identity it had when it landed, and where it lies now; other dates stay where they are."""
    put(tmp_path / "landing", {"orders/1.csv": "c\n"})
    LakeDriver(tmp_path).load()
    ask(tmp_path, run_id="first")
    (landed,) = manifest(tmp_path, "first").files
    name = f"{etag(LANDED['orders/1.csv'])}-1.csv"
    there = f"archived/ecommerce/orders/2025-04-02/first/{name}"
    put(tmp_path / "lake", {there: "c\n", f"archived/ecommerce/orders/2025-04-01/other/{name}": "c\n"})
    ask(tmp_path, mode="reprocess", date="2025-04-02")
    assert manifest(tmp_path).files == (FileEntry(**vars(landed) | {"archived": there}),)


def test_a_date_without_an_archive_is_refused(tmp_path: Path) -> None:
    """The sentence says where the dates are to be seen."""
    with pytest.raises(BadRequest, match=r"nothing was archived on 2025-04-01; .*archived/ecommerce/<dataset>/"):
        ask(tmp_path, mode="reprocess", date="2025-04-01")


def test_rows_that_wait_are_work_when_they_are_due(tmp_path: Path) -> None:
    """An item without its order waits for seven days; the run that finds it due gives it up."""
    lake = LakeDriver(tmp_path)
    lake.load(PRODUCTS, ITEMS, as_of=AS_OF)
    for name in ("daily_sales", "product_daily", "user_orders"):
        lake.gold(name)
    early, due = (ask(tmp_path, as_of=(AS_OF + timedelta(days=days)).isoformat(), files=[]) for days in (6, 7))
    assert [(answer["pending"], answer["due"], answer["has_work"]) for answer in (early, due)] == [
        (1, 0, False),
        (1, 1, True),
    ]


def test_a_gold_table_that_is_behind_is_work(tmp_path: Path) -> None:
    """The load of before went well and the build of gold did not: without a new file the run catches up."""
    lake = LakeDriver(tmp_path)
    lake.load(PRODUCTS, as_of=AS_OF)
    behind = ask(tmp_path, files=[])
    assert (behind["unacknowledged"], behind["has_work"]) == (1, True)
    for name in ("daily_sales", "product_daily", "user_orders"):
        lake.gold(name)
    caught_up = ask(tmp_path, files=[])
    assert (caught_up["unacknowledged"], caught_up["has_work"]) == (0, False)


def test_checks_look_at_what_came_since_the_oldest_file_of_the_run(tmp_path: Path) -> None:
    """But for the first run of a week and for replays, whose checks look at whole tables; a waiting row is older."""
    lake, monday = LakeDriver(tmp_path), datetime(2025, 4, 7, 9, tzinfo=UTC)
    lake.load(PRODUCTS, ITEMS, as_of=monday)
    names = ("daily_sales", "product_daily", "user_orders")
    whole = "1970-01-01T00:00:00+00:00"
    assert ask(tmp_path, as_of=monday.isoformat())["since"] == whole
    for name in names:
        lake.gold(name, as_of=monday)
    later = (monday + timedelta(days=1)).isoformat()
    assert ask(tmp_path, as_of=later)["since"] == min(PRODUCTS.modified, ITEMS.modified).isoformat()
    assert ask(tmp_path, as_of=later, mode="replay", selection={"code": "x"})["since"] == whole
    assert ask(tmp_path, as_of=(monday + timedelta(days=7)).isoformat())["since"] == whole


def test_a_machine_of_the_whole_pipeline_refuses_what_its_short_one_is_asked(tmp_path: Path) -> None:
    """As Dagster does, before anything is planned; the short job itself may be asked so."""
    short = {"pull": "intraday", "short_jobs": {"shop_hourly": {"pull": "intraday"}}}
    with pytest.raises(BadRequest, match=r"^pull `intraday` is asked of the job `shop_hourly` only$"):
        ask(tmp_path, job="shop", **short)
    assert not (tmp_path / "lake").exists()
    put(tmp_path / "landing", LANDED)
    assert ask(tmp_path, job="shop_hourly", **short)["run_id"] == EVENT["run_id"]
