"""Fixtures of the archive's tests: a landing folder and an empty lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.storage.folder import FolderStore


@pytest.fixture
def landing(tmp_path: Path) -> FolderStore:
    """A landing folder."""
    return FolderStore(tmp_path / "landing")


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    """An empty lake."""
    return FolderStore(tmp_path / "lake")
