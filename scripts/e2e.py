"""Run what is proved on engines of production: an emulated AWS, Trino and Spark; this is `make e2e`.

It fetches Trino, and a Java for it, into the user's cache once; `make spark` gets Spark ready. `--all` adds what only
the nightly run does, the long forms of quick tests (marked `nightly`) among it; other arguments are pytest's. Nothing
that is missing is skipped here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from lakehouse_assets.engines.java import find_java
from lakehouse_assets_tests.emulator.running import PYTHON
from lakehouse_assets_tests.emulator.trino.fetching import fetch
from lakehouse_assets_tests.recorded import is_recorded, recorded_folder
from scripts.setup import ROOT

ALL = "--all"
STRICT = ("-p", "lakehouse_assets_tests.nothing_skipped")


def main(given: list[str]) -> None:
    """Make everything ready, run the tests, and end with their status."""
    java = find_java(os.environ)
    if lacking := missing(java):
        raise SystemExit(f"e2e: {lacking}")
    begun = time.monotonic()
    fetch(say)
    status = run(pytest_arguments(given, recorded=is_recorded(recorded_folder())), java)
    say(f"took {time.monotonic() - begun:.0f} s")
    raise SystemExit(status)


def missing(java: Path | None) -> str:
    """Return what is not on this machine and how to get it; nothing when all is."""
    if not PYTHON.exists():
        return "the emulator of AWS is missing: `make setup` makes it"
    return "" if java else "Spark needs a Java 17 or 21: `make spark` finds or installs one"


def pytest_arguments(given: list[str], *, recorded: bool = True) -> list[str]:
    """Return pytest's arguments: the tests of every change, or all of them.

    Long tests on the recorded shop are left out where it is not on this machine, as `make test` leaves them out.

    >>> pytest_arguments(["--all", "-x"])
    ['-p', 'lakehouse_assets_tests.nothing_skipped', '-m', 'e2e or e2e_all or nightly', '-x']
    """
    long = "nightly" if recorded else "(nightly and not real)"
    chosen = f"e2e or e2e_all or {long}" if ALL in given else "e2e and not e2e_all"
    return [*STRICT, "-m", chosen, *(argument for argument in given if argument != ALL)]


def run(arguments: list[str], java: Path | None) -> int:
    """Run pytest in one process, since one emulator with one Trino serves all; return its status."""
    environment = {**os.environ, "JAVA_HOME": str(java), "LAKEHOUSE_REQUIRE_ALL": "1"}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    print(f"e2e: {line}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
