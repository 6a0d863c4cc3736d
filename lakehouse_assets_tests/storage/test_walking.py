"""A folder is seen with its links, and what is no file is named."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.objects import Look


def look(folder: Path, depth: int | None = None) -> Look:
    """What a store sees in a folder."""
    return FolderStore(folder).look(depth=depth)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing folder with one file, and a share beside it with another."""
    for name in ("landing/orders", "share"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1.csv").write_text("a\n")
    return tmp_path / "landing"


def test_linked_files_and_folders_are_followed(landing: Path) -> None:
    """A share that is linked into landing, and one file of it, are as good as if they lay there."""
    (landing / "items").symlink_to("../share")
    (landing / "one.csv").symlink_to("../share/1.csv")
    assert look(landing) == Look(["items/1.csv", "one.csv", "orders/1.csv"], {})


def test_links_that_lead_round_or_nowhere_are_passed_over_and_named(landing: Path) -> None:
    """To itself, to a folder above, through another folder, to nothing; what lies beside them is still seen."""
    (landing / "self").symlink_to("self")
    (landing / "orders/up").symlink_to("..")
    (landing / "share").symlink_to("../share")
    (landing.parent / "share/back").symlink_to("../landing")
    (landing / "gone.csv").symlink_to("nowhere.csv")
    seen = look(landing)
    assert seen.keys == ["orders/1.csv", "share/1.csv"]
    circle, nowhere = "a link that leads back to where it lies", "a link to something that is not there"
    assert seen.passed_over == {"self": circle, "orders/up": circle, "share/back": circle, "gone.csv": nowhere}


def test_what_is_no_regular_file_is_named(landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, a socket and a link to a device are never opened, which might wait for ever."""
    os.mkfifo(landing / "pipe.csv")
    (landing / "null.csv").symlink_to("/dev/null")
    monkeypatch.chdir(landing)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.csv")
        seen = look(landing)
    assert seen.keys == ["orders/1.csv"]
    kinds = {key: why.removesuffix(", no regular file") for key, why in seen.passed_over.items()}
    assert kinds == {"pipe.csv": "a pipe", "null.csv": "a device", "socket.csv": "a socket"}


def test_a_name_that_is_no_text_is_named(landing: Path) -> None:
    """No manifest could hold it."""
    Path(os.fsdecode(os.fsencode(landing) + b"/orders/\xff.csv")).touch()
    seen = look(landing)
    assert (seen.keys, list(seen.passed_over.values())) == (["orders/1.csv"], ["its name is no UTF-8"])


def test_no_deeper_than_asked_for(landing: Path) -> None:
    """So a link to the whole machine costs no more than its top."""
    (landing / "orders/old").mkdir()
    (landing / "orders/old/2.csv").touch()
    (landing / "top.csv").touch()
    assert look(landing, depth=1).keys == ["top.csv"]
    assert look(landing, depth=2).keys == ["orders/1.csv", "top.csv"]
    assert look(landing).keys == ["orders/1.csv", "orders/old/2.csv", "top.csv"]
    assert FolderStore(landing).look("orders/", depth=2).keys == ["orders/1.csv"]
