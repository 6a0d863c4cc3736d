"""One installation of production for the tests of this folder, with an emulator and a Trino of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse_assets_tests.e2e.production import Production, deployed
from lakehouse_assets_tests.emulator.running import running
from lakehouse_assets_tests.emulator.trino.serving import serving

QUIET_SECONDS = "2"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for production as a test against engines of production."""
    for item in items:
        if "production" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def production() -> Iterator[Production]:
    """A new installation, whose machines are started by Step Functions and load small batches in a function."""
    with (
        pytest.MonkeyPatch.context() as patch,
        running() as emulator,
        serving(emulator.url, emulator.trino_port),
    ):
        emulator.configure(stepfunctions___SFN_WAIT_SCALE=0)
        with deployed(
            emulator,
            patch,
            ScheduledBy="stepfunctions",
            LandingQuietSeconds=QUIET_SECONDS,
            AlertEmail="etl@example.com",
        ) as installation:
            yield installation
