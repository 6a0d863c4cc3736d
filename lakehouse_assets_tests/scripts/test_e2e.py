"""`make e2e` fetches what it needs once, checks it, and leaves nothing out."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.emulator.trino import fetching
from lakehouse_assets_tests.emulator.trino.places import PLUGINS, VERSION
from scripts import e2e
from scripts.e2e import pytest_arguments

NAME = f"trino-server-{VERSION}"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive of a server with one plugin too many, which `fetch_server` takes for Trino's."""
    path = tmp_path / "there" / "server.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        for name in ("bin/launcher", *(f"plugin/{plugin}/a.jar" for plugin in (*PLUGINS, "mysql"))):
            member = tarfile.TarInfo(f"{NAME}/{name}")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fetching, "ADDRESS", path.as_uri())
    monkeypatch.setattr(fetching, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_a_server_is_fetched_checked_and_unpacked(archive: Path, tmp_path: Path) -> None:
    """Into the user's cache, with the plugins that are used and with its progress told."""
    said: list[str] = []
    (tmp_path / "cache" / "lakehouse-assets").mkdir(parents=True)
    fetching.fetch_server(said.append)
    server = tmp_path / "cache" / "lakehouse-assets" / NAME
    assert {plugin.name for plugin in (server / "plugin").iterdir()} == set(PLUGINS)
    assert [folder.name for folder in server.parent.iterdir()] == [NAME]
    assert any("100 %" in line for line in said)
    assert archive.exists()


def test_another_archive_is_refused(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its SHA-256; nothing is left of it."""
    monkeypatch.setattr(fetching, "SHA256", "0" * 64)
    (tmp_path / "cache" / "lakehouse-assets").mkdir(parents=True)
    with pytest.raises(SystemExit, match="which is not 000"):
        fetching.fetch_server(lambda _: None)
    assert list((tmp_path / "cache" / "lakehouse-assets").iterdir()) == []
    assert archive.exists()


def test_an_address_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    """Not a trace."""
    with pytest.raises(SystemExit, match="could not be downloaded"):
        fetching.download((tmp_path / "nowhere").as_uri(), tmp_path / "target", lambda _: None)


def test_what_is_missing_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the way to get it."""
    monkeypatch.setattr(e2e, "PYTHON", tmp_path / "none")
    with pytest.raises(SystemExit, match="make setup"):
        e2e.main([])
    monkeypatch.setattr(e2e, "PYTHON", tmp_path)
    monkeypatch.setattr(e2e, "find_java", lambda _: None)
    with pytest.raises(SystemExit, match="make spark"):
        e2e.main([])


@pytest.mark.parametrize(("given", "marks"), [([], "e2e and not e2e_all"), (["--all"], "e2e or e2e_all or nightly")])
def test_all_is_more(given: list[str], marks: str) -> None:
    """And a skipped test is a failed one either way."""
    arguments: list[Any] = pytest_arguments([*given, "-x"])
    assert arguments[arguments.index("-m") + 1] == marks
    assert "lakehouse_assets_tests.nothing_skipped" in arguments
    assert arguments[-1] == "-x"
