"""Define `lakehouse dev`, which starts the Dagster UI and its daemons on the lake and history of the other commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Annotated

import typer

from lakehouse_assets import interruption
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import history, terminal
from lakehouse_assets.operations.dev_output import hand_on
from lakehouse_assets.operations.dev_watch import DaemonWatch, tell_ended
from lakehouse_assets.operations.last_lake import unless_named
from lakehouse_assets.operations.noise import without_advice
from lakehouse_assets.operations.options import (
    EngineOption,
    LakeOption,
    LandingOption,
    PipelineOption,
    chosen_pipeline,
    writing,
)
from lakehouse_assets.settings import read_settings

LOOPBACK = "127.0.0.1"
WORKSPACE = "workspace.yaml"
END_SECONDS = 30.0
"""How long Dagster's services may take to end when they are asked to; runs that go on are interrupted by them."""
UNIGNORED = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
"""A program that begins another one, which hears Ctrl-C although whoever started this command ignores it."""


def dev(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI, on this machine only.")] = 3000,
    landing: LandingOption = None,
    pipeline: PipelineOption = None,
    lake: LakeOption = None,
    engine: EngineOption = None,
) -> None:
    """Open the Dagster UI: asset graph, runs, checks, sensors. Ctrl-C ends it.

    Where neither --lake nor LAKEHOUSE_LAKE names a lake it is that of the last `demo` or `run`.

    Example:
        lakehouse dev --lake demo/lake
    """
    last = unless_named(lake, read_settings())
    lake = last.place if last else lake
    whose_landing = chosen_pipeline(pipeline, lake) if pipeline or landing is not None else None
    settings = writing(whose_landing if landing is not None else None, lake, landing, engine)
    if not is_free(port):
        raise BadRequest(message=f"port {port} is in use; name another one with --port")
    history.require_usable(settings)
    whose = f" (of the last `{last.command}`)" if last else ""
    terminal.say(f"http://{LOOPBACK}:{port} in about 15 seconds; lake {settings.lake_root}{whose}; Ctrl-C ends it")
    sys.stdout.flush()
    watch = DaemonWatch(settings)
    watch.start()
    code = served(command(port), without_advice(history.child_environment(settings)))
    watch.stop()
    if not interruption.requested():
        tell_ended(settings, code)
    raise typer.Exit(code)


def served(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run Dagster's services until they end, and return their exit code.

    They are a session of their own, so that Ctrl-C in the terminal reaches them through us alone: once, when this
    process is asked to end. A second one kills them, and the runs that they have started; the next run of a pipeline
    makes up for a killed one.
    """
    # A session inherits what is ignored and blocked here (`nohup`, our own thread), and could not be ended.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    session = [sys.executable, "-c", UNIGNORED, *command]
    with (
        interruption.gracefully(END_SECONDS),
        subprocess.Popen(  # noqa: S603 - our own tool
            session, env=environment, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as run,
    ):
        threading.Thread(target=_hand_on, args=(run,), name="output", daemon=True).start()
        asked = chain([run.send_signal], repeat(_not_again))
        duty = interruption.Duty(
            ask=lambda: next(asked)(signal.SIGINT), kill=lambda: os.killpg(run.pid, signal.SIGKILL)
        )
        code = run.wait()
        duty.done()
    return code


def _hand_on(run: subprocess.Popen[bytes]) -> None:
    """Write on stderr what the services write, which stdout's reader did not ask for."""
    if run.stdout is not None:
        with suppress(OSError, ValueError):  # the terminal, or the services, are gone
            hand_on(run.stdout, sys.stderr.buffer, colours=sys.stderr.isatty())


def _not_again(number: int) -> None:
    """Ask no second time: Dagster would leave its services behind."""


def command(port: int) -> list[str]:
    """Return the command line to start; `workspace.yaml` names the code location, whatever the current folder is."""
    workspace = str(history.configuration(WORKSPACE))
    started = [sys.executable, "-m", "dagster", "dev", "--host", LOOPBACK, "--port", str(port)]
    return [*started, "--log-level", "warning", "--workspace", workspace]


def is_free(port: int) -> bool:
    """Say whether no process listens on this port of this machine."""
    import socket

    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) != 0
