"""Answers of S3 that are late, broken or lost: what was written is known as ours, and nothing is taken for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lakehouse_assets.errors import PreconditionFailed, StorageUnavailable
from lakehouse_assets.storage import s3_copying, s3_writing
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.s3 import S3Store
from lakehouse_assets_tests.emulator.proxy import Proxy

LARGE = bytes(range(256)) * 70_000
"""Content of 17.9 MB: three parts."""


@pytest.fixture
def store(s3_proxy: Proxy) -> S3Store:
    """An empty store behind the proxy."""
    return S3Store(f"{s3_proxy.uri}/lake")


def test_the_proxy_loses_the_answer_after_the_write(store: S3Store, s3_proxy: Proxy) -> None:
    """So the tests below mean what they say: the object is there, and the client has heard nothing."""
    s3_proxy.fail("lost answer", "PUT", "lake/a$", times=99)
    with pytest.raises(StorageUnavailable, match=r"storage `s3://lake-bucket/lake/a` does not answer"):
        store.put("a", b"hello")
    assert store.read("a") == b"hello"


@pytest.mark.parametrize("content", [b"hello", LARGE], ids=["one put", "in parts"])
def test_an_object_whose_answer_was_lost_is_ours(store: S3Store, s3_proxy: Proxy, content: bytes) -> None:
    """The request is sent again and meets its own object: under each condition that is a success, with its etag."""
    lost = s3_proxy.fail("lost answer", "PUT" if content == b"hello" else "POST", r"lake/a(\?uploadId.*)?$", times=2)
    etag = store.put("a", content, if_absent=True)
    assert store.stat("a").etag == etag
    again = store.put("a", content[::-1], if_match=etag)
    assert (lost.done, store.stat("a").etag, store.read("a")) == (2, again, content[::-1])


@pytest.mark.parametrize("condition", ["if_absent", "if_match"])
def test_the_same_content_of_another_writer_is_not_ours(store: S3Store, condition: str) -> None:
    """What tells whose an object is is its writing, not its content."""
    etag = store.put("a", b"first")
    store.put("a", b"hello")
    with pytest.raises(PreconditionFailed):
        store.put("a", b"hello", **({"if_absent": True} if condition == "if_absent" else {"if_match": etag}))


def test_of_racing_writers_whose_answers_are_lost_one_wins(store: S3Store, s3_proxy: Proxy) -> None:
    """With the same content and every second answer lost, exactly one of eight believes that it was first."""
    s3_proxy.fail("lost answer", "PUT", times=99, every=2)

    def put(_: int) -> bool:
        try:
            store.put("a", b"hello", if_absent=True)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(put, range(8))) == 1


def test_a_lease_is_held_though_every_answer_is_lost_once(store: S3Store, s3_proxy: Proxy) -> None:
    """Taking, renewing and releasing it are a put each, which is sent twice."""
    lost = s3_proxy.fail("lost answer", "PUT", "leases/", times=99, after=-1, every=2)
    lease = Lease(store, "ecommerce").acquire("r1")
    lease.renew()
    lease.check()
    lease.release()
    assert Lease(store, "ecommerce").acquire("r2").fence == 2
    assert lost.done == 4


def test_a_delete_whose_answer_was_lost_is_done(store: S3Store, s3_proxy: Proxy) -> None:
    """The second request finds nothing, which is what was wanted."""
    etag = store.put("a", b"hello")
    lost = s3_proxy.fail("lost answer", "DELETE", "lake/a$")
    assert store.delete("a", if_match=etag)
    assert (lost.done, store.list()) == (1, [])


@pytest.mark.parametrize("limit", [s3_copying.COPY_BYTES, 1], ids=["one request", "in parts"])
def test_a_copy_whose_answer_was_lost_is_done(
    store: S3Store, s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """The second request meets its own copy."""
    monkeypatch.setattr(s3_copying, "COPY_BYTES", limit)
    etag = store.put("a", b"hello")
    lost = s3_proxy.fail("lost answer", "PUT" if limit > 1 else "POST", r"lake/b(\?uploadId.*)?$")
    store.copy_from(store, "a", source_etag=etag, key="b")
    assert (lost.done, store.read("b"), store.holds("b", etag)) == (1, b"hello", True)


def test_a_copy_from_a_folder_whose_answer_was_lost_is_done(store: S3Store, s3_proxy: Proxy, tmp_path: Path) -> None:
    """As within S3."""
    landing = FolderStore(tmp_path)
    lost = s3_proxy.fail("lost answer", "PUT", "lake/b$")
    store.copy_from(landing, "a", source_etag=landing.put("a", b"hello"), key="b")
    assert (lost.done, store.read("b")) == (1, b"hello")


@pytest.mark.parametrize("fault", ["slow down", "reset"])
def test_what_fails_for_a_while_is_tried_again(store: S3Store, s3_proxy: Proxy, fault: str) -> None:
    """Every second request of whichever kind fails; everything goes through."""
    s3_proxy.fail(fault, times=99, every=2)  # type: ignore[arg-type]
    etag = store.put("a", b"hello", if_absent=True)
    store.copy_from(store, "a", source_etag=etag, key="b")
    assert [found.key for found in store.list()] == ["a", "b"]
    assert (store.read("b"), store.delete("a", if_match=etag)) == (b"hello", True)


def test_what_is_throttled_for_good_says_so(store: S3Store, s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """After as many tries as AWS_MAX_ATTEMPTS says, in one sentence that names the object."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    rule = s3_proxy.fail("slow down", "PUT", times=99)
    with pytest.raises(StorageUnavailable, match=r"^storage `s3://.*/lake/a` .*: SlowDown to PutObject \(tries: 2\)$"):
        store.put("a", b"hello")
    assert rule.done == 2


def test_a_stream_that_breaks_off_goes_on(store: S3Store, s3_proxy: Proxy) -> None:
    """It is taken up at the byte where it ended, of the same object; no byte is lost or doubled."""
    store.put("a", LARGE)
    half = s3_proxy.fail("half answer", "GET", "lake/a$", times=3)
    assert b"".join(store.chunks("a", 5)) == LARGE[5:]
    assert half.done == 3


def test_a_stream_does_not_go_on_in_another_object(store: S3Store, s3_proxy: Proxy) -> None:
    """Between two pieces somebody replaces it, and the first stream breaks off."""
    store.put("a", LARGE)
    s3_proxy.fail("half answer", "GET", "lake/a$")
    stream = store.chunks("a")
    next(stream)
    store.put("a", LARGE[::-1])
    with pytest.raises(PreconditionFailed, match="`a`"):
        list(stream)


def test_an_upload_that_fails_leaves_nothing_behind(store: S3Store, s3_proxy: Proxy) -> None:
    """Neither an object nor parts, which would be paid for; a conflict is told before or after, never half done."""
    from lakehouse_assets.storage.aws import client

    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        s3_proxy.fail("slow down", "PUT", "partNumber=2", times=99)
        with pytest.raises(StorageUnavailable):
            store.put("a", LARGE)
    assert (store.list(), client().list_multipart_uploads(Bucket="lake-bucket").get("Uploads")) == ([], None)
    assert len(LARGE) > 2 * s3_writing.PART_BYTES
