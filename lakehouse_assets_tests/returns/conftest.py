"""Hold the fixtures of the pipeline's tests: an installation before and after its first run, and its graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import Cli, cli
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


@pytest.fixture
def loaded(empty: Installation, cli: Cli) -> Installation:
    """Return an installation after its first run."""
    assert cli("run", "returns", *DAY, "--json").code == 0
    return empty


@pytest.fixture
def graph(empty: Installation, tmp_path: Path) -> Iterator[Graph]:
    """Yield the code location of an installation in which nothing ran yet."""
    history = tmp_path / "history"
    history.mkdir()
    with graph_of(empty, history) as opened:
        yield opened
