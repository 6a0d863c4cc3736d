"""A copied or moved lake is rebased onto its own place: wholly, at once, and again after a kill."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.expressions import EqualTo, IsNull

from glue.jobs.lakehouse import run as glue_job
from lakehouse_assets.compute.job_arguments import arguments, work_of
from lakehouse_assets.compute.local import LocalConfig, LocalServices
from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.engines import iceberg
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.errors import CommitConflict, FenceLost, LakeElsewhere, LakeIncomplete
from lakehouse_assets.storage.catalog import CatalogEntry, catalog_of
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.iceberg_files import TableFiles, avro_records, lists_of
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets.storage.relocation import relocate
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lake import never
from lakehouse_assets_tests.storage.gold import FIRST_DAY, SALES, USERS, fill, held
from lambdas.planrun.handler import handler as planrun

DAYS = (2, 4, 3)
"""What the table held after each of its commits."""
MOMENT = datetime(2025, 4, 2, tzinfo=UTC)
PAST = list(DAYS)
"""What it held at each snapshot: every commit is one, also one that replaces all rows."""


@pytest.fixture
def made(tmp_path: Path) -> Lake:
    """A lake with three commits of a gold table, and another gold table that is empty."""
    lake = open_lake(str(tmp_path / "made"))
    for days in DAYS:
        fill(lake, days)
    iceberg.ensure(USERS, lake)
    return lake


@pytest.fixture
def moved(made: Lake) -> Lake:
    """That lake under another name; where it was there is nothing."""
    return open_lake(str(Path(made.root).rename(Path(made.root).with_name("a new place"))))


def entries(lake: Lake) -> list[TableFiles]:
    """The metadata of every table that the catalog knows."""
    return [TableFiles(lake.store, entry, lake.root) for entry in catalog_of(lake.root).entries()]


def places(lake: Lake) -> set[str]:
    """Every text in any metadata that the catalog leads to, and in the catalog itself."""
    found = [asdict(table.entry) for table in entries(lake)]
    for table in entries(lake):
        documents = dict(table.documents())
        lists = {uri: list(avro_records(table.read(uri))) for d in documents.values() for uri in lists_of(d)}
        manifests = {record["manifest_path"] for records in lists.values() for record in records}
        found += [documents, lists, {uri: list(avro_records(table.read(uri))) for uri in manifests}]
    return texts(found)


NAMES = {"manifest-list", "metadata-file", "manifest_path", "manifest_length"}


def told(lake: Lake) -> list[Any]:
    """Everything that the metadata of all tables says, but for the names and lengths of its own files."""
    found = []
    for table in entries(lake):
        documents = [document for _, document in table.documents()]
        listed = [record for d in documents for uri in lists_of(d) for record in avro_records(table.read(uri))]
        manifests = [list(avro_records(table.read(record["manifest_path"]))) for record in listed]
        found.append([without_names(value) for value in (documents, listed, manifests)])
    return found


def without_names(value: Any) -> Any:
    """The value without the fields of `NAMES`, wherever they are."""
    if isinstance(value, list):
        return [without_names(item) for item in value]
    if isinstance(value, dict):
        return {name: without_names(item) for name, item in value.items() if name not in NAMES}
    return value


def texts(value: Any) -> set[str]:
    """All texts in a value, names of fields included."""
    if isinstance(value, dict):
        return texts([*value, *value.values()])
    if isinstance(value, (list, tuple)):
        return {text for item in value for text in texts(item)}
    return {value} if isinstance(value, str) else set()


def content(folder: str) -> dict[str, bytes]:
    """All files below a folder, but for the lock and the lease."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def past(lake: Lake) -> list[int]:
    """What the table held after each commit, read back by snapshot."""
    return [held(lake, snapshot.snapshot_id) for snapshot in lake.iceberg(SALES).snapshots()]


def test_a_relocated_lake_has_its_whole_past(made: Lake, moved: Lake) -> None:
    """Every snapshot is read back from the new place alone, and no text names the old one any more."""
    done = relocate(moved, never)
    assert {table.name for table in done.tables} == {SALES.catalog_name, USERS.catalog_name}
    assert {table.made_at for table in done.tables} == {made.root}
    assert past(moved) == PAST
    assert not [text for text in places(moved) if made.root in text]
    assert not Path(made.root).exists()


def test_until_then_gold_is_neither_read_nor_written(made: Lake, moved: Lake) -> None:
    """The error names both places and the way out."""
    for use in (lambda: moved.iceberg(SALES), moved.catalog, lambda: iceberg.ensure(SALES, moved), moved.require_here):
        with pytest.raises(LakeElsewhere) as caught:
            use()
        assert f"`{made.root}`" in str(caught.value)
        assert f"`lakehouse relocate --lake '{moved.root}'`" in str(caught.value)
    assert not Path(made.root).exists()


def test_no_run_begins_on_it(made: Lake, moved: Lake, tmp_path: Path) -> None:
    """Neither runtime plans or loads: nothing is written before it is refused, not even the manifest."""
    store_manifest(moved, "run-1", moved.root)
    before = content(moved.root)
    event = {"run_id": "run-2", "pipeline": "ecommerce", "lake": moved.root, "landing": f"{moved.root}/landing"}
    manifest = f"{moved.root}/runs/ecommerce/run-1/manifest.json"
    asked = arguments(["--run-id", "run-1", "--manifest-uri", manifest, "--lake-root", moved.root])
    place: dict[str, Any] = {"pipeline": "ecommerce", "lake": moved, "landing": str(tmp_path), "zone": "UTC"}
    local = LocalServices(LocalConfig(**place, memory="500MB", threads=1, open_engine=unreachable), "run-3")
    for begin in (lambda: planrun(event, None), lambda: glue_job(asked), local.hold):
        with pytest.raises(LakeElsewhere, match=made.root):
            begin()
    assert content(moved.root) == before


def unreachable() -> Engine:
    """The engine of a run that does not come so far."""
    raise AssertionError


def store_manifest(lake: Lake, run_id: str, landing: str) -> None:
    """A manifest of no files."""
    request = {"mode": "load", "as_of": "2025-04-02T09:00:00Z"}
    manifest = {"run_id": run_id, "pipeline": "ecommerce", "landing": landing, "files": [], "request": request}
    lake.store.put(f"runs/ecommerce/{run_id}/manifest.json", json.dumps(manifest).encode())


def test_lengths_are_those_of_the_new_files(moved: Lake) -> None:
    """Readers fetch so many bytes of a manifest."""
    relocate(moved, never)
    sales = next(table for table in entries(moved) if table.entry.name == "daily_sales")
    _, newest = next(sales.documents())
    listed = [record for uri in lists_of(newest) for record in avro_records(sales.read(uri))]
    assert len(listed) > 1
    assert all(record["manifest_length"] == len(sales.read(record["manifest_path"])) for record in listed)


def test_only_places_change(made: Lake, tmp_path: Path) -> None:
    """Moved there and back again the metadata says what it said, but for names of its files and their lengths."""
    before, folder = told(made), Path(made.root)
    for name in ("elsewhere", "made"):
        folder = folder.rename(tmp_path / name)
        relocate(open_lake(str(folder)), never)
    assert told(made) == before


def test_partitions_of_any_type_are_found_again(made: Lake, tmp_path: Path) -> None:
    """Values of partitions are kept in manifests; a reader that skips by them finds the right rows."""
    values = {
        "day": FIRST_DAY,
        "at": datetime(2025, 4, 1, 23, 59, 59, 999_999, UTC).replace(tzinfo=None),
        "sum": Decimal("-1.05"),
        "who": "ü/=",
    }
    rows = pa.Table.from_pylist([values | {"n": 1}, dict.fromkeys(values) | {"n": 2}])
    table = made.catalog().create_table(
        ("ecommerce_gold", "parted"), rows.schema, f"file://{made.root}/ecommerce_gold/parted"
    )
    with table.update_spec() as spec:
        for name in values:
            spec.add_identity(name)
    table.append(rows)
    place = open_lake(str(Path(made.root).rename(tmp_path / "elsewhere")))
    relocate(place, never)
    found = place.catalog().load_table(("ecommerce_gold", "parted"))
    for name, value in values.items():
        assert found.scan(row_filter=EqualTo(name, value)).to_arrow().to_pylist() == rows.slice(0, 1).to_pylist()
    assert found.scan(row_filter=IsNull("sum")).to_arrow().to_pylist() == rows.slice(1, 1).to_pylist()


def test_a_relocated_lake_goes_on(moved: Lake) -> None:
    """The next commit follows the last one, in number too."""
    relocate(moved, never)
    fill(moved, 7)
    assert held(moved) == 7
    numbers = [Path(uri).name.split("-")[0] for table in entries(moved)[:1] for uri, _ in table.documents()]
    assert sorted(numbers) == [f"{number:05}" for number in range(len(numbers))]


def test_a_second_relocation_changes_nothing(moved: Lake) -> None:
    """Old files are gone after the first one, and nothing is written anew."""
    first = relocate(moved, never)
    assert first.removed == sum(table.files for table in first.tables)
    before = content(moved.root)
    second = relocate(moved, never)
    assert (second.tables, second.manifests, second.removed) == ((), 0, 0)
    assert content(moved.root) == before


def test_a_lake_where_it_was_made_is_left_alone(made: Lake) -> None:
    """Whatever it is called."""
    before = content(made.root)
    assert relocate(open_lake(f"{made.root}/../made/"), never).tables == ()
    assert content(made.root) == before


def test_a_copy_leaves_the_original_as_it_is(made: Lake, tmp_path: Path) -> None:
    """Also one that lies in it, whose place begins with that of the original."""
    for place in (tmp_path / "copy", Path(made.root) / "backup" / "copy"):
        before = content(made.root)
        copy = open_lake(str(shutil.copytree(made.root, place)))
        relocate(copy, never)
        fill(copy, 5)
        after = {key: data for key, data in content(made.root).items() if not key.startswith("backup/")}
        assert after == {key: data for key, data in before.items() if not key.startswith("backup/")}
        assert (held(copy), held(made)) == (5, DAYS[-1])


class Dying(FolderStore):
    """A store whose process dies before its n-th change."""

    def __init__(self, root: str, changes: int) -> None:
        super().__init__(root)
        self.left = changes

    def put(self, key: str, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """As ever, or the end."""
        self._count()
        return super().put(key, data, if_absent=if_absent, if_match=if_match)

    def delete(self, key: str, *, if_match: str) -> bool:
        """As ever, or the end."""
        self._count()
        return super().delete(key, if_match=if_match)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def killed(root: str, changes: int) -> bool:
    """Relocate until so many changes are made; whether that killed it."""
    lake = open_lake(root)
    lake.__dict__["store"] = Dying(root, changes)  # where `cached_property` keeps it
    try:
        relocate(lake, never)
    except KeyboardInterrupt:
        return True
    return False


def test_killed_anywhere_it_is_done_by_the_next_try(moved: Lake, tmp_path: Path) -> None:
    """After each number of changes the lake is refused or whole, never between; a second try ends like a first one."""
    before = shutil.copytree(moved.root, tmp_path / "before")
    relocate(moved, never)
    whole, changes, refused = set(content(moved.root)), 0, []
    while True:
        shutil.rmtree(moved.root)
        shutil.copytree(before, moved.root)
        if not killed(moved.root, changes):
            break
        try:
            refused.append(held(open_lake(moved.root)) != DAYS[-1])
        except LakeElsewhere:
            refused.append(True)
        relocate(open_lake(moved.root), never)
        assert set(content(moved.root)) == whole
        assert past(moved) == PAST
        changes += 1
    assert refused == sorted(refused, reverse=True)
    assert {True, False} == set(refused)


def test_files_that_the_catalog_still_leads_to_stay(made: Lake, moved: Lake) -> None:
    """A relocation died at its end, and then the old place came to be another name of the new one."""

    def dies() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relocate(moved, dies)
    Path(made.root).symlink_to(moved.root)
    assert relocate(moved, never).tables == ()
    assert past(moved) == PAST


def test_a_lost_lease_changes_nothing(moved: Lake) -> None:
    """The guard is asked before the catalog changes; the lake is still refused, and relocated by whoever may."""

    def lost() -> None:
        raise FenceLost(run_id="this", pipeline="ecommerce", holder="another")

    before = catalog_of(moved.root).entries()
    with pytest.raises(FenceLost):
        relocate(moved, lost)
    assert catalog_of(moved.root).entries() == before


def test_the_catalog_changes_for_all_tables_or_none(made: Lake) -> None:
    """A table that somebody else changed meanwhile stops all of them."""
    catalog = catalog_of(made.root)
    sales, users = before = catalog.entries()
    stale = CatalogEntry(users.database, users.name, "file:///of/an/earlier/state", None)
    with pytest.raises(CommitConflict, match="user_orders"):
        catalog.repoint({sales: CatalogEntry(sales.database, sales.name, "file:///new", None), stale: users})
    assert catalog.entries() == before


@pytest.mark.parametrize("kind", ["metadata/*.metadata.json", "metadata/snap-*.avro", "metadata/*-m0.avro", "data/*"])
def test_a_lake_that_came_without_a_file_is_refused_as_it_is(moved: Lake, kind: str) -> None:
    """A half copied lake, or one that another version wrote into from here: the missing file is named."""
    lost = max(Path(moved.root, "ecommerce_gold/daily_sales").glob(kind))
    lost.unlink()
    before = catalog_of(moved.root).entries()
    with pytest.raises(LakeIncomplete, match=lost.name):
        relocate(moved, never)
    assert catalog_of(moved.root).entries() == before


def test_a_load_reads_the_landing_that_lies_in_its_lake(made: Lake) -> None:
    """By its key in the manifest; a landing elsewhere by its URI."""
    for landing, root in (("land-folder/Data", f"{made.root}/land-folder/Data"), ("file:///srv/drops", "/srv/drops")):
        store_manifest(made, "run-1", landing)
        manifest = RunFolder(made.store, "ecommerce", "run-1").manifest()
        assert work_of(manifest, made).landing.uri(FileEntry("orders", "a.csv", "", 0, MOMENT)) == f"{root}/a.csv"


def test_a_landing_inside_the_lake_moves_with_it(made: Lake, moved: Lake) -> None:
    """Manifests of earlier versions name it absolutely; one outside stays where it is."""
    drops = {
        "in": f"file://{made.root}/land-folder/Data",
        "out": "file:///srv/drops",
        "by": f"file://{made.root}-2/drops",
    }
    for run_id, landing in drops.items():
        moved.store.put(f"runs/shop/{run_id}/manifest.json", json.dumps({"landing": landing, "files": []}).encode())
    assert relocate(moved, never).manifests == 1
    found = {name: json.loads(moved.store.read(f"runs/shop/{name}/manifest.json"))["landing"] for name in drops}
    assert found == drops | {"in": "land-folder/Data"}
