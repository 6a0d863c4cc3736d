"""Define `lakehouse dev`, which starts the Dagster UI and its daemons on the lake and history of the other commands."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import history, terminal
from lakehouse_assets.operations.options import (
    EngineOption,
    LakeOption,
    LandingOption,
    PipelineOption,
    chosen_pipeline,
    writing,
)

LOOPBACK = "127.0.0.1"
WORKSPACE = "workspace.yaml"


def dev(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI, on this machine only.")] = 3000,
    landing: LandingOption = None,
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
    engine: EngineOption = None,
) -> None:
    """Open the Dagster UI: asset graph, runs, checks, sensors. Ctrl-C ends it.

    Example:
        lakehouse dev --lake demo/lake
    """
    settings = writing(None if landing is None else chosen_pipeline(pipeline), lake, landing, engine)
    if not is_free(port):
        raise BadRequest(message=f"port {port} is in use; name another one with --port")
    history.require_usable(settings)
    terminal.say(f"http://{LOOPBACK}:{port} in about 15 seconds; lake {settings.lake_root}; Ctrl-C ends it")
    sys.stdout.flush()
    # This process becomes Dagster, so that signals reach it and its exit code is its own.
    os.execve(sys.executable, command(port), history.child_environment(settings))  # noqa: S606 - our own tool


def command(port: int) -> list[str]:
    """Return the command line to start; `workspace.yaml` names the code location, whatever the current folder is."""
    workspace = str(history.configuration(WORKSPACE))
    started = [sys.executable, "-m", "dagster", "dev", "--host", LOOPBACK, "--port", str(port)]
    return [*started, "--workspace", workspace]


def is_free(port: int) -> bool:
    """Say whether no process listens on this port of this machine."""
    import socket

    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) != 0
