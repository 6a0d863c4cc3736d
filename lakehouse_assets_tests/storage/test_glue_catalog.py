"""Gold tables of a lake in S3: under the names that Athena sees, one lake apart from another, committed once."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.iceberg_commit import live_files, note, replace
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.errors import CommitConflict, FenceLost, LakeElsewhere, NamesTaken, ServiceUnavailable
from lakehouse_assets.storage.aws import client, glue
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.relocation import has_places, relocate
from lakehouse_assets_tests.emulator.proxy import Proxy
from lakehouse_assets_tests.lake import never
from lakehouse_assets_tests.storage.gold import SALES, fill, held, rows_of

PREFIX_ENV = "LAKEHOUSE_DATABASE_PREFIX"
GLUE = "^/$"
"""The path of every request to Glue, which are POST."""


@pytest.fixture
def lake(s3: str) -> Lake:
    """A lake with two commits of a gold table."""
    made = open_lake(f"{s3}/lake")
    for days in (2, 3):
        fill(made, days)
    return made


def copied(lake: Lake, name: str) -> Lake:
    """The lake's objects under another prefix."""
    bucket, _, prefix = lake.root.removeprefix("s3://").partition("/")
    for key in lake.store.look().keys:
        client().copy_object(Bucket=bucket, Key=f"{name}/{key}", CopySource=f"{bucket}/{prefix}/{key}")
    return open_lake(f"s3://{bucket}/{name}")


def past(lake: Lake) -> list[int]:
    """How many days the table held after each commit, read back by snapshot."""
    return [held(lake, snapshot.snapshot_id) for snapshot in lake.iceberg(SALES).snapshots()]


def databases() -> list[str]:
    """The databases of the Glue catalog."""
    return sorted(database["Name"] for database in glue().get_databases()["DatabaseList"] if "_" in database["Name"])


def test_tables_are_in_glue_as_athena_finds_them(lake: Lake) -> None:
    """Under database and name of the contract, as an Iceberg table whose metadata and place lie in the lake."""
    found: Any = glue().get_table(DatabaseName=SALES.database, Name=SALES.name)["Table"]
    assert found["Parameters"]["table_type"] == "ICEBERG"
    assert found["Parameters"]["metadata_location"].startswith(f"{lake.root}/ecommerce_gold/daily_sales/metadata/")
    assert found["StorageDescriptor"]["Location"] == f"{lake.root}/ecommerce_gold/daily_sales"


def test_a_prefix_begins_the_names_in_glue_and_no_name_in_sql(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lakes behind one catalog hold what each was given, and are asked by the same statement."""
    counts = []
    for prefix, days in (("blue_", 2), ("green_", 4)):
        monkeypatch.setenv(PREFIX_ENV, prefix)
        place = open_lake(f"{s3}/{prefix}")
        fill(place, days)
    for prefix in ("blue_", "green_"):
        monkeypatch.setenv(PREFIX_ENV, prefix)
        scope = QueryScope(open_lake(f"{s3}/{prefix}"), {SALES.catalog_name: SALES})
        counts += [row for b in ask(scope, f"SELECT count(*) AS n FROM {SALES.catalog_name}").batches for row in b]
    assert counts == [(2,), (4,)]
    assert databases() == ["blue_ecommerce_gold", "green_ecommerce_gold"]


def test_a_table_of_another_lake_is_refused_before_anything_is_written(lake: Lake, s3: str) -> None:
    """The sentence names the table, both lakes and the setting; the other lake stays as it was."""
    other = open_lake(f"{s3}/other")
    for use in (other.require_here, other.catalog, lambda: other.iceberg(SALES), lambda: fill(other, 1)):
        with pytest.raises(NamesTaken, match=f"`ecommerce_gold.daily_sales`.*`{lake.root}`.*`{other.root}`.*_PREFIX"):
            use()
    assert (other.store.look().keys, held(lake)) == ([], 3)


def test_a_copy_is_no_lake_of_its_own_until_it_is_relocated(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a prefix of its own it has the whole past, read from its own place; the original is as it was."""
    copy = copied(lake, "copy")
    monkeypatch.setenv(PREFIX_ENV, "staging_")
    for use in (copy.require_here, lambda: copy.iceberg(SALES), lambda: fill(copy, 1)):
        with pytest.raises(LakeElsewhere, match=f"`{copy.root}` was copied or moved from `{lake.root}`"):
            use()
    assert has_places(copy)
    (done,) = relocate(copy, never).tables
    assert (done.name, done.made_at, done.snapshots) == (SALES.catalog_name, lake.root, 2)
    assert past(copy) == [2, 3]
    fill(copy, 7)
    assert relocate(copy, never).tables == ()
    monkeypatch.delenv(PREFIX_ENV)
    assert past(lake) == [2, 3]


def test_a_copy_under_the_same_prefix_takes_nothing_from_the_original(lake: Lake) -> None:
    """It is refused while the original is there; a lake that was moved keeps its names."""
    moved = copied(lake, "moved")
    with pytest.raises(NamesTaken, match=lake.root):
        relocate(moved, never)
    for key in lake.store.look().keys:
        lake.store.delete(key, if_match=lake.store.list(key)[0].etag)
    assert len(relocate(moved, never).tables) == 1
    assert past(moved) == [2, 3]
    fill(moved, 4)
    assert held(moved) == 4


@pytest.mark.parametrize("twice", [False, True])
def test_a_relocation_that_died_is_done_by_the_next(lake: Lake, monkeypatch: pytest.MonkeyPatch, twice: bool) -> None:  # noqa: FBT001 - the case
    """It had written all metadata anew, and the catalog did not know yet, once or more often."""
    copy = copied(lake, "copy")
    monkeypatch.setenv(PREFIX_ENV, "staging_")

    def lost() -> None:
        raise FenceLost(run_id="a", pipeline="b", holder="c")

    for _ in range(1 + twice):
        with pytest.raises(FenceLost):
            relocate(copy, lost)
    with pytest.raises(LakeElsewhere):
        copy.iceberg(SALES)
    assert len(relocate(copy, never).tables) == 1
    assert past(copy) == [2, 3]


def test_a_catalog_that_lost_its_entries_gets_them_back(lake: Lake) -> None:
    """Until then the table is damaged and not missing, so that nobody makes it anew."""
    glue().delete_table(DatabaseName=SALES.database, Name=SALES.name)
    with pytest.raises(Exception, match="the Glue catalog does not know it, though there are files"):
        lake.iceberg(SALES)
    assert len(relocate(lake, never).tables) == 1
    assert past(lake) == [2, 3]


def test_a_commit_of_somebody_else_is_a_conflict(lake: Lake) -> None:
    """Rows that were compared with an older version are not put on top of a newer one."""
    stale = lake.iceberg(SALES)
    fill(lake, 5)
    with pytest.raises(CommitConflict):
        replace(SALES, stale, rows_of(4).to_batches(), live_files(stale), never)
    assert held(lake) == 5


def test_whichever_answer_of_glue_is_lost_all_is_done_once(s3_proxy: Proxy) -> None:
    """Of every second request: boto3 tries again and meets its own database, table or commit, which is no conflict."""
    place, rule = open_lake(f"{s3_proxy.uri}/lake"), s3_proxy.fail("lost answer", "POST", GLUE, times=99, every=2)
    fill(place, 2)
    fill(place, 3)
    note(SALES, iceberg.ensure(SALES, place), {"a": "b"}, never)
    table = place.iceberg(SALES)
    assert (past(place), table.properties["a"]) == ([2, 3], "b")
    assert rule.done > 10


def test_a_glue_catalog_that_is_throttled_for_long_is_no_damaged_table(s3_proxy: Proxy) -> None:
    """Whoever reads hears that the catalog does not answer."""
    place = open_lake(f"{s3_proxy.uri}/lake")
    fill(place, 2)
    s3_proxy.fail("slow down", "POST", GLUE, times=99)
    with pytest.raises(ServiceUnavailable, match="the Glue catalog"):
        place.iceberg(SALES)
