"""No secret, no e-mail address and no IP of the tenant is anywhere in what a run leaves behind."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets_tests.affise.tenant import ZONE, tenant
from lakehouse_assets_tests.affise.wire import KEY, SECRETS
from lakehouse_assets_tests.marketing.leftovers import found_in
from lakehouse_assets_tests.operations.conftest import Result, process

FAULTS = ("ipv6", "awkward-subs", "awkward-text", "custom-fields-forms", "unknown-keys", "status-forms")
"""They put addresses into more fields, and raw records among the rejects."""
COMMENT = "refused by canary.boss@example.com from 198.51.100.77"


@dataclass(frozen=True)
class Left:
    """What a run printed and wrote, and the words that must not be there."""

    result: Result
    lake: Path
    canaries: tuple[str, ...]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """Two runs of the real command with Dagster's own log: one with a wrong key, which fails, and one that reports."""
    folder = tmp_path_factory.mktemp("secrets")
    with tenant(folder, *FAULTS, key=KEY, days=2, clicks_per_day=120, conversions_per_day=40) as case:
        world, now = case.simulator.world, case.now
        for one in world.conversions(now - timedelta(days=2), now - timedelta(hours=2)):
            world.edit(one.conversion_id, now - timedelta(hours=1), comment=COMMENT)
        settings = {
            "LAKEHOUSE_AFFISE__URL": case.simulator.url,
            "LAKEHOUSE_AFFISE__RATE": "1000",
            "LAKEHOUSE_ZONES__MARKETING": ZONE,
        }
        command = ("run", "marketing", "--verbose", "--as-of", now.isoformat(), "--lake", folder / "lake")
        refused = process(
            *command, env={**os.environ, **settings, **SECRETS, "AFFISE_API_KEY": "canary-of-a-wrong-key"}
        )
        done = process(*command, env={**os.environ, **settings, **SECRETS})
        assert (refused.code, done.code) == (1, 0), done.err
        printed = Result(done.code, refused.out + done.out, refused.err + done.err)
        yield Left(printed, folder / "lake", (*world.canaries(), *SECRETS.values()))


def test_nothing_that_the_tenant_must_keep_is_in_the_lake(left: Left) -> None:
    """In pages, tables, rejects, statistics, Dagster's history and logs, and reports, packed or not."""
    assert found_in(left.lake, left.canaries) == []


def test_nothing_of_it_is_printed(left: Left) -> None:
    """Not to stdout, and not to stderr with Dagster's own log."""
    printed = (left.result.out + left.result.err).lower()
    assert "dagster" in printed
    assert [word for word in left.canaries if word.lower() in printed] == []


def test_what_stands_for_it_is_there(left: Left) -> None:
    """Pages say where something was taken out, and a hash stands for each address; so the search looked at them."""
    assert found_in(left.lake / "bronze", ["[redacted]"])
    assert found_in(left.lake / "bronze", ["ask email:"])
    assert found_in(left.lake / "lakehouse-dwh", ["refused by email:"])
    assert found_in(left.lake / "lakehouse-dwh", ["'ip:"])
    assert found_in(left.lake / "dagster", ["affise_facts"])


def _sqlite(file: Path, word: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (word,))


def _avro(file: Path, word: str) -> None:
    schema = {"type": "record", "name": "r", "fields": [{"name": "bound", "type": "bytes"}]}
    with file.open("wb") as opened:
        fastavro.writer(opened, schema, [{"bound": word.encode()}] * 50, codec="deflate")


WRITERS: dict[str, Callable[[Path, str], object]] = {
    "text": lambda file, word: file.write_text(word, "utf-8"),
    "gzip": lambda file, word: file.write_bytes(gzip.compress(word.encode() * 9)),
    "parquet": lambda file, word: pq.write_table(pa.table({"a": [word] * 9}), file, compression="zstd"),
    "avro": _avro,
    "sqlite": _sqlite,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_search_finds_a_word_in_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    """Otherwise that it finds none would say nothing."""
    WRITERS[kind](tmp_path / "file", "a Canary-word in it")
    assert found_in(tmp_path, ["canary-word"])
    assert found_in(tmp_path, ["another word"]) == []
