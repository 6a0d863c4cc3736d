"""A copy is known as what it is a copy of, between folders and buckets, whatever etag each store gives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.core.archive import archive_key
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.errors import PreconditionFailed
from lakehouse_assets.storage import s3_copying
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.watch import WatchList
from lakehouse_assets_tests.emulator.proxy import Proxy
from lambdas.moves3objects.logic import CHANGED, move_objects

MOMENT = datetime(2025, 4, 2, tzinfo=UTC)
SMALL, LARGE = b"order,product\r\n1,7\r\n", b"0123456789abcdef" * 700_000
"""The second are 11.2 MB: an upload in parts, whose etag in S3 is no MD5."""


@pytest.fixture(params=["folder to s3", "s3 to folder", "s3 to s3"])
def stores(request: pytest.FixtureRequest, s3: str, tmp_path: Path) -> tuple[ObjectStore, ObjectStore]:
    """A landing and a lake."""
    kinds = {"folder": str(tmp_path), "s3": s3}
    landing, lake = (kinds[kind] for kind in request.param.split(" to "))
    return open_store(f"{landing}/landing"), open_store(f"{lake}/lake")


def entry_of(landing: ObjectStore, key: str) -> FileEntry:
    """A file as the plan sees it."""
    stored = landing.list(key)[0]
    return FileEntry("orders", stored.key, stored.etag, stored.size_bytes, stored.modified)


def manifest_of(*entries: FileEntry) -> Manifest:
    """A manifest of these files."""
    return Manifest("r1", "ecommerce", "", entries, RunRequest(as_of=MOMENT))


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_an_archived_file_is_the_one_of_the_manifest(stores: tuple[ObjectStore, ObjectStore], content: bytes) -> None:
    """It is moved once, however often it is asked for, and found to be what was planned until somebody changes it."""
    landing, lake = stores
    landing.put("orders/1.csv", content)
    entry = entry_of(landing, "orders/1.csv")
    manifest, key = manifest_of(entry), archive_key("ecommerce", entry, "r1", MOMENT)
    assert move_objects(manifest, landing, lake).moved == ["orders/1.csv"]
    archived = FileEntry(entry.dataset, entry.key, entry.etag, entry.size_bytes, entry.modified, archived=key)
    assert (landing.list(), [found.key for found in lake.list()]) == ([], [key])
    assert ManifestFiles(landing, lake).is_unchanged(archived)
    assert b"".join(ManifestFiles(landing, lake).chunks(archived)) == content
    lake.copy_from(landing, entry.key, source_etag=entry.etag, key=key)
    lake.put(key, content + b"x")
    assert not ManifestFiles(landing, lake).is_unchanged(archived)
    assert WatchList(lake, "ecommerce").read() == frozenset()


def test_a_file_that_changed_meanwhile_stays(stores: tuple[ObjectStore, ObjectStore]) -> None:
    """A new version under the same name is neither archived nor deleted."""
    landing, lake = stores
    landing.put("orders/1.csv", SMALL)
    manifest = manifest_of(entry_of(landing, "orders/1.csv"))
    landing.put("orders/1.csv", SMALL + b"2,8\r\n")
    assert [left.why for left in move_objects(manifest, landing, lake).left] == [CHANGED]
    assert (landing.read("orders/1.csv"), lake.list()) == (SMALL + b"2,8\r\n", [])


def test_a_move_that_was_killed_between_copy_and_delete_is_finished(stores: tuple[ObjectStore, ObjectStore]) -> None:
    """The copy is known as ours, and only the deletion is done."""
    landing, lake = stores
    landing.put("orders/1.csv", LARGE)
    entry = entry_of(landing, "orders/1.csv")
    key = archive_key("ecommerce", entry, "r1", MOMENT)
    lake.copy_from(landing, entry.key, source_etag=entry.etag, key=key)
    before = lake.stat(key)
    assert move_objects(manifest_of(entry), landing, lake).moved == ["orders/1.csv"]
    assert (landing.list(), lake.stat(key)) == ([], before)


def test_a_copy_that_is_too_large_for_one_request_is_made_in_parts(
    s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 copies the parts itself; nobody sees the copy before it is whole, and a changed source is not copied."""
    monkeypatch.setattr(s3_copying, "COPY_BYTES", 6 << 20)
    monkeypatch.setattr(s3_copying, "PART_BYTES", 5 << 20)
    store = open_store(f"{s3_proxy.uri}/lake")
    etag = store.put("a", LARGE)
    read = s3_proxy.requests["read"]
    store.copy_from(store, "a", source_etag=etag, key="b")
    assert s3_proxy.requests["read"] == read
    assert (store.holds("b", etag), store.read("b") == LARGE) == (True, True)
    store.put("c", LARGE[::-1])
    with pytest.raises(PreconditionFailed, match="`c`"):
        store.copy_from(store, "c", source_etag=etag, key="d")
    with pytest.raises(PreconditionFailed, match=r"`c` is not what was expected \(absent\)"):
        store.copy_from(store, "a", source_etag=etag, key="c")
    assert [found.key for found in store.list()] == ["a", "b", "c"]


def test_a_copy_keeps_what_its_source_says_of_its_content(s3: str) -> None:
    """A compressed file stays marked as one, and what others noted with it stays too."""
    from lakehouse_assets.storage.aws import client

    bucket = s3.removeprefix("s3://")
    said = {"ContentType": "text/csv", "ContentEncoding": "gzip", "Metadata": {"owner": "shop"}}
    client().put_object(Bucket=bucket, Key="landing/a", Body=b"x", **said)  # type: ignore[arg-type]
    landing, lake = open_store(f"{s3}/landing"), open_store(f"{s3}/lake")
    lake.copy_from(landing, "a", source_etag=landing.list()[0].etag, key="b")
    told = client().head_object(Bucket=bucket, Key="lake/b")
    assert (told["ContentType"], told["ContentEncoding"], told["Metadata"]["owner"]) == ("text/csv", "gzip", "shop")


@pytest.mark.parametrize("changed", ["landing", "lake"])
@pytest.mark.parametrize("limit", [s3_copying.COPY_BYTES, 1], ids=["one request", "in parts"])
def test_what_changes_between_look_and_copy_is_found_out_by_s3(
    s3: str, monkeypatch: pytest.MonkeyPatch, limit: int, changed: str
) -> None:
    """The source is replaced, or somebody puts another target, in the very moment before the copy; both stay."""
    landing, lake = open_store(f"{s3}/landing"), open_store(f"{s3}/lake")
    etag, send = landing.put("a", SMALL), s3_copying._send  # noqa: SLF001 - the moment that is meant

    def late(*asked: Any) -> None:
        (landing if changed == "landing" else lake).put("a", b"newer")
        send(*asked)

    monkeypatch.setattr(s3_copying, "COPY_BYTES", limit)
    monkeypatch.setattr(s3_copying, "_send", late)
    with pytest.raises(PreconditionFailed, match="`a`"):
        lake.copy_from(landing, "a", source_etag=etag, key="a")
    left = {"landing": [b"newer"], "lake": [SMALL, b"newer"]}[changed]
    assert [store.read("a") for store in (landing, lake) if store.has("a")] == left
