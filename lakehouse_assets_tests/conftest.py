"""Fixtures that many tests share. Not here: helpers of one area, which live beside its tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets_tests.emulator.fixtures import aws, bare_emulator, either, emulator, s3, s3_proxy, trino
from lakehouse_assets_tests.order import longest_first
from lakehouse_assets_tests.recorded import REAL_DATA_ENV, is_recorded, recorded_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["aws", "bare_emulator", "either", "emulator", "s3", "s3_proxy", "trino"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for the recorded data or the emulator, so that `make test` can leave it out without those.

    Where tests are spread over workers, the longest files come first.
    """
    for item in items:
        asked = getattr(item, "fixturenames", ())
        if "real_data" in asked:
            item.add_marker("real")
        if "emulator" in asked:
            item.add_marker("aws")
        if "trino" in asked:
            item.add_marker("e2e")
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = longest_first(file_of(item) for item in items)
        items.sort(key=lambda item: places[file_of(item)])


def file_of(item: pytest.Item) -> str:
    """The file of a test, from the folder of the repository on."""
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands remember for their user is not remembered for whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the recorded shop data: products.csv, orders/*.csv, order_items/*.csv."""
    folder = recorded_folder()
    if not is_recorded(folder):
        problem = f"no products.csv in `{folder}`; set {REAL_DATA_ENV} to the folder of the recorded e-commerce data"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(problem)
    return folder


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark session of all tests."""
    from lakehouse_assets_tests.spark import start

    session = start()
    yield session
    session.stop()
