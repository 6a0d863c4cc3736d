"""Dagster's own `dg` works in the project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from lakehouse_assets_tests.operations.test_dev import wait_until
from lakehouse_assets_tests.ui.services import free_port

ROOT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    """A lake and a history of its own."""
    own = {
        "LAKEHOUSE_LAKE": str(home / "lake"),
        "DAGSTER_HOME": str(home),
        "LAKEHOUSE_PIPELINES": "lakehouse_assets.ecommerce",
    }
    return {**os.environ, **own}


def dg(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call `dg` in the repository."""
    command = [str(Path(sys.executable).with_name("dg")), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home), capture_output=True, text=True, check=False, timeout=300
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


@pytest.mark.slow
def test_dg_serves_the_ui_and_ends_when_it_is_asked_to(home: Path) -> None:
    """`dg dev` shows the code location, and an interrupt ends it with all that it started."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("dg")), "dev", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "dev.log").open("w") as log:
        begun = subprocess.Popen(
            command, cwd=ROOT, env=environment(home), stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(lambda: "lakehouse" in locations(port))
    finally:
        begun.send_signal(signal.SIGINT)
        begun.wait(timeout=60)
    assert locations(port) == []


def locations(port: int) -> list[str]:
    """The code locations that a UI shows; none where it does not answer."""
    query = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"
    try:
        answer = requests.post(f"http://127.0.0.1:{port}/graphql", json={"query": query}, timeout=30).json()
    except requests.RequestException:
        return []
    entries = answer["data"]["workspaceOrError"]["locationEntries"]
    return [one["name"] for one in entries if one["loadStatus"] == "LOADED"]
