"""A lake is a value: one place by any name, and the ways to its tables, which are typed when there is none."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from deltalake import DeltaTable

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines import delta, iceberg
from lakehouse_assets.errors import BadRequest, LakeElsewhere, TableMissing
from lakehouse_assets.storage.iceberg_files import LiveFiles
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.opening import is_same_place
from lakehouse_assets_tests.storage.gold import SALES, fill, held

ORDERS = contracts("ecommerce")["silver.clean_orders"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that is not there yet."""
    return open_lake(str(tmp_path / "a lake"))


def test_a_place_is_one_lake_by_any_name(tmp_path: Path) -> None:
    """Links, `..`, a slash at the end and a URI are other names of one value."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    names = ("real", "real/", "link", "real/../link", "nowhere/../real")
    assert len({open_lake(f"{tmp_path}/{name}") for name in names}) == 1
    assert open_lake((tmp_path / "link").as_uri()).root == str(tmp_path / "real")


def test_a_lake_without_a_store_is_refused() -> None:
    """Before anything is opened there: no such kind of place, no bucket, a prefix that engines spell differently."""
    for place in ("gs://bucket/lake", "s3://", "s3://Bucket/lake", "s3://bucket/my lake", "s3://bucket/a//b"):
        with pytest.raises(BadRequest, match=f"`{place}`"):
            open_lake(place)


def test_a_bucket_has_one_name_of_a_lake() -> None:
    """A slash at the end does not count; no bucket is asked."""
    assert open_lake("s3://bucket/lake//") == open_lake("s3://bucket/lake")
    assert open_lake("s3://bucket/").root == "s3://bucket"


def test_a_lake_in_a_bucket_has_its_delta_tables(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Created, opened, and opened at a version, by credentials that neither text nor pickle of the lake holds."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    lake = open_lake(f"{s3}/lake")
    assert lake.find_delta(ORDERS) is None
    created = lake.create_delta(ORDERS, delta.arrow_schema(ORDERS), {})
    assert [table.version() for table in (created, lake.delta(ORDERS), lake.delta(ORDERS, version=0))] == [0, 0, 0]
    assert [key for key in lake.store.look().keys if key.endswith("0.json")]
    assert b"hidden" not in repr((lake, lake.store)).encode() + pickle.dumps((lake, lake.store))


def test_asking_for_a_table_that_is_not_there_makes_nothing(lake: Lake) -> None:
    """Neither the lake nor a catalog; the error names the table."""
    for ask, contract in ((lake.delta, ORDERS), (lake.iceberg, SALES)):
        with pytest.raises(TableMissing, match=contract.catalog_name):
            ask(contract)
    assert not Path(lake.root).exists()
    lake.catalog()
    for look in (lake.iceberg, lake.iceberg_files):
        with pytest.raises(TableMissing, match=SALES.catalog_name):
            look(SALES)


def test_tables_lie_where_the_contracts_say(lake: Lake) -> None:
    """Below the lake's root, and under the same key in its store."""
    delta.ensure(ORDERS, lake)
    iceberg.ensure(SALES, lake)
    assert DeltaTable(f"{lake.root}/lakehouse-dwh/clean_orders").version() == 0
    assert lake.store.list(f"{lake.key(ORDERS)}/_delta_log/")
    assert lake.store.list("ecommerce_gold/daily_sales/metadata/")


def test_data_files_are_named_below_the_root_by_whatever_name_the_table_was_made(tmp_path: Path) -> None:
    """A reader that is confined to the lake's folder finds those of a lake that was made through a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    made = Lake(str(tmp_path / "link"))
    fill(made, 1)
    lake = open_lake(str(tmp_path / "link"))
    (file,) = lake.iceberg_files(SALES).rows
    assert file.startswith(f"{tmp_path}/real/ecommerce_gold/daily_sales/data/")
    assert Path(file).exists()


def test_data_files_are_those_that_pyiceberg_plans(lake: Lake) -> None:
    """Of every snapshot: after an append, after a replacement, and of a table that holds nothing."""
    table = iceberg.ensure(SALES, lake)
    assert lake.iceberg_files(SALES) == LiveFiles([], [])
    for days in (1, 3, 0):
        fill(lake, days)
    table = table.refresh()
    for snapshot in (None, *(s.snapshot_id for s in table.snapshots())):
        planned = [task.file.file_path for task in table.scan(snapshot_id=snapshot).plan_files()]
        assert [f"file://{file}" for file in lake.iceberg_files(SALES, snapshot).rows] == planned


def test_another_name_of_the_place_is_the_place(tmp_path: Path) -> None:
    """A lake that was moved with a link left behind, and one that is reached through a link, are where they are."""
    fill(open_lake(str(tmp_path / "old")), 1)
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "old").symlink_to("new")
    for name in ("old", "new", "old/../new/"):
        open_lake(f"{tmp_path}/{name}").require_here()
    fill(open_lake(str(tmp_path / "new")), 2)
    assert held(open_lake(str(tmp_path / "old"))) == 2


def test_a_link_that_leads_elsewhere_now_is_noticed(tmp_path: Path) -> None:
    """The metadata names the link, which is another lake meanwhile."""
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to("one")
    fill(Lake(str(tmp_path / "link")), 1)
    (tmp_path / "link").unlink()
    (tmp_path / "two").mkdir()
    (tmp_path / "link").symlink_to("two")
    with pytest.raises(LakeElsewhere, match=f"from `{tmp_path}/link`"):
        open_lake(str(tmp_path / "one")).iceberg(SALES)


def test_a_lake_without_gold_may_move(tmp_path: Path) -> None:
    """Delta names nothing absolute; what was written before is read, and more is written, where the lake is now."""
    lake = open_lake(str(tmp_path / "old"))
    delta.ensure(ORDERS, lake)
    lake.catalog()
    moved = open_lake(str((tmp_path / "old").rename(tmp_path / "new")))
    moved.require_here()
    assert delta.ensure(ORDERS, moved).version() == 0
    assert not (tmp_path / "old").exists()


def test_a_place_in_the_lake_is_known_by_its_key(lake: Lake) -> None:
    """Whatever it is called; places outside of it, such as one that a link leads to, stay what they are."""
    lake.create()
    (Path(lake.root) / "link").symlink_to("..")
    landing = f"{lake.root}/land-folder/Data"
    assert lake.relative(landing) == lake.relative(Path(landing).as_uri()) == "land-folder/Data"
    outside = ("/srv/drops", "file:///srv/drops", f"{lake.root}/link/drops", lake.root, f"{lake.root}-2/drops")
    assert [lake.relative(name) for name in outside] == list(outside)
    places = {"land-folder/Data": landing, "/srv/drops": "/srv/drops", "s3://drops/a": "s3://drops/a"}
    assert {name: lake.resolve(name) for name in places} == places


def test_places_of_stores_are_compared_as_they_are_written(tmp_path: Path) -> None:
    """Only folders have other names; one that is not there is no other one."""
    assert is_same_place("s3://bucket/lake", "s3://bucket/lake")
    assert not is_same_place("s3://bucket/lake", "s3://bucket/copy")
    assert not is_same_place(str(tmp_path / "gone"), str(tmp_path))
