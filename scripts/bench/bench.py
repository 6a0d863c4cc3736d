"""Run measured processes one after the other, and tell what was found; the parts of the benchmark are made of this."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from scripts.bench.tree import peak_of_tree

ROOT = Path(__file__).resolve().parents[2]
DAYS = 15
Measured = dict[str, Any]
"""The figures are the seconds of work and the peak memory in MB of one measured process."""
EMBEDDED = "scripts.bench.embedded"
SPARK = "scripts.bench.spark_bench"
WORKERS = "pyspark.daemon"
"""Stands in the command lines of Spark's Python workers."""
ONE_FILE_SCALE = 300
"""The scale of a sample with 12 million items, which one file holds."""


class Bench:
    """Run the benchmarks once in a scratch folder."""

    def __init__(self, scratch: Path, rounds: int) -> None:
        self.scratch, self.rounds = scratch, rounds
        self.rows: list[tuple[str, str]] = []

    def tell(self, what: str, result: str) -> None:
        """Print a line and keep it."""
        self.rows.append((what, result))
        print(f"{what:<58} {result}", flush=True)

    def sample(self, scale: int, *, days: int = DAYS, dirty: bool = False) -> Path:
        """Return the folder of a sample of this scale, generated once."""
        folder = self.scratch / f"sample-{scale}-{days}{'-dirty' if dirty else ''}"
        if not folder.exists():
            ratios = ["--bad-ratio", "0.01", "--duplicate-ratio", "0.05", "--quoted-ratio", "0.01"] if dirty else []
            size = ["--days", str(days), "--orders-per-day", "500", "--scale", str(scale)]
            lakehouse("sample", str(folder), *size, *ratios)
            os.sync()  # or the first measurement waits for the disk
        return folder

    def measured(self, module: str, what: str, landing: Path | str, lake: Path | str, *more: str) -> Measured:
        """Run one measured process and return its figures."""
        command = [sys.executable, "-m", module, "--what", what, "--landing", str(landing), "--lake", str(lake), *more]
        with (
            tempfile.TemporaryFile() as out,
            subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL) as process,
        ):
            workers = peak_of_tree(process, lambda line: WORKERS in line)
            out.seek(0)
            printed = out.read().splitlines()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        answer: Measured = json.loads(printed[-1])
        return answer | {"workers_mb": workers}

    def medians(
        self, measure: Callable[[], dict[str, Measured]], figures: tuple[str, ...] = ("seconds", "max_rss_mb")
    ) -> dict[str, Measured]:
        """Return the median of each figure over the rounds; a round measures everything once, in turn."""
        rounds = [measure() for _ in range(self.rounds)]
        return {name: {what: median(found[name][what] for found in rounds) for what in figures} for name in rounds[0]}

    def fresh(self, name: str) -> Path:
        """Return the path of a folder in the scratch folder that does not exist; a former one is deleted."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder


def lakehouse(*arguments: str, **variables: str) -> float:
    """Run the `lakehouse` command with these variables of its environment and return its wall time in seconds."""
    started, environment = time.perf_counter(), {**os.environ, **variables}
    command = [str(ROOT / ".venv/bin/lakehouse"), *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    return time.perf_counter() - started


def beside(ours: Measured, base: Measured, name: str) -> str:
    """Return our seconds beside others, their ratio, and our peak memory, in one line."""
    ratio = ours["seconds"] / base["seconds"]
    return f"{ours['seconds']} / {base['seconds']}   {ratio:.2f}x {name}, {ours['max_rss_mb']} MB"
