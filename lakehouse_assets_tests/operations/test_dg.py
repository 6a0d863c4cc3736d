"""Dagster's own `dg` works in the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def dg(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call `dg` in the repository, on a lake and a history of its own."""
    own = {
        "LAKEHOUSE_LAKE": str(home / "lake"),
        "DAGSTER_HOME": str(home),
        "LAKEHOUSE_PIPELINES": "lakehouse_assets.ecommerce",
    }
    command = [str(Path(sys.executable).with_name("dg")), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with this project's configuration, and a lake."""
    made = tmp_path_factory.mktemp("dg")
    (made / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    (made / "lake" / "land-folder" / "Data").mkdir(parents=True)
    return made


@pytest.mark.slow
def test_dg_lists_and_launches(home: Path) -> None:
    """The definitions are those of the code location; a launched asset is a run that goes well."""
    listed = dg(home, "list", "defs", "--json")
    assert listed.returncode == 0, listed.stderr
    keys = {one["asset_key"] if "asset_key" in one else one["key"] for one in json.loads(listed.stdout)["assets"]}
    assert {"silver/clean_orders", "gold/daily_sales"} <= keys
    launched = dg(home, "launch", "--assets", "bronze/ecommerce_manifest")
    assert launched.returncode == 0, launched.stderr
    assert list((home / "lake" / "runs" / "ecommerce").glob("*/plan.json"))


@pytest.mark.slow
def test_dg_checks_the_definitions(home: Path) -> None:
    """They load."""
    done = dg(home, "check", "defs")
    assert (done.returncode, "All definitions loaded successfully." in done.stdout) == (0, True), done.stderr
