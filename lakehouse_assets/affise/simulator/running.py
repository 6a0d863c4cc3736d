"""Run a simulator in this process, on the loopback interface."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import uvicorn

from lakehouse_assets.affise.simulator.clock import Clock
from lakehouse_assets.affise.simulator.server import application
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.switches import Switchboard
from lakehouse_assets.affise.simulator.tenant import Request, Tenant
from lakehouse_assets.affise.simulator.world import World
from lakehouse_assets.errors import BadRequest

LOOPBACK = "127.0.0.1"
START_SECONDS, END_SECONDS = 20.0, 5.0


@dataclass(frozen=True)
class Simulator:
    """A simulator that runs: where it is, and everything that it has."""

    url: str
    tenant: Tenant

    @property
    def key(self) -> str:
        """Return the key that may see everything."""
        return self.tenant.spec.key

    @property
    def world(self) -> World:
        """Return the truth."""
        return self.tenant.world

    @property
    def clock(self) -> Clock:
        """Return the virtual clock."""
        return self.tenant.clock

    @property
    def faults(self) -> Switchboard:
        """Return the switches."""
        return self.tenant.switches

    def requests(self) -> list[Request]:
        """Return what the API was asked so far."""
        return list(self.tenant.log)


@contextmanager
def running(spec: SimulatorSpec | None = None, port: int = 0) -> Iterator[Simulator]:
    """Run a simulator as long as the block lasts, and yield it.

    Args:
        spec: what it is; small and clean by default.
        port: where it listens; 0 for any port that is free.

    Raises:
        BadRequest: the port is in use, or as `SimulatorSpec` and the switches.
    """
    tenant = Tenant(spec or SimulatorSpec())
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, port))
        except OSError as error:
            raise BadRequest(message=f"port {port} is in use; name another one with --port") from error
        server = uvicorn.Server(_config(tenant))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="affise simulator", daemon=True)
        thread.start()
        try:
            _wait(server, thread)
            yield Simulator(f"http://{LOOPBACK}:{listening.getsockname()[1]}", tenant)
        finally:
            server.should_exit = True
            thread.join(END_SECONDS)


def _config(tenant: Tenant) -> uvicorn.Config:
    # A broken connection is meant, so the server's own log would only tell of it.
    return uvicorn.Config(
        application(tenant), log_config=None, log_level="critical", access_log=False, date_header=False,
        lifespan="off", ws="none", timeout_graceful_shutdown=1,
    )  # fmt: skip


def _wait(server: uvicorn.Server, thread: Thread) -> None:
    until = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise BadRequest(message="the simulator does not start")
        time.sleep(0.005)
