"""A folder behaves as an object store with conditional verbs, also when others change it meanwhile."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
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


def test_put_answers_md5_as_etag(store: FolderStore) -> None:
    """A put answers the MD5 of the content, as S3 does for a simple put."""
    assert store.put("a/b.txt", b"hello") == HELLO_MD5
    assert store.read("a/b.txt") == b"hello"


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


@pytest.mark.parametrize(
    ("prefix", "keys"), [("land/Data", ["land/Data-x/a", "land/Data/a"]), ("land/Data/", ["land/Data/a"]), ("no/", [])]
)
def test_list_takes_a_text_prefix(store: FolderStore, prefix: str, keys: list[str]) -> None:
    """A prefix is compared as text, so that a neighbouring folder is only met without the slash."""
    for key in ("land/Data/a", "land/Data-x/a", "other"):
        store.put(key, b"x")
    assert [stored.key for stored in store.list(prefix)] == keys


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


@pytest.mark.parametrize(
    ("start", "stop", "expected"), [(0, None, b"hello"), (1, 3, b"el"), (3, 99, b"lo"), (5, None, b""), (2, 2, b"")]
)
def test_a_part_of_an_object_is_read_alone(store: FolderStore, start: int, stop: int | None, expected: bytes) -> None:
    """The first byte belongs to it, the last does not; it ends where the object does."""
    store.put("a/b", b"hello")
    assert b"".join(store.chunks("a/b", start, stop)) == expected


def test_parts_larger_than_a_chunk_put_together_are_the_object(store: FolderStore) -> None:
    """No byte is lost or doubled where a chunk or a part ends."""
    content = bytes(range(256)) * 10_000
    store.put("big", content)
    cuts = [0, 1, 1 << 20, (1 << 20) + 7, len(content)]
    assert b"".join(b"".join(store.chunks("big", *part)) for part in pairwise(cuts)) == content


def test_a_store_opens_the_same_objects_where_it_is_sent(store: FolderStore) -> None:
    """What was pickled finds the object, and does not believe what the sender knew of its content."""
    store.put("a", b"hello")
    store.stat("a")
    sent = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
    store.path_of("a").write_bytes(b"there")
    assert sent.read("a") == b"there"
    assert sent.stat("a").etag == md5(b"there")


def test_missing_object_is_named(store: FolderStore) -> None:
    """Stat of nothing is None, reading it says what is missing where."""
    assert store.stat("a/b") is None
    with pytest.raises(ObjectMissing, match=r"`a/b` does not exist in file://"):
        store.read("a/b")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b"])
def test_keys_stay_in_the_store(store: FolderStore, key: str) -> None:
    """A key that is absolute, empty, or leads out of the store is refused."""
    with pytest.raises(BadRequest, match="is not a key"):
        store.path_of(key)


def test_put_if_absent_keeps_the_first(store: FolderStore) -> None:
    """Of two puts that want nothing there, the second fails and changes nothing."""
    store.put("a", b"first", if_absent=True)
    with pytest.raises(PreconditionFailed, match=r"`a` is not what was expected \(absent\)"):
        store.put("a", b"second", if_absent=True)
    assert store.read("a") == b"first"
    assert names(store) == {"a"}


def test_put_if_match_needs_the_etag(store: FolderStore) -> None:
    """A put for another version, or for a missing object, fails."""
    etag = store.put("a", b"first")
    store.put("a", b"second", if_match=etag)
    for key in ("a", "b"):
        with pytest.raises(PreconditionFailed):
            store.put(key, b"third", if_match=etag)
    assert store.read("a") == b"second"


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


def test_put_if_absent_has_one_winner_between_threads(store: FolderStore) -> None:
    """Of eight threads that put under one absent key, one succeeds."""

    def put(number: int) -> bool:
        try:
            store.put("a", b"%d" % number, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(put, range(8))) == 1


def test_copy_is_free_when_it_was_made_before(store: FolderStore, tmp_path: Path) -> None:
    """Copying again is a success, also when the source is gone by now."""
    landing = FolderStore(tmp_path / "landing")
    etag = landing.put("a", b"hello")
    store.copy_from(landing, "a", source_etag=etag, key="x/a")
    landing.path_of("a").unlink()
    store.copy_from(landing, "a", source_etag=etag, key="x/a")
    assert store.read("x/a") == b"hello"


def test_copy_refuses_a_changed_source(store: FolderStore, tmp_path: Path) -> None:
    """A source with another etag is not copied."""
    landing = FolderStore(tmp_path / "landing")
    landing.put("a", b"other")
    with pytest.raises(PreconditionFailed, match=f"etag {HELLO_MD5}"):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")
    assert names(store) == set()


def test_copy_refuses_a_taken_target(store: FolderStore, tmp_path: Path) -> None:
    """A target with other content is never overwritten."""
    landing = FolderStore(tmp_path / "landing")
    landing.put("a", b"hello")
    store.put("x", b"other")
    with pytest.raises(PreconditionFailed, match="`x`"):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")
    assert store.read("x") == b"other"


def test_copy_names_a_missing_source(store: FolderStore, tmp_path: Path) -> None:
    """A vanished source is another error than a landing folder that is gone as a whole."""
    landing = FolderStore(tmp_path / "landing")
    with pytest.raises(ObjectMissing):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")
    landing.root.rmdir()
    with pytest.raises(StorageUnavailable):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")


def test_delete_is_repeatable(store: FolderStore) -> None:
    """Deleting what is gone answers True as well."""
    etag = store.put("a", b"hello")
    assert store.delete("a", if_match=etag)
    assert store.delete("a", if_match=etag)
    assert names(store) == set()


def test_delete_keeps_another_version(store: FolderStore) -> None:
    """An object with another etag stays."""
    store.put("a", b"newer")
    with pytest.raises(PreconditionFailed):
        store.delete("a", if_match=HELLO_MD5)
    assert store.read("a") == b"newer"


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


def test_open_store_says_what_is_not_supported_yet() -> None:
    """A bucket is refused in one sentence."""
    with pytest.raises(BadRequest, match="`s3://lake/x`: only folders are supported; the S3 adapter comes"):
        open_store("s3://lake/x")


def test_a_file_where_a_folder_is_needed_is_a_storage_error(store: FolderStore) -> None:
    """What the file system refuses becomes our error."""
    store.put("a", b"x")
    with pytest.raises(StorageUnavailable):
        store.put("a/b", b"x")
