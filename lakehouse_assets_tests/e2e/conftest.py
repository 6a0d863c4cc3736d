"""One installation of production for the tests of this folder, with an emulator and a Trino of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from lakehouse_assets.affise.simulator import running as tenant
from lakehouse_assets.affise.simulator.running import Simulator
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets_tests.e2e.production import Production, deployed
from lakehouse_assets_tests.emulator.running import running
from lakehouse_assets_tests.emulator.trino.serving import serving

QUIET_SECONDS = "2"
SPEC = SimulatorSpec(start=date(2026, 3, 2), days=7, clicks_per_day=40, conversions_per_day=10, zone="Europe/Berlin")
"""Its clock stands at the morning of March 9, which the ticks of the tests are after."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for production as a test against engines of production."""
    for item in items:
        if "production" in getattr(item, "fixturenames", ()):
            item.add_marker("e2e")
    # The shop is proved on an empty installation, so its tests come before all that use the same one.
    items.sort(key=lambda item: "e2e/test_shop.py" not in item.nodeid)


@pytest.fixture(scope="session")
def account() -> Iterator[Simulator]:
    """A simulated Affise account of seven days, in the zone of the pipeline."""
    with tenant.running(SPEC) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def production(account: Simulator) -> Iterator[Production]:
    """A new installation, whose machines are started by Step Functions and load small batches in a function."""
    parameters = {
        "ScheduledBy": "stepfunctions",
        "LandingQuietSeconds": QUIET_SECONDS,
        "AlertEmail": "etl@example.com",
        "AffiseUrl": account.url,
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        running() as emulator,
        serving(emulator.url, emulator.trino_port),
    ):
        emulator.configure(stepfunctions___SFN_WAIT_SCALE=0)
        with deployed(emulator, patch, **parameters) as installation:
            installation.tell_secrets(account.key)
            yield installation
