"""Fixtures for the tests of marketing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets_tests.marketing.functions import Functions, serving
from lakehouse_assets_tests.operations.conftest import cli

__all__ = ["cli"]


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """A tenant with two pages of clicks a day, and functions that know it."""
    with serving(tmp_path, monkeypatch) as found:
        yield found
