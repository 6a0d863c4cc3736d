"""A folder behaves as an object store with conditional verbs, also when others change it meanwhile."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse_assets.errors import BadRequest, ObjectMissing, PreconditionFailed, StorageUnavailable
from lakehouse_assets.storage import folder, walking
from lakehouse_assets.storage.atomic_files import taken_path
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.objects import StoredObject
from lakehouse_assets.storage.opening import open_store

# `printf hello | md5sum`
HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592"

# The pause between look and act makes any gap in the lock show.
INCREMENT = """
import sys, time
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.errors import PreconditionFailed
class Slow(FolderStore):
    def stat(self, key):
        found = super().stat(key)
        time.sleep(0.002)
        return found
store = Slow(sys.argv[1])
for _ in range(20):
    while True:
        etag, value = store.stat("n").etag, int(store.read("n"))
        try:
            store.put("n", str(value + 1).encode(), if_match=etag)
            break
        except PreconditionFailed:
            pass
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """An empty store."""
    return FolderStore(tmp_path / "lake")


def md5(data: bytes) -> str:
    """MD5 hex of data."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def names(store: FolderStore) -> set[str]:
    """All file names in a store, hidden ones too."""
    return {path.name for path in store.root.rglob("*") if path.is_file()}


class Swapping(FolderStore):
    """A landing folder whose file is replaced by its uploader right after the first look."""

    swapped = False

    def stat(self, key: str) -> StoredObject | None:
        """Look, then let the uploader come."""
        found = super().stat(key)
        if found and not self.swapped:
            self.swapped = True
            upload = self.root / "upload.tmp"
            upload.write_bytes(b"newer")
            upload.replace(self.path_of(key))
        return found


def test_stat_tells_key_size_and_utc_time(store: FolderStore) -> None:
    """Stat tells key, etag, size in bytes and the UTC time of the last change."""
    store.put("a", b"hello")
    os.utime(store.path_of("a"), (1_743_500_000, 1_743_500_000))
    modified = datetime(2025, 4, 1, 9, 33, 20, tzinfo=UTC)
    assert store.stat("a") == StoredObject("a", HELLO_MD5, 5, modified)


def test_list_is_recursive_sorted_and_without_folders(store: FolderStore) -> None:
    """Listing gives objects of all depths by key, no folders and no files being written."""
    for key in ("b.csv", "a/z.csv", "a/b c/ü.csv"):
        store.put(key, b"x")
    (store.root / "empty").mkdir()
    (store.root / f".{'0' * 32}.tmp").write_bytes(b"half")
    assert [stored.key for stored in store.list()] == ["a/b c/ü.csv", "a/z.csv", "b.csv"]


def test_list_skips_what_vanishes(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that goes away between listing and looking is skipped."""
    store.put("a", b"x")
    store.put("b", b"x")
    real = walking.walk

    def walk_then_lose(*args: object) -> list[object]:
        found = list(real(*args))  # type: ignore[arg-type]
        store.path_of("a").unlink()
        return found

    monkeypatch.setattr(folder, "walk", walk_then_lose)
    assert [stored.key for stored in store.list()] == ["b"]


def test_listing_again_does_not_hash_again(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unchanged file is hashed once per process."""
    store.put("a", b"hello")
    time.sleep(0.15)
    store.list()
    monkeypatch.setattr(folder, "md5_of", lambda _: "hashed again")
    assert store.list()[0].etag == HELLO_MD5


def test_a_file_that_may_still_change_is_hashed_again(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The etag of a file that was written just now is not kept, as the next write may look the same from outside."""
    store.put("a", b"hello")
    store.list()
    monkeypatch.setattr(folder, "md5_of", lambda _: "hashed again")
    assert store.list()[0].etag == "hashed again"


def test_a_quick_rewrite_of_the_same_size_is_seen(store: FolderStore) -> None:
    """Two versions of one size within one tick of the file system's clock have different etags."""
    path = store.path_of("a")
    for text in (b"one", b"two") * 20:
        path.write_bytes(text)
        os.utime(path, ns=(10**18, 10**18))
        assert store.list()[0].etag == md5(text)


def test_missing_folder_is_an_error_when_it_should_be_there(tmp_path: Path) -> None:
    """A landing folder that is gone is a storage error, not an empty listing."""
    landing = FolderStore(tmp_path / "nowhere", create=False)
    with pytest.raises(StorageUnavailable, match=r"storage `file://.*nowhere` does not answer: No such file"):
        landing.list()
    with pytest.raises(StorageUnavailable):
        landing.put("a", b"x")
    assert not landing.root.exists()


def test_put_if_match_loses_no_update_between_processes(store: FolderStore) -> None:
    """Three processes that each add 1 twenty times by compare-and-put reach 60."""
    store.put("n", b"0")
    command = [sys.executable, "-c", INCREMENT, str(store.root)]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    assert store.read("n") == b"60"


def test_an_object_of_pieces_is_there_at_once_or_not_at_all(store: FolderStore) -> None:
    """Its etag is that of the whole; a piece that fails leaves what was there, and no other file."""

    def broken() -> Iterator[bytes]:
        yield b"hel"
        raise ValueError("no more")

    etag = store.put_chunks("a/b", iter([b"he", b"", b"llo"]), if_absent=True)
    assert (etag, store.read("a/b")) == (HELLO_MD5, b"hello")
    with pytest.raises(ValueError, match="no more"):
        store.put_chunks("a/b", broken(), if_match=HELLO_MD5)
    with pytest.raises(PreconditionFailed):
        store.put_chunks("a/b", [b"other"], if_match="0" * 32)
    assert store.read("a/b") == b"hello"
    assert [path.name for path in (store.root / "a").iterdir()] == ["b"]


def test_copy_names_a_missing_source(store: FolderStore, tmp_path: Path) -> None:
    """A vanished source is another error than a landing folder that is gone as a whole."""
    landing = FolderStore(tmp_path / "landing")
    with pytest.raises(ObjectMissing):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")
    landing.root.rmdir()
    with pytest.raises(StorageUnavailable):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")


def test_delete_keeps_what_is_swapped_in_after_the_look(tmp_path: Path) -> None:
    """A file that its uploader swaps in between look and deletion stays under its name."""
    landing = Swapping(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"hello")
    with pytest.raises(PreconditionFailed):
        landing.delete("a.csv", if_match=HELLO_MD5)
    assert landing.read("a.csv") == b"newer"
    assert names(landing) == {"a.csv"}


def test_a_deletion_killed_halfway_loses_nothing(store: FolderStore) -> None:
    """A file that a killed deletion left aside is listed again under its name."""
    store.put("d/a.csv", b"hello")
    path = store.path_of("d/a.csv")
    path.rename(taken_path(path))
    assert [stored.key for stored in store.list("d/")] == ["d/a.csv"]
    assert names(store) == {"a.csv"}


def test_a_deletion_killed_halfway_is_finished_by_the_next(store: FolderStore) -> None:
    """Deleting again after a kill leaves nothing behind that could come back."""
    etag = store.put("a.csv", b"hello")
    path = store.path_of("a.csv")
    path.rename(taken_path(path))
    assert store.delete("a.csv", if_match=etag)
    assert names(store) == set()


def test_a_name_used_again_during_a_killed_deletion_keeps_both(store: FolderStore) -> None:
    """What was left aside gets a name of its own when somebody has dropped another file under the old one."""
    path = store.path_of("a.csv")
    taken_path(path).write_bytes(b"hello")
    path.write_bytes(b"new")
    store.list()
    assert {found.key: store.read(found.key) for found in store.list()} == {
        "a.csv": b"new",
        f"{HELLO_MD5}-a.csv": b"hello",
    }


def test_open_store_reads_paths_and_file_uris(tmp_path: Path) -> None:
    """A plain path and its file URI, blanks and all, are the same store."""
    folder = tmp_path / "my läke 100%"
    by_path = open_store(str(folder))
    by_path.put("a", b"hello")
    assert open_store(by_path.uri).read("a") == b"hello"


def test_open_store_refuses_what_is_no_place() -> None:
    """A URI of another kind is refused in one sentence."""
    with pytest.raises(BadRequest, match="`gs://lake/x`: a place is a folder, or `s3://bucket/prefix`"):
        open_store("gs://lake/x")


def test_a_file_where_a_folder_is_needed_is_a_storage_error(store: FolderStore) -> None:
    """What the file system refuses becomes our error."""
    store.put("a", b"x")
    with pytest.raises(StorageUnavailable):
        store.put("a/b", b"x")
