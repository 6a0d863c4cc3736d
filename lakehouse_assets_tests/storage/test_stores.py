"""Every store means the same by its operations: a folder, and a bucket of the emulator."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from lakehouse_assets.errors import BadRequest, ObjectMissing, PreconditionFailed
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store

# `printf hello | md5sum`
HELLO_MD5 = "5d41402abc4b2a76b9719d911017c592"

# The pause between look and act makes any gap show.
INCREMENT = """
import sys, time
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.errors import PreconditionFailed
store = open_store(sys.argv[1])
for _ in range(20):
    while True:
        etag, value = store.stat("n").etag, int(store.read("n"))
        time.sleep(0.002)
        try:
            store.put("n", str(value + 1).encode(), if_match=etag)
            break
        except PreconditionFailed:
            pass
"""


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where stores may be made."""
    return str(tmp_path) if request.param == "folder" else str(request.getfixturevalue("s3"))


@pytest.fixture
def store(place: str) -> ObjectStore:
    """An empty store."""
    return open_store(f"{place}/lake")


@pytest.fixture
def landing(place: str) -> ObjectStore:
    """Another one beside it."""
    return open_store(f"{place}/landing")


def keys(store: ObjectStore) -> list[str]:
    """The keys of all objects of a store."""
    return [stored.key for stored in store.list()]


def test_put_answers_the_etag_by_which_the_object_is_known(store: ObjectStore) -> None:
    """A simple put answers the MD5 of the content; the object is found and read by its key."""
    assert store.put("a/b.txt", b"hello") == HELLO_MD5
    assert store.read("a/b.txt") == b"hello"
    assert store.has("a/b.txt")
    assert not store.has("a/b")


@pytest.mark.parametrize("others", [0, 30])
def test_sizes_are_those_of_their_keys_in_their_order(store: ObjectStore, others: int) -> None:
    """Of few and of many; what is not there has none."""
    keys = [f"t/{number:02}.parquet" for number in range(others)]
    for key in (*keys, "t/b", "t/a"):
        store.put(key, key.encode())
    asked = ["t/b", "t/missing", "t/a", *keys]
    assert list(store.sizes(asked)) == [3, None, 3, *(12 for _ in keys)]


def test_stat_tells_key_size_and_utc_time(store: ObjectStore) -> None:
    """Stat tells key, etag, size in bytes and the UTC time of the last change; a list tells the same."""
    store.put("a", b"hello")
    stored = store.stat("a")
    assert stored is not None
    assert (stored.key, stored.etag, stored.size_bytes, store.size("a")) == ("a", HELLO_MD5, 5, 5)
    assert (stored.modified.tzinfo, store.list()) == (UTC, [stored])
    assert abs(datetime.now(UTC) - stored.modified) < timedelta(seconds=30)


def test_list_is_recursive_and_sorted(store: ObjectStore) -> None:
    """Listing gives objects of all depths by key, as they are named; a look to a depth gives those above it."""
    for key in ("b.csv", "a/z.csv", "a/b c/ü%20.csv"):
        store.put(key, b"x")
    assert keys(store) == ["a/b c/ü%20.csv", "a/z.csv", "b.csv"]
    assert store.look(depth=2).keys == ["a/z.csv", "b.csv"]
    assert store.look("a/").keys == ["a/b c/ü%20.csv", "a/z.csv"]


def test_folders_that_lie_too_deep_are_told(store: ObjectStore) -> None:
    """With two parts to a key `a/old/` is told once, however much it holds; one that holds hidden files only is not."""
    for key in ("a/1.csv", "a/old/1.csv", "a/old/x/2.csv", "a/old-2/1.csv", "a/kept/.keep", "b/c/d/1.csv"):
        store.put(key, b"x")
    seen = store.look(depth=2)
    assert (seen.keys, seen.passed_over) == (["a/1.csv"], {})
    assert sorted(seen.deeper) == ["a/old-2/", "a/old/", "b/c/"]
    assert store.look(depth=4).deeper == store.look().deeper == ()


@pytest.mark.parametrize(
    ("prefix", "found"), [("land/Data", ["land/Data-x/a", "land/Data/a"]), ("land/Data/", ["land/Data/a"]), ("no/", [])]
)
def test_list_takes_a_text_prefix(store: ObjectStore, prefix: str, found: list[str]) -> None:
    """A prefix is compared as text, so that a neighbouring folder is only met without the slash."""
    for key in ("land/Data/a", "land/Data-x/a", "other"):
        store.put(key, b"x")
    assert [stored.key for stored in store.list(prefix)] == found


@pytest.mark.parametrize(
    ("start", "stop", "expected"), [(0, None, b"hello"), (1, 3, b"el"), (3, 99, b"lo"), (5, None, b""), (2, 2, b"")]
)
def test_a_part_of_an_object_is_read_alone(store: ObjectStore, start: int, stop: int | None, expected: bytes) -> None:
    """The first byte belongs to it, the last does not; it ends where the object does."""
    store.put("a/b", b"hello")
    assert b"".join(store.chunks("a/b", start, stop)) == expected


def test_an_empty_object_is_one(store: ObjectStore) -> None:
    """It is listed, and has no bytes."""
    store.put("a", b"")
    assert (keys(store), store.read("a"), list(store.chunks("a"))) == (["a"], b"", [])


def test_parts_larger_than_a_chunk_put_together_are_the_object(store: ObjectStore) -> None:
    """No byte is lost or doubled where a chunk or a part ends."""
    content = bytes(range(256)) * 10_000
    store.put("big", content)
    cuts = [0, 1, 1 << 20, (1 << 20) + 7, len(content)]
    assert b"".join(b"".join(store.chunks("big", *part)) for part in pairwise(cuts)) == content


def test_a_store_opens_the_same_objects_where_it_is_sent(store: ObjectStore) -> None:
    """What was pickled finds the object, and does not believe what the sender knew of its content."""
    store.put("a", b"hello")
    store.stat("a")
    packed = pickle.dumps(store)
    etag = store.put("a", b"there")
    sent = pickle.loads(packed)  # noqa: S301 - our own bytes
    assert (sent.read("a"), sent.stat("a").etag) == (b"there", etag)


def test_missing_object_is_named(store: ObjectStore) -> None:
    """Stat of nothing is None, reading it says what is missing where."""
    assert (store.stat("a/b"), store.size("a/b")) == (None, None)
    with pytest.raises(ObjectMissing, match=r"`a/b` does not exist in (file|s3)://"):
        store.read("a/b")
    with pytest.raises(ObjectMissing):
        next(store.chunks("a/b", 3))


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b"])
def test_keys_stay_in_the_store(store: ObjectStore, key: str) -> None:
    """A key that is absolute, empty, or leads out of the store is refused."""
    with pytest.raises(BadRequest, match="is not a key"):
        store.location(key)
    with pytest.raises(BadRequest, match="is not a key"):
        store.put(key, b"x")


def test_put_if_absent_keeps_the_first(store: ObjectStore) -> None:
    """Of two puts that want nothing there, the second fails and changes nothing, though it has the same content."""
    store.put("a", b"first", if_absent=True)
    for content in (b"second", b"first"):
        with pytest.raises(PreconditionFailed, match=r"`a` is not what was expected \(absent\)"):
            store.put("a", content, if_absent=True)
    assert (store.read("a"), keys(store)) == (b"first", ["a"])


def test_put_if_match_needs_the_etag(store: ObjectStore) -> None:
    """A put for another version, or for a missing object, fails."""
    etag = store.put("a", b"first")
    store.put("a", b"second", if_match=etag)
    for key in ("a", "b"):
        with pytest.raises(PreconditionFailed):
            store.put(key, b"third", if_match=etag)
    assert (store.read("a"), keys(store)) == (b"second", ["a"])


def test_put_if_match_loses_no_update_between_processes(store: ObjectStore) -> None:
    """Three processes that each add 1 twenty times by compare-and-put reach 60."""
    store.put("n", b"0")
    children = [subprocess.Popen([sys.executable, "-c", INCREMENT, store.uri]) for _ in range(3)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    assert store.read("n") == b"60"


@pytest.mark.parametrize("times", [1, 700_000])
def test_an_object_of_pieces_is_there_at_once_or_not_at_all(store: ObjectStore, times: int) -> None:
    """A piece that fails, or a condition, leaves what was there; 17.5 MB are more than one part, and more than two."""

    def broken() -> Iterator[bytes]:
        yield from [b"hello, what a long line!!"] * times
        raise ValueError("no more")

    content = b"hello, what a long line.\n" * times
    pieces = [content[:2], b"", content[2:]]
    etag = store.put_chunks("a/b", iter(pieces), if_absent=True)
    with pytest.raises(ValueError, match="no more"):
        store.put_chunks("a/b", broken(), if_match=etag)
    for condition in ({"if_match": "0" * 32}, {"if_absent": True}):
        with pytest.raises(PreconditionFailed):
            store.put_chunks("a/b", pieces, **condition)  # type: ignore[arg-type]
    assert hashlib.sha256(store.read("a/b")).digest() == hashlib.sha256(content).digest()
    assert (keys(store), store.stat("a/b").etag) == (["a/b"], etag)  # type: ignore[union-attr]


def test_put_if_absent_has_one_winner_between_threads(store: ObjectStore) -> None:
    """Of eight threads that put under one absent key, one succeeds."""

    def put(number: int) -> bool:
        try:
            store.put("a", b"%d" % number, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(put, range(8))) == 1


def test_copy_is_free_when_it_was_made_before(store: ObjectStore, landing: ObjectStore) -> None:
    """Copying again is a success, also when the source is gone by now; the copy holds what the source held."""
    etag = landing.put("a", b"hello")
    store.copy_from(landing, "a", source_etag=etag, key="x/a")
    landing.delete("a", if_match=etag)
    store.copy_from(landing, "a", source_etag=etag, key="x/a")
    assert store.read("x/a") == b"hello"
    assert store.holds("x/a", etag)
    assert not store.holds("x/a", "0" * 32)


def test_copy_refuses_a_changed_source(store: ObjectStore, landing: ObjectStore) -> None:
    """A source with another etag is not copied."""
    landing.put("a", b"other")
    with pytest.raises(PreconditionFailed, match=f"etag {HELLO_MD5}"):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")
    assert keys(store) == []


def test_copy_refuses_a_taken_target(store: ObjectStore, landing: ObjectStore) -> None:
    """A target with other content is never overwritten."""
    landing.put("a", b"hello")
    store.put("x", b"other")
    with pytest.raises(PreconditionFailed, match="`x`"):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")
    assert store.read("x") == b"other"


def test_copy_names_a_missing_source(store: ObjectStore, landing: ObjectStore) -> None:
    """A vanished source is missing."""
    landing.put("other", b"x")
    with pytest.raises(ObjectMissing, match="`a`"):
        store.copy_from(landing, "a", source_etag=HELLO_MD5, key="x")


def test_delete_is_repeatable(store: ObjectStore) -> None:
    """Deleting what is gone answers True as well."""
    etag = store.put("a", b"hello")
    assert store.delete("a", if_match=etag)
    assert store.delete("a", if_match=etag)
    assert keys(store) == []


def test_delete_keeps_another_version(store: ObjectStore) -> None:
    """An object with another etag stays."""
    store.put("a", b"newer")
    with pytest.raises(PreconditionFailed):
        store.delete("a", if_match=HELLO_MD5)
    assert store.read("a") == b"newer"


def test_an_object_is_unchanged_until_it_has_other_content(store: ObjectStore) -> None:
    """Writing the same content again changes nothing; other content does."""
    store.put("a", b"hello")
    listed = store.list()[0]
    store.put("a", b"hello")
    assert store.is_unchanged(listed)
    store.put("a", b"there")
    assert not store.is_unchanged(listed)
