"""The folder of a run: its clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import REQUEST, RunFolder

AT = datetime(2025, 4, 2, 9, tzinfo=UTC)


def test_a_run_s_clock_is_that_of_its_request(tmp_path: Path) -> None:
    """It is kept before the manifest is, which is large where many files have landed and need not be read for it."""
    folder = RunFolder(FolderStore(tmp_path), "ecommerce", "r1")
    folder.write(REQUEST, RunRequest(as_of=AT).to_dict())
    assert folder.as_of == AT


def test_a_run_of_a_machine_has_its_clock_in_the_manifest(tmp_path: Path) -> None:
    """Nobody keeps a request there."""
    folder = RunFolder(FolderStore(tmp_path), "ecommerce", "r1")
    folder.write("manifest", Manifest("r1", "ecommerce", "land", (), RunRequest(as_of=AT)).to_dict())
    assert folder.as_of == AT
    assert RunFolder(folder.store, "ecommerce", "none").as_of > AT
