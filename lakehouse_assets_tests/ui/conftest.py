"""The Dagster UI on a small lake, and a headless Chromium that looks at it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.operations import history
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import Shop
from lakehouse_assets_tests.graph.test_job import double_an_order

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
"""Five on an idle machine."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium as root, without a graphics card, and quiet on the network."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def browser_path() -> str:
    """The system's Chromium; Playwright's own is not downloaded."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next((name for name in found if name), None)
    if path is None:
        pytest.fail("no Chromium on this machine; install Debian's package `chromium`")
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake whose last run was stopped by a duplicate key in silver."""
    root = tmp_path_factory.mktemp("ui")
    chosen = Settings(lake=root / "lake", landing=root / "landing", duckdb_threads=1)
    chosen.landing_root.mkdir()
    with history.instance(chosen) as instance:
        shop = Shop(chosen, instance, build_definitions(chosen))
        shop.drop_all()
        assert shop.run().success
        double_an_order(shop)
        shop.drop("products.csv")
        assert not shop.run().success
    return chosen


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The webserver's address, from when it answers."""
    port = free_port()
    command = [sys.executable, "-m", "dagster_webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    log = settings.lake_root / "webserver.log"
    with log.open("w") as sink:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=history.child_environment(settings),
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/server_info", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)


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


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """The UI's address."""
    with served(settings) as url:
        yield url


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty page of a fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=browser_path(),
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1600, "height": 1000},
        )
        try:
            opened = browser.new_page()
            opened.set_default_timeout(30_000)
            yield opened
        finally:
            browser.close()
