"""`lakehouse clone`: a lake of its own that shares the files of another one, and neither can harm the other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lakehouse_assets.operations.cli import main
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import FIRST, SECOND, Cli, Result, Shop, open_shop, put
from lakehouse_assets_tests.operations.test_relocate import BOTH_DAYS, FIRST_DAY, everything, gold

ORDERS = ("sql", "SELECT count(*) AS n FROM delta_lakehouse.clean_orders", "--format", "csv")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A lake with the first day loaded."""
    return open_shop(tmp_path_factory.mktemp("original"))


@pytest.fixture
def sandbox(original: Shop, tmp_path: Path) -> Path:
    """A clone of it."""
    assert main(["clone", str(tmp_path / "sandbox"), *original.at]) == 0
    return tmp_path / "sandbox"


def run(cli: Cli, lake: Path, landing: Path) -> Result:
    """One more run."""
    return cli("run", "ecommerce", "--lake", lake, "--landing", landing, "--max-reject-ratio", "1")


def test_no_data_is_copied(original: Shop, sandbox: Path) -> None:
    """Every file of rows and every archived drop is the lake's own file under a second name; history stays there."""
    shared = [path for path in sandbox.rglob("*") if path.suffix in {".parquet", ".csv"}]
    assert len(shared) > 10
    assert all(path.samefile(original.lake / path.relative_to(sandbox)) for path in shared)
    assert {path.name for path in sandbox.iterdir()} & {"dagster", "leases", "notifications"} == set()


def test_it_says_what_to_try_and_the_command_works(
    cli: Cli, original: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed can be typed with a folder of drops; the clone is no new lake, and its checks have yet to run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FOLDER").mkdir()
    (said,) = (line for line in cli("clone", "sandbox", *original.at).out.splitlines() if line.startswith("Try it: "))
    assert "has run in this lake; `lakehouse checks ecommerce --now` asks" in cli("status", "--lake", "sandbox").out
    done = cli(*said.partition("lakehouse ")[2].split())
    assert (done.code, "is new" in done.out) == (0, False), done.err


def test_both_go_their_own_way(cli: Cli, original: Shop, sandbox: Path, tmp_path: Path) -> None:
    """A run, an optimize and a vacuum of the clone change no byte of the lake, and its removal neither."""
    put(tmp_path / "drops", SECOND)
    before = everything(original.lake / "lakehouse-dwh") | everything(original.lake / "ecommerce_gold")
    assert run(cli, sandbox, tmp_path / "drops").code == 0
    assert gold(cli, sandbox).out == BOTH_DAYS
    assert cli("optimize", "--lake", sandbox).code == 0
    assert cli("vacuum", "--lake", sandbox, "--retention-hours", 0, "--force", "--delete").code == 0
    shutil.rmtree(sandbox)
    assert everything(original.lake / "lakehouse-dwh") | everything(original.lake / "ecommerce_gold") == before
    assert gold(cli, original.lake).out == FIRST_DAY


def test_what_the_lake_removes_stays_in_the_clone(cli: Cli, original: Shop, tmp_path: Path) -> None:
    """The lake is gone altogether, and the clone answers as before, also by what it was."""
    kept = shutil.copytree(original.lake, tmp_path / "kept", copy_function=os.link)
    sandbox = tmp_path / "sandbox"
    assert cli("clone", sandbox, *original.at).code == 0
    shutil.rmtree(original.lake)
    try:
        assert gold(cli, sandbox).out == FIRST_DAY
        assert cli(*ORDERS, "--lake", sandbox).out == "n\n2\n"
    finally:
        shutil.copytree(kept, original.lake)


def test_a_clone_is_refused_where_it_cannot_be(cli: Cli, original: Shop, tmp_path: Path) -> None:
    """Into the lake, over something, into S3; nothing is written, and each is one sentence."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("mine")
    for place, said in (
        (original.lake / "sandbox", "a clone does not lie in its lake"),
        (original.lake.parent, "nor around it"),
        (tmp_path / "full", "there is something already"),
        ("s3://bucket/sandbox", "both lie in folders or both in S3"),
    ):
        refused = cli("clone", place, *original.at)
        assert (refused.code, said in refused.err, refused.err.count("\n")) == (2, True, 1)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["a"]


def test_another_file_system_is_refused(
    cli: Cli, original: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no links across, the sentence names the way out, and nothing is left behind."""

    def apart(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", apart)
    refused = cli("clone", tmp_path / "sandbox", *original.at)
    assert (refused.code, "copy the lake and `lakehouse relocate` the copy" in refused.err) == (2, True)
    assert not (tmp_path / "sandbox").exists()


def test_in_a_bucket_it_has_databases_of_its_own(
    cli: Cli, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a prefix of its own it is refused; with one, both lakes answer, and the clone is loaded alone."""
    for key, text in FIRST.items():
        open_store(f"{s3}/landing").put(key, text.encode())
    monkeypatch.setenv("LAKEHOUSE_HISTORY", str(tmp_path))
    lake, sandbox = f"{s3}/lake", f"{s3}/sandbox"
    more = ("--landing", f"{s3}/landing", "--max-reject-ratio", "1")
    assert cli("run", "ecommerce", "--lake", lake, *more).code == 0
    assert "set LAKEHOUSE_DATABASE_PREFIX" in cli("clone", sandbox, "--lake", lake).err
    monkeypatch.setenv("LAKEHOUSE_DATABASE_PREFIX", "sandbox_")
    assert cli("clone", sandbox, "--lake", lake).code == 0
    open_store(f"{s3}/landing").put("orders/2025-04-02.csv", SECOND["orders/2025-04-02.csv"].encode())
    assert cli("run", "ecommerce", "--lake", sandbox, *more).code == 0
    assert cli(*ORDERS, "--lake", sandbox).out == "n\n3\n"
    monkeypatch.delenv("LAKEHOUSE_DATABASE_PREFIX")
    assert cli(*ORDERS, "--lake", lake).out == "n\n2\n"
