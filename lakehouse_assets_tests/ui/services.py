"""Dagster's services on a lake, as processes of their own: the webserver, and the daemon that starts queued runs."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
"""Five on an idle machine."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The webserver's address, from when it answers."""
    port = free_port()
    command = ["dagster_webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    with started(settings, command, "webserver") as (server, log):
        wait_for(f"http://127.0.0.1:{port}/server_info", server, log)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def daemon(settings: Settings) -> Iterator[None]:
    """Dagster's daemon, which starts the runs that the UI queues."""
    with started(settings, ["dagster._daemon", "run", "-w", "workspace.yaml"], "daemon"):
        yield


@contextmanager
def started(settings: Settings, command: list[str], name: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A module of Dagster as a process on the lake's history; interrupted at the end, killed when it does not hear."""
    log = Path(settings.lake_root) / f"{name}.log"
    environment = history.child_environment(settings)
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
        try:
            yield process, log
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until the address answers; a server that ended or takes too long fails with its log."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            requests.get(url, timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the webserver did not start:\n{log.read_text()}")
