"""`lakehouse dev` opens the lake of the last demo, is quiet, ends when it is asked to, and watches Dagster's daemon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import requests
from dagster._daemon.types import DaemonHeartbeat

from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.operations import dev_watch
from lakehouse_assets.operations.last_lake import last_lake, remember, unless_named
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets_tests.operations.conftest import process
from lakehouse_assets_tests.ui.services import free_port

COMMAND = str(Path(sys.executable).with_name("lakehouse"))
ASSETS = "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } } }"
LANDING = "demo/lake/land-folder/Data"
SENSOR = "ecommerce_landing"
TICKS = """query($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor {
  sensorState { ticks(limit: 1) { skipReason error { message } } } } } }"""
START_SECONDS = 120


@dataclass(frozen=True)
class Served:
    """A UI that was started in the background of a script, with its process, its address and its log."""

    pid: int
    url: str
    log: Path


@pytest.fixture(scope="module")
def after_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`lakehouse demo`, then `lakehouse dev` without a lake, by `nohup` in a script, which ignores interrupts."""
    folder = tmp_path_factory.mktemp("dev")
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    assert process("demo", "--pipeline", "ecommerce", cwd=folder, env=environment).code == 0
    (folder / LANDING).mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text("")  # one in the present folder makes Dagster warn
    port, log = free_port(), folder / "dev.log"
    script = f"trap '' INT; nohup {COMMAND} dev --port {port} > {log} 2>&1 & echo $!"
    begun = subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, check=True)
    made = Served(int(begun.stdout), f"http://127.0.0.1:{port}", log)
    wait_until(lambda: answers(made.url))
    yield made
    if is_alive(made.pid):
        os.kill(made.pid, signal.SIGTERM)


def answers(url: str) -> bool:
    """Whether the UI is there."""
    try:
        return requests.get(f"{url}/server_info", timeout=5).ok
    except requests.RequestException:
        return False


def said_by_sensor(served: Served) -> str:
    """What the latest tick of the landing sensor says, whether it skips or fails."""
    asked = {"s": {"repositoryLocationName": "lakehouse", "repositoryName": "__repository__", "sensorName": SENSOR}}
    answer = requests.post(f"{served.url}/graphql", json={"query": TICKS, "variables": asked}, timeout=60).json()
    ticks = answer["data"]["sensorOrError"]["sensorState"]["ticks"]
    return " ".join(f"{tick['skipReason']} {tick['error']}" for tick in ticks)


def is_alive(pid: int) -> bool:
    """Whether a process goes on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(happens: object) -> None:
    """Wait until a condition is met."""
    deadline = time.monotonic() + START_SECONDS
    while not happens():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.slow
def test_after_a_demo_it_shows_the_demos_assets(after_demo: Served) -> None:
    """No lake is named: the line says which it is, and its tables are materialized."""
    lake = after_demo.log.parent / "demo" / "lake"
    assert f"lake {lake} (of the last `demo`)" in after_demo.log.read_text()
    answer = requests.post(f"{after_demo.url}/graphql", json={"query": ASSETS}, timeout=60).json()
    made = {"/".join(n["assetKey"]["path"]) for n in answer["data"]["assetNodes"] if n["assetMaterializations"]}
    assert {"silver/clean_orders", "gold/daily_sales"} <= made


@pytest.mark.slow
def test_a_landing_folder_that_goes_away_is_survived(after_demo: Served) -> None:
    """The sensor says what is gone, and the UI goes on."""
    landing = after_demo.log.parent / LANDING
    wait_until(lambda: "landing is empty" in said_by_sensor(after_demo))
    landing.rmdir()
    wait_until(lambda: f"landing `{landing}` is no folder (yet)" in said_by_sensor(after_demo))
    assert (is_alive(after_demo.pid), answers(after_demo.url)) == (True, True)


@pytest.mark.slow
def test_it_is_quiet_and_ends_when_it_is_interrupted(after_demo: Served) -> None:
    """Though whoever started it ignores interrupts; no advice, no DEBUG, no colours in a file, no traceback."""
    os.kill(after_demo.pid, signal.SIGINT)
    wait_until(lambda: not is_alive(after_demo.pid))
    said = after_demo.log.read_text()
    assert not [word for word in ("Supersession", "will not be used", "DEBUG", "\x1b", "Traceback") if word in said]
    assert said.endswith("error: interrupted\n")
    assert not answers(after_demo.url)


def test_the_last_lake_is_used_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the option nor by the environment; a lake that is gone is none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("LAKEHOUSE_LAKE", raising=False)
    assert last_lake() is None
    (tmp_path / "lake").mkdir()
    remember(str(tmp_path / "lake"), "run")
    found = unless_named(None, Settings())
    assert found is not None
    assert (found.place, found.command) == (str(tmp_path / "lake"), "run")
    assert unless_named("other", Settings()) is None
    monkeypatch.setenv("LAKEHOUSE_LAKE", str(tmp_path / "named"))
    assert unless_named(None, Settings()) is None
    (tmp_path / "lake").rmdir()
    assert last_lake() is None


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not fail for it; what is damaged there counts for nothing."""
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    remember(str(tmp_path), "run")
    assert last_lake() is None
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "lakehouse").mkdir()
    (tmp_path / "lakehouse" / "last-lake.json").write_text("[")
    assert last_lake() is None


def test_a_dead_daemon_is_told_once_until_it_lives(tmp_path: Path) -> None:
    """It has to be found silent twice in a row, since a machine that slept has no heartbeats for a moment."""
    topic = Teller(FolderStore(tmp_path))
    for looks in (1, 2, 3):
        dev_watch.tell(topic, {"SENSOR": looks}, {"SENSOR", "SCHEDULER"})
    dev_watch.tell(topic, {}, {"SENSOR", "SCHEDULER"})
    messages = [json.loads(file.read_text()) for file in tmp_path.glob("notifications/dagster/*.json")]
    assert sorted((one["kind"], one["subject"]) for one in messages) == [
        ("daemon_dead", "dagster: the SENSOR daemon is dead"),
        ("recovered", "dagster: recovered; the SENSOR daemon lives"),
    ]


def test_a_daemon_is_silent_whose_heartbeat_is_old(tmp_path: Path) -> None:
    """Two minutes; those that never beat are silent too, and errors that one tells are no silence."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        for name, age in (("SENSOR", 100), ("SCHEDULER", 130)):
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - age, name, "id", []))
        silent = dev_watch.silent_daemons(instance)
    assert "SCHEDULER" in silent
    assert "SENSOR" not in silent


def test_services_that_end_by_themselves_are_told(tmp_path: Path) -> None:
    """Where there is a lake."""
    settings = Settings(lake=str(tmp_path / "lake"))
    dev_watch.tell_ended(settings, 1)
    (tmp_path / "lake").mkdir()
    dev_watch.tell_ended(settings, 1)
    (file,) = (tmp_path / "lake/notifications/dagster").glob("services-*-services_ended.json")
    assert "(code 1)" in json.loads(file.read_text())["body"]
