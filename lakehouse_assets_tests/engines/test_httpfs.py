"""DuckDB on S3: the extension of its own version, credentials of now that nobody is told, and errors of the store."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.engines import httpfs
from lakehouse_assets.engines.connection import connect
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import path_literal
from lakehouse_assets.engines.exhaustion import exhausted
from lakehouse_assets.errors import AccessDenied, BucketMissing, LakehouseError, StorageUnavailable, TableDamaged
from lakehouse_assets.storage.aws import access, client
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.emulator.fixtures import BUCKET
from lakehouse_assets_tests.emulator.proxy import Proxy
from lakehouse_assets_tests.storage.gold import SALES, fill

ODD_NAMES = ("a [1]*?b.csv", "a#b%20c+d&e=f.csv", "é ü{x}'y.csv", "day=1/x.csv")
SECRETS = {"key_id": "AKIAKEYKEYKEY", "secret": "secret'of\"mine", "token": "a-token-of-an-hour"}


def reader(place: str) -> str:
    """The SELECT that reads one file of one column."""
    given = "header = true, columns = {'x': 'VARCHAR'}, hive_partitioning = false"
    return f"SELECT * FROM read_csv([{path_literal(place)}], {given})"


def asked(engine: DuckEngine, sql: str) -> list[Any]:
    """The rows of a statement of DuckDB's own, about the engine's connection."""
    return list(engine._opened.execute(sql).fetchall())  # noqa: SLF001 - no statement of ours asks for this


def test_the_extension_is_that_of_the_very_version_of_duckdb() -> None:
    """It would not load otherwise; and it is where it is looked for."""
    assert version("duckdb") == version("duckdb-extension-httpfs")
    assert httpfs.extension_file().is_file()


def test_a_folder_lake_loads_no_extension(tmp_path: Path) -> None:
    """Nor does it ask for credentials: starting takes no longer than before."""
    engine = DuckEngine(open_lake(str(tmp_path)))
    fill(engine.lake, 2)
    engine.show(SALES)
    loaded = "SELECT extension_name FROM duckdb_extensions() WHERE loaded AND extension_name = 'httpfs'"
    assert engine.rows(f"SELECT count(*) AS n FROM {SALES.catalog_name}") == [{"n": 2}]
    assert asked(engine, loaded) == []
    engine.close()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_a_name(s3: str, name: str) -> None:
    """No sign in it stands for other files, or for parameters of the reader."""
    client().put_object(Bucket=BUCKET, Key=name, Body=b"x\n1\n")
    db, folder = connect("100MB", 1)
    httpfs.ready(db, [f"{s3}/{name}"])
    assert db.execute(reader(f"{s3}/{name}")).fetchall() == [("1",)]
    db.close()
    folder.cleanup()


def told(db: Any) -> str:
    """All that a connection says of itself, and of what it cannot do."""
    queries = ("FROM duckdb_secrets()", "FROM duckdb_settings()", "EXPLAIN SELECT 1", reader("s3://nowhere/x.csv"))
    found = []
    for query in queries:
        try:
            found.append(str(db.execute(query).fetchall()))
        except Exception as error:  # noqa: BLE001 - its text is looked at
            found.append(str(error))
    return "\n".join(found)


def test_nobody_is_told_a_secret(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither tables of settings and secrets nor errors hold key or token, which the extension takes from variables."""
    for variable, name in (("SECRET_ACCESS_KEY", "secret"), ("SESSION_TOKEN", "token")):
        monkeypatch.setenv(f"AWS_{variable}", SECRETS[name])
    db, folder = connect("100MB", 1)
    httpfs.reach(db, replace(access(), **SECRETS))
    said = told(db)
    monkeypatch.setattr(httpfs, "CREDENTIALS", httpfs.CREDENTIALS.replace("REGION ", "REGIO "))
    with pytest.raises(Exception, match="regio") as raised:
        httpfs.reach(db, replace(access(), **SECRETS))
    assert "key_id=AKIAKEYKEYKEY" in said
    assert s3
    assert not [word for word in ('of"mine', "a-token") if word in said + str(raised.value)]
    db.close()
    folder.cleanup()


def test_a_run_that_outlives_its_credentials_reads_on(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every statement is read with the credentials of its moment."""
    engine = DuckEngine(open_lake(f"{s3}/lake"))
    fill(engine.lake, 2)
    engine.show(SALES)
    given = "SELECT secret_string FROM duckdb_secrets()"
    first = asked(engine, given)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    assert engine.rows(f"SELECT count(*) AS n FROM {SALES.catalog_name}") == [{"n": 2}]
    assert ["key_id=another" in str(found) for found in (first, asked(engine, given))] == [False, True]
    engine.close()


def error_of(place: str) -> LakehouseError | None:
    """What reading a file ends in."""
    db, folder = connect("100MB", 1)
    httpfs.ready(db, [place])
    db.execute("SET http_retries = 1")
    with folder, pytest.raises(Exception, match=r".") as raised:
        db.execute(reader(place)).fetchall()
    db.close()
    return exhausted(raised.value)


def test_a_throttled_read_is_tried_again_and_told(s3_proxy: Proxy) -> None:
    """What goes on is one sentence with the object."""
    client().put_object(Bucket=BUCKET, Key="x.csv", Body=b"x\n1\n")
    s3_proxy.fail("slow down", times=99)
    found = error_of(f"{s3_proxy.uri}/x.csv")
    assert isinstance(found, StorageUnavailable)
    assert "x.csv` does not answer: HTTP 503" in str(found)


def test_nobody_there_is_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that nobody listens on."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert isinstance(error_of(f"{s3}/x.csv"), StorageUnavailable)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("HTTP Error: HTTP GET error reading 's3://b/k.csv' in region 'eu-west-1' (HTTP 403 Forbidden)", AccessDenied),
        ("When reading information for key 'k' in bucket 'b': AWS Error ACCESS_DENIED during HeadObject", AccessDenied),
        ("key 'k' in bucket 'b': AWS Error NO_SUCH_BUCKET during CreateMultipartUpload operation: x", BucketMissing),
        ("AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 7", StorageUnavailable),
    ],
)
def test_words_of_libraries_are_known(said: str, kind: type[LakehouseError]) -> None:
    """As DuckDB 1.5.5 and pyarrow 26 say it."""
    assert type(exhausted(OSError(said))) is kind


def test_a_data_file_that_is_gone_is_damage(s3: str) -> None:
    """The table is named, and not the store."""
    lake = open_lake(f"{s3}/lake")
    fill(lake, 2)
    (file,) = lake.iceberg_files(SALES).rows
    key = lake.relative(file)
    lake.store.delete(key, if_match=lake.store.list(key)[0].etag)
    engine = DuckEngine(lake)
    with pytest.raises(TableDamaged, match=r"daily_sales.*404"):
        engine.show(SALES)
    engine.close()
