"""Manifest entries are found in the landing folder or in the archive, and noticed when they change."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.storage import folder
from lakehouse_assets.storage import landing as landing_module
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.landing import ManifestFiles, look, strange_folders, strangers
from lakehouse_assets.storage.objects import ObjectStore


@pytest.fixture
def landing(tmp_path: Path) -> ManifestFiles:
    """A landing folder and a lake, both empty."""
    return ManifestFiles(FolderStore(tmp_path / "land"), FolderStore(tmp_path / "lake"))


class Remote:
    """A store that is no folder for those who use it: everything but the `ObjectStore` verbs is hidden."""

    def __init__(self, inner: FolderStore) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        assert name in vars(ObjectStore), name
        return getattr(self._inner, name)


def entry_of(store: ObjectStore, key: str, data: bytes) -> FileEntry:
    """Put an object and list it as a manifest would."""
    store.put(key, data)
    stored = store.stat(key)
    assert stored is not None
    return FileEntry("orders", key, stored.etag, stored.size_bytes, stored.modified)


def test_a_landed_file_is_read_where_it_landed(landing: ManifestFiles) -> None:
    """Bytes and path come from the landing folder."""
    entry = entry_of(landing.landing, "orders/a b.csv", b"x,y\n")
    assert b"".join(landing.chunks(entry)) == b"x,y\n"
    assert Path(landing.uri(entry)).read_bytes() == b"x,y\n"
    assert landing.is_unchanged(entry)


def test_a_part_of_a_file_is_read_wherever_the_files_are_sent(landing: ManifestFiles) -> None:
    """A process that only got the pickled files reads bytes 2 and 3 of an entry."""
    entry = entry_of(landing.landing, "orders/a.csv", b"x,y\n")
    sent = pickle.loads(pickle.dumps(landing))  # noqa: S301 - our own bytes
    assert b"".join(sent.chunks(entry, 1, 3)) == b",y"
    assert sent.is_unchanged(entry)


def test_an_archived_file_is_read_from_the_lake(landing: ManifestFiles) -> None:
    """The copy in the archive stands for the landed file, though its time differs."""
    copy = entry_of(landing.lake, "archived/1-a.csv", b"x\n")
    entry = replace(copy, key="orders/a.csv", archived="archived/1-a.csv", modified=copy.modified.replace(year=2020))
    assert b"".join(landing.chunks(entry)) == b"x\n"
    assert landing.uri(entry) == str(landing.lake.root / "archived/1-a.csv")
    assert landing.is_unchanged(entry)


def test_an_archived_file_with_other_content_is_changed(landing: ManifestFiles) -> None:
    """The archive is trusted by content, not by name."""
    copy = entry_of(landing.lake, "archived/1-a.csv", b"x\n")
    assert not landing.is_unchanged(replace(copy, archived="archived/1-a.csv", etag="0" * 32))


def test_other_content_of_another_size_is_a_change(landing: ManifestFiles) -> None:
    """A file that grew since it was listed is another one."""
    entry = entry_of(landing.landing, "orders/a.csv", b"x\n")
    Path(landing.uri(entry)).write_bytes(b"x\ny\n")
    assert not landing.is_unchanged(entry)


def test_other_content_of_the_same_size_is_a_change(landing: ManifestFiles) -> None:
    """A file rewritten with as many bytes is noticed by its time, and told apart by its content."""
    entry = entry_of(landing.landing, "orders/a.csv", b"x\n")
    path, nanos = Path(landing.uri(entry)), 1_700_000_000_000_001_000
    path.write_bytes(b"y\n")
    os.utime(path, ns=(nanos, nanos))
    assert not landing.is_unchanged(entry)


def test_a_new_time_alone_is_no_change(landing: ManifestFiles) -> None:
    """A file that was only touched still has the content that was listed, so it is loaded and archived."""
    entry = entry_of(landing.landing, "orders/a.csv", b"x\n")
    os.utime(landing.uri(entry), ns=(1_700_000_000_000_001_000, 1_700_000_000_000_001_000))
    assert landing.is_unchanged(entry)


def test_a_file_that_is_gone_is_changed_and_cannot_be_read(landing: ManifestFiles) -> None:
    """A missing file is left out by the load, and reading it says which one."""
    entry = entry_of(landing.landing, "orders/a.csv", b"x\n")
    Path(landing.uri(entry)).unlink()
    assert not landing.is_unchanged(entry)
    with pytest.raises(ObjectMissing, match=r"orders/a\.csv"):
        b"".join(landing.chunks(entry))


def test_any_two_stores_will_do(tmp_path: Path) -> None:
    """Landing and lake are asked by the verbs of `ObjectStore` alone."""
    stores: list[ObjectStore] = [Remote(FolderStore(tmp_path / name)) for name in ("land", "lake")]
    files = ManifestFiles(*stores)
    landed, moved = entry_of(stores[0], "orders/a.csv", b"a\n"), entry_of(stores[1], "archived/b.csv", b"b\n")
    archived = replace(moved, key="orders/b.csv", archived="archived/b.csv")
    assert [b"".join(files.chunks(entry)) for entry in (landed, archived)] == [b"a\n", b"b\n"]
    assert [files.is_unchanged(entry) for entry in (landed, archived)] == [True, True]
    assert files.uri(archived) == str(tmp_path / "lake/archived/b.csv")


def test_files_of_no_dataset_are_told_from_those_that_are_still_being_written() -> None:
    """A spreadsheet, another folder and a note are strangers; hidden and temporary files are somebody's work."""
    known = ["orders/1.csv", "products.csv", "orders/.2.csv", "orders/2.csv.tmp", "_logs/x"]
    strange = ["notes.txt", "orders/data.xlsx", "weather/1.csv"]
    assert strangers("ecommerce", [*strange[::-1], *known]) == strange


def test_a_file_of_another_pipeline_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pipelines may share a landing."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce,lakehouse_assets_tests.returns")
    pages = [glob.replace("*", "1") for glob in contracts("returns")["landing.returns"].files]
    assert strangers("ecommerce", [*pages, "notes.txt"]) == ["notes.txt"]


def test_a_look_at_landing_says_what_is_left_alone(tmp_path: Path) -> None:
    """A file that is being written, one of no dataset, a dead link and a pipe are named with why."""
    landing = FolderStore(tmp_path / "landing")
    for key in ("products.csv", "orders/1.csv", "orders/2.csv", "notes.txt", "orders/.3.csv"):
        landing.put(key, b"a\n")
    (landing.root / "orders/gone.csv").symlink_to("nowhere")
    (landing.root / "orders/_tmp").symlink_to("nowhere")
    os.mkfifo(landing.root / "orders/pipe.csv")
    with landing.path_of("orders/2.csv").open("ab"):
        seen = look("ecommerce", landing)
    assert [entry.key for entry in seen.entries] == ["orders/1.csv", "products.csv"]
    assert seen.left_alone == {
        "notes.txt": "it is of no dataset",
        "orders/2.csv": "a process is still writing it; it is taken when that is done",
        "orders/gone.csv": "a link to something that is not there",
        "orders/pipe.csv": "a pipe, no regular file",
    }


def test_a_file_that_may_not_be_read_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One upload with narrow rights holds nobody else up."""
    landing = FolderStore(tmp_path / "landing")
    for key in ("orders/1.csv", "orders/2.csv"):
        landing.put(key, b"a\n")
    real = folder.chunks_of

    def refuse(path: Path) -> Iterator[bytes]:
        if path.name == "2.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(folder, "chunks_of", refuse)
    seen = look("ecommerce", landing)
    assert [entry.key for entry in seen.entries] == ["orders/1.csv"]
    assert seen.left_alone == {"orders/2.csv": "it may not be read: Permission denied"}


def test_files_of_no_dataset_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A landing folder that is named by mistake may hold anything, of any size and depth."""
    landing = FolderStore(tmp_path / "landing")
    for key in ("movie.mkv", "orders/1.csv", "a/b/c/d/deep.csv"):
        landing.put(key, b"a\n")
    read = list[str]()
    real = folder.chunks_of
    monkeypatch.setattr(folder, "chunks_of", lambda path: read.append(path.name) or real(path))
    look("ecommerce", landing)
    assert read == ["1.csv"]


def test_folders_below_those_of_datasets_are_named(tmp_path: Path) -> None:
    """Nobody takes what lies there: of `orders/sub` whatever it holds, of `notes/old`, which is of no dataset."""
    landing = FolderStore(tmp_path / "landing")
    for key in ("orders/1.csv", "orders/sub/z.csv", "orders/sub/deep/x.csv", "orders/date=2025-04-02/y.csv"):
        landing.put(key, b"a\n")
    for key in ("notes/old/1.txt", "orders/_tmp/1.csv", "orders/kept/.keep"):
        landing.put(key, b"a\n")
    (landing.root / "orders/empty").mkdir()
    seen = look("ecommerce", landing)
    assert [entry.key for entry in seen.entries] == ["orders/1.csv"]
    assert seen.left_alone == {
        "orders/sub/": "a folder; files lie directly in orders/",
        "orders/date=2025-04-02/": "a folder; files lie directly in orders/",
        "notes/old/": "a folder in which no dataset has files",
    }


def test_a_folder_in_which_another_pipeline_has_files_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its patterns lead there, or deeper."""
    patterns = {"ecommerce": {"orders": ("orders/*.csv",)}, "other": {"clicks": ("clicks/*/*/*.csv",)}}
    monkeypatch.setattr(landing_module, "_patterns", patterns.__getitem__)
    monkeypatch.setattr("lakehouse_assets.contracts.packages.pipelines", lambda: list(patterns))
    assert strange_folders("ecommerce", ["clicks/2025/", "orders/old/", "clicks/a/b/"]) == ["orders/old/"]
