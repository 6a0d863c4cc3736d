"""The system shows who writes a file; where it does not, nobody guesses."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse_assets.storage.writers import is_being_written

WRITE = "import sys; f = open(sys.argv[1], sys.argv[2]); print(flush=True); sys.stdin.read()"


@pytest.mark.parametrize(("mode", "seen"), [("w", True), ("a", True), ("r+", True), ("r", False)])
def test_a_process_that_has_a_file_open_for_writing_is_seen(tmp_path: Path, mode: str, *, seen: bool) -> None:
    """However it opened it, and only as long as it has; a reader does not count."""
    file = tmp_path / "a.csv"
    file.write_text("x\n")
    command = [sys.executable, "-c", WRITE, str(file), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert is_being_written(file) is seen
    assert is_being_written(file) is False


def test_the_look_disturbs_nobody(tmp_path: Path) -> None:
    """The file can be opened for writing right after, and its times are as they were."""
    file = tmp_path / "a.csv"
    file.write_text("x\n")
    os.utime(file, ns=(10**18, 10**18))
    assert is_being_written(file) is False
    assert file.stat().st_mtime_ns == 10**18
    file.write_text("y\n")


def test_a_system_that_does_not_show_it_is_not_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No leases on this system, none on this file system or file, or no such file: nobody knows."""
    file = tmp_path / "a.csv"
    file.write_text("x\n")
    assert is_being_written(tmp_path / "gone.csv") is None

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    assert is_being_written(file) is None
    monkeypatch.delattr(fcntl, "F_SETLEASE")
    assert is_being_written(file) is None
