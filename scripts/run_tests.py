"""Run the tests that this machine can run and say which could not; this is `make test`.

This script knows what each group of tests needs; the tests' own options are in `pyproject.toml`. Tests marked `e2e` are
left to `make e2e`, and those marked `nightly`, long forms of quick tests that run here, to `make e2e ARGS=--all`;
`make test ARGS="-m nightly"` runs just these. With `LAKEHOUSE_REQUIRE_ALL=1` nothing that can be installed may be left
out, and nothing skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.engines.java import ROOT, find_java
from lakehouse_assets_tests.recorded import REAL_DATA_ENV, is_recorded, recorded_folder

WORKERS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""The tests run in two processes; those of one file share its fixtures, so they stay together.

Files come in the order that `lakehouse_assets_tests/order.py` gives them, not by their number of tests.
"""
ELSEWHERE = ("not e2e", "not e2e_all", "not nightly")
"""What `make e2e` runs, some of it with `ARGS=--all` only."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Group:
    """Describe the tests of one mark: whether what they need is on this machine, and how to get it."""

    mark: str
    ready: bool
    need: str
    remedy: str
    required: bool = True


def groups(java: Path | None) -> tuple[Group, ...]:
    """Return every group of tests that needs more than Python; the recorded data is no part of the repository."""
    browser = any(map(shutil.which, BROWSERS))
    node = (ROOT / "node_modules" / ".bin" / "asl-validator").exists()
    data = is_recorded(recorded_folder())
    emulator = (ROOT / ".emulator" / "bin" / "python").exists()
    return (
        Group("spark", java is not None, "Java 17 or 21", "make spark"),
        Group("ui", browser, "Chromium", "apt-get install chromium"),
        Group("node", node, "asl-validator", "npm ci"),
        Group("aws", emulator, "the emulator of AWS", "make setup"),
        Group("real", data, "the recorded shop data", f"export {REAL_DATA_ENV}=FOLDER", required=False),
    )


def pytest_arguments(missing: list[Group], *, require_all: bool, also: str = "") -> list[str]:
    """Return the options that leave out the missing groups and, where all is required, make a skipped test fail.

    >>> pytest_arguments([Group("ui", False, "Chromium", "apt-get")], require_all=False)
    ['-m', 'not e2e and not e2e_all and not nightly and not ui']
    """
    strict = ["-p", "lakehouse_assets_tests.nothing_skipped"] if require_all else []
    marks = [*ELSEWHERE, *([also] if also else []), *(f"not {group.mark}" for group in missing)]
    return [*strict, "-m", " and ".join(marks)]


def passes(missing: list[Group], given: list[str], *, require_all: bool) -> list[list[str]]:
    """Return the arguments of each run of pytest: all but Spark's tests on two workers, and Spark's beside them.

    Options that a developer gives make it one run in one process, whose output is as pytest means it.
    """
    if given:
        return [[*pytest_arguments(missing, require_all=require_all), *given]]
    spread = [*WORKERS, *pytest_arguments(missing, require_all=require_all, also="not spark")]
    if any(group.mark == "spark" for group in missing):
        return [spread]
    return [spread, pytest_arguments(missing, require_all=require_all, also="spark")]


def left_out(group: Group) -> str:
    """Return the warning line for one group that did not run."""
    missing = f"LEFT OUT: the `{group.mark}` tests, because {group.need} was not found."
    return f"{missing} To run them: `{group.remedy}`, then `make test`."


def run(runs: list[list[str]], environment: Mapping[str, str]) -> int:
    """Run pytest with each of these arguments, and return the last status that is not 0.

    One after the other: on two cores a Spark beside the two workers made each of them wait, and the whole no shorter.
    """
    commands = ([sys.executable, "-m", "pytest", *arguments] for arguments in runs)
    statuses = [subprocess.run(one, check=False, cwd=ROOT, env=environment).returncode for one in commands]
    return next((status for status in reversed(statuses) if status), 0)


def main() -> None:
    """Start pytest, then end with its status and a line per group that was left out."""
    java = find_java(os.environ)
    missing = [group for group in groups(java) if not group.ready]
    require_all = os.environ.get("LAKEHOUSE_REQUIRE_ALL") == "1"
    if require_all and any(group.required for group in missing):
        raise SystemExit("tests: nothing may be left out here. " + " ".join(map(left_out, missing)))
    environment = {**os.environ, **({"JAVA_HOME": str(java)} if java else {})}
    status = run(passes(missing, sys.argv[1:], require_all=require_all), environment)
    for group in missing:
        print(f"\n*** {left_out(group)} ***", flush=True)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
