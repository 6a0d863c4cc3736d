"""`make setup` on machines where something is missing, and where nothing is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import setup

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make setup` reads, in a folder without `.venv`."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def make_setup(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `make setup` there."""
    command = ["make", "setup", *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        command, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )


def fake_python(folder: Path, script: str) -> str:
    """A program in place of Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_an_old_python_is_named(checkout: Path) -> None:
    """A Python before 3.11 is refused by its version, with the way out."""
    old = fake_python(checkout, 'test "$1" = --version && echo "Python 3.9.2" || exit 1')
    done = make_setup(checkout, f"PYTHON={old}")
    assert done.returncode != 0
    assert "Python 3.11 to 3.14 is needed" in done.stderr
    assert "Python 3.9.2" in done.stderr


def test_no_python_is_said(checkout: Path) -> None:
    """A machine without a Python that fits gets the same sentence instead of the shell's complaint."""
    done = make_setup(checkout, "PYTHON=")
    assert done.returncode != 0
    assert "Python 3.11 to 3.14 is needed" in done.stderr


def test_without_a_network_one_sentence(checkout: Path) -> None:
    """When the index does not answer, setup says so in one sentence and fails."""
    done = make_setup(checkout, PIP_INDEX_URL=NOWHERE, PIP_NO_CACHE_DIR="1")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert "could not be reached" in said[0]


def test_a_missing_venv_module_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Python without `python3-venv` is told what to install."""
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        setup.install_locked()


def test_other_trouble_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that is not the network's is printed above the sentence."""
    with pytest.raises(SystemExit, match="`requirements` could not be installed"):
        setup.stop("error: hash mismatch for `six`\n")
    assert "hash mismatch for `six`" in capsys.readouterr().err


def test_progress_passes_and_errors_wait(capsys: pytest.CaptureFixture[str]) -> None:
    """Download lines are shown as they come, package lists are not, and errors are handed back."""
    errors = setup.show([b"Downloading duckdb\n", b" + six==1\n", b"error: no\n", b"  cause: dns error\n"])
    assert capsys.readouterr().err == "Downloading duckdb\n"
    assert errors == "error: no\n  cause: dns error\n"


def test_the_fingerprint_follows_place_and_content(tmp_path: Path) -> None:
    """Another lock or another folder makes setup due again, the same ones do not."""
    lock = tmp_path / "lock"
    lock.write_text("a", encoding="utf-8")
    before = setup.digest(tmp_path, (lock,))
    assert before == setup.digest(tmp_path, (lock,))
    assert before != setup.digest(tmp_path / "moved", (lock,))
    lock.write_text("b", encoding="utf-8")
    assert before != setup.digest(tmp_path, (lock,))
