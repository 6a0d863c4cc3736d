"""Where the recorded shop data is; it is not part of the repository, so it may be nowhere."""

from __future__ import annotations

import os
from pathlib import Path

REAL_DATA_ENV = "LAKEHOUSE_REAL_DATA"
BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "data" / "ecommerce"


def recorded_folder() -> Path:
    """The folder named by the environment, else the one beside the repository; it need not exist."""
    return Path(os.environ.get(REAL_DATA_ENV) or BESIDE_THE_REPOSITORY)


def is_recorded(folder: Path) -> bool:
    """Whether a folder holds recorded shop data."""
    return (folder / "products.csv").is_file()
