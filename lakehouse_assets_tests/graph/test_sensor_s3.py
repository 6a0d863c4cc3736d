"""The landing sensor on a bucket: as on a folder, with the times and etags that S3 tells in its lists."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from csv import writer
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.core.arrivals import MANIFEST_FILES
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.graph import sensors
from lakehouse_assets.graph.sentence import ToldError
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.emulator.proxy import Proxy
from lakehouse_assets_tests.graph.conftest import ROWS, Shop
from lakehouse_assets_tests.graph.test_sensor import noted, pairs, tick

MANY = 2500


@dataclass(frozen=True)
class S3Shop(Shop):
    """A shop whose lake and landing are prefixes of a bucket."""

    @property
    def store(self) -> ObjectStore:
        """Its landing."""
        return open_store(self.settings.landing_of("ecommerce"))

    def put(self, name: str) -> str:
        """Put a known file into landing, and return its etag."""
        text = io.StringIO(newline="")
        writer(text).writerows(ROWS[name])
        return self.store.put(name, text.getvalue().encode())


@pytest.fixture
def s3_shop(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Shop]:
    """An empty shop in a bucket."""
    yield from opened(s3, tmp_path, monkeypatch)


@pytest.fixture
def remote_shop(s3_proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Shop]:
    """An empty shop in a bucket behind a proxy."""
    yield from opened(s3_proxy.uri, tmp_path, monkeypatch)


def opened(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Shop]:
    """A shop in a bucket."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets.ecommerce")
    places = {"lake": f"{bucket}/lake", "landing": f"{bucket}/landing"}
    settings = Settings(**places, quiet_seconds=0, duckdb_threads=1, history=tmp_path)
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        yield S3Shop(settings, instance, build_definitions(settings))


def put_many(store: ObjectStore) -> None:
    """Many files of one dataset: three pages of a list."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.put(f"orders/{n:04}.csv", b"x"), range(MANY)))


def test_a_file_that_is_put_starts_a_run_that_loads_and_archives_it(s3_shop: S3Shop) -> None:
    """The run asks for its key and etag; afterwards landing is empty, and silver and gold have its rows."""
    etags = {name: s3_shop.put(name) for name in ROWS}
    s3_shop.store.put("orders/.hidden.csv", b"x")
    answer = tick(s3_shop)
    assert dict(pairs(answer)) == etags
    asked = answer.run_requests[0].run_config["ops"]["bronze__ecommerce_manifest"]["config"]
    assert s3_shop.run_with(asked).success
    assert [found.key for found in s3_shop.store.list()] == ["orders/.hidden.csv"]
    lake = open_store(s3_shop.settings.lake_root)
    assert len(lake.look("archived/ecommerce/").keys) == len(ROWS)
    assert tick(s3_shop, answer.cursor).run_requests == []


def test_a_tick_on_thousands_of_keys_is_a_few_requests(remote_shop: S3Shop, s3_proxy: Proxy) -> None:
    """A list of 1,000 keys each, and nothing is asked of a single file; what is too much for a run is for the next."""
    put_many(remote_shop.store)
    s3_proxy.requests.clear()
    first = tick(remote_shop)
    assert len(pairs(first)) == MANIFEST_FILES
    assert s3_proxy.requests.total() < 20
    noted(remote_shop, first, dg.DagsterRunStatus.STARTED)
    again = tick(remote_shop, first.cursor)
    assert again.skip_message == "a run is under way; what arrives meanwhile comes next"


def test_the_quiet_period_is_counted_from_the_last_change(s3_shop: S3Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """By S3's clock: a put, also of the same content under the same name, begins it anew."""
    settings = s3_shop.settings.model_copy(update={"quiet_seconds": 60.0})
    patient = S3Shop(settings, s3_shop.instance, build_definitions(settings))

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=61)

    patient.put("products.csv")
    assert tick(patient).skip_message == "1 not left alone for long enough"
    monkeypatch.setattr(sensors, "datetime", Later)
    assert len(pairs(tick(patient))) == 1
    changed = patient.store.list()[0].modified
    assert abs(datetime.now(UTC) - changed) < timedelta(seconds=30)


def test_a_reupload_under_the_same_name_is_a_new_run(s3_shop: S3Shop) -> None:
    """After a run took the file, the same name with the same content is work again, under a new run key."""
    s3_shop.put("products.csv")
    first = tick(s3_shop)
    assert s3_shop.run().success
    empty = tick(s3_shop, first.cursor)
    s3_shop.put("products.csv")
    again = tick(s3_shop, empty.cursor)
    assert (empty.cursor, pairs(again)) == ("[]", pairs(first))
    assert again.run_requests[0].run_key != first.run_requests[0].run_key


def test_a_throttled_tick_fails_and_says_so(
    remote_shop: S3Shop, s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no empty landing; the next tick, when S3 answers again, finds the file."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    remote_shop.put("products.csv")
    rule = s3_proxy.fail("slow down", "GET", "list-type=2.*landing", times=2)
    with pytest.raises(ToldError, match=r"SlowDown to ListObjectsV2 \(tries: 2\)"):
        tick(remote_shop)
    assert rule.done == 2
    assert len(pairs(tick(remote_shop))) == 1


def test_a_bucket_that_is_not_there_fails_the_tick(s3_shop: S3Shop) -> None:
    """Unlike a folder, nobody here would make it."""
    settings = s3_shop.settings.model_copy(update={"landing": "s3://no-bucket/landing"})
    with pytest.raises(ToldError, match="there is no bucket `no-bucket`"):
        tick(S3Shop(settings, s3_shop.instance, build_definitions(settings)))
