"""Fixtures that many tests share. Not here: helpers of one area, which live beside its tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REAL_DATA_ENV = "LAKEHOUSE_REAL_DATA"
BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data" / "ecommerce"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the recorded shop data: products.csv, orders/*.csv, order_items/*.csv."""
    folder = Path(os.environ.get(REAL_DATA_ENV) or BESIDE_THE_REPOSITORY)
    if not (folder / "products.csv").is_file():
        problem = f"no products.csv in `{folder}`; set {REAL_DATA_ENV} to the folder of the recorded e-commerce data"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(problem)
    return folder
