"""Hold the fixtures of the pipeline's tests: an installation before and after its first run, and its graph."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets.operations.cli import main
from lakehouse_assets_tests.operations.conftest import cli
from lakehouse_assets_tests.returns.installation import DAY, Graph, Installation, graph_of, installed

__all__ = ["cli"]

collect_ignore = ["pipeline.py"]
"""A pipeline can be imported only where the settings name its package, so its docstrings are not looked at alone."""


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Installation]:
    """Yield an installation in which nothing ran yet and the known files have landed."""
    with installed(tmp_path) as place:
        place.drop()
        yield place


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folder of an installation after its first run, and a copy of it, from which it is put back."""
    folder = tmp_path_factory.mktemp("first_run")
    with installed(folder / "place") as place:
        place.drop()
        assert main(["run", "returns", *DAY, "--json"]) == 0
    return folder / "place", Path(shutil.copytree(folder / "place", folder / "kept", symlinks=True))


@pytest.fixture
def loaded(first_run: tuple[Path, Path]) -> Iterator[Installation]:
    """Yield an installation after its first run, put back where it was made, as a moved lake is refused."""
    folder, kept = first_run
    shutil.rmtree(folder)
    shutil.copytree(kept, folder, symlinks=True)
    with installed(folder) as place:
        yield place


@pytest.fixture
def graph(empty: Installation, tmp_path: Path) -> Iterator[Graph]:
    """Yield the code location of an installation in which nothing ran yet."""
    history = tmp_path / "history"
    history.mkdir()
    with graph_of(empty, history) as opened:
        yield opened
