"""The fixture that most tests of the client begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets_tests.affise.tenant import Case, tenant


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """A tenant without faults."""
    with tenant(tmp_path) as made:
        yield made
