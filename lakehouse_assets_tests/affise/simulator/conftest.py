"""A plain tenant for tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse_assets_tests.affise.simulator.api import Api, serving


@pytest.fixture(scope="module")
def plain() -> Iterator[Api]:
    """A tenant without any switch."""
    with serving() as api:
        yield api
