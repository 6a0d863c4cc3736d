"""`make bench`: every figure of docs/benchmarks.md, each beside its floor or peer, measured in one go.

    python -m scripts.bench [--scales 1 10 100] [--only load spark onefile whole day keys] [--rounds 3]

Every measurement is a process of its own, one after the other. What is compared takes turns, round by round, and the
median of the rounds is shown. Ratios are what counts: machines are noisy.
1x is 15 generated days: 7,500 orders, about 41,000 items, 30 files; 10x and 100x the same days with more orders.
"""

from __future__ import annotations

import argparse
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

from scripts.bench.one_file import one_file_each

ROOT = Path(__file__).resolve().parents[2]
DAYS = 15
Measured = dict[str, Any]
"""The figures are the seconds of work and the peak memory in MB of one measured process."""
PARTS = ("load", "gold", "spark", "onefile", "whole", "day", "keys")
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

    def measured(self, module: str, what: str, landing: Path, lake: Path, *more: str) -> Measured:
        """Run one measured process and return its figures."""
        command = [sys.executable, "-m", module, "--what", what, "--landing", str(landing), "--lake", str(lake), *more]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        answer: Measured = json.loads(done.stdout.splitlines()[-1])
        return answer

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


def lakehouse(*arguments: str) -> float:
    """Run the `lakehouse` command and return its wall time in seconds."""
    started = time.perf_counter()
    subprocess.run([str(ROOT / ".venv/bin/lakehouse"), *arguments], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def load(bench: Bench, scales: list[int]) -> None:
    """Measure the silver load, without start-up: a first load and the same again, beside the floor and dlt."""
    module = "scripts.bench.embedded"
    for scale in scales:
        landing = bench.sample(scale)

        def measure(landing: Path = landing) -> dict[str, Measured]:
            found = {"floor": bench.measured(module, "floor", landing, bench.fresh("floor"))}
            lakes = {what: bench.fresh(what) for what in ("load", "dlt")}
            for turn in ("first", "again"):
                found |= {f"{what} {turn}": bench.measured(module, what, landing, at) for what, at in lakes.items()}
            return found

        found = bench.medians(measure)
        for turn in ("first", "again"):
            line = three(found[f"load {turn}"], found["floor"], found[f"dlt {turn}"])
            bench.tell(f"embedded {scale}x {turn}: ours / floor / dlt, seconds", line)
        dirty = bench.measured(module, "load", bench.sample(scale, dirty=True), bench.fresh("dirty"))
        bench.tell(f"embedded {scale}x dirty first", f"{dirty['seconds']} s, {dirty['max_rss_mb']} MB")


def gold(bench: Bench, scales: list[int]) -> None:
    """Measure all gold tables from nothing, beside the load that filled their lake; the ratio is bound to 0.6."""
    module = "scripts.bench.embedded"
    for scale in scales:
        landing = bench.sample(scale)

        def measure(landing: Path = landing) -> dict[str, Measured]:
            lake = bench.fresh("gold")
            return {what: bench.measured(module, what, landing, lake) for what in ("load", "gold")}

        found = bench.medians(measure)
        ours, base = found["gold"], found["load"]["seconds"]
        line = f"{ours['seconds']} / {base}   {ours['seconds'] / base:.2f}x load, {ours['max_rss_mb']} MB"
        bench.tell(f"all gold from nothing, {scale}x: gold / load, seconds (0.6)", line)


def three(ours: Measured, floor: Measured, peer: Measured) -> str:
    """Return seconds, ratios and memory in one line."""
    seconds = f"{ours['seconds']} / {floor['seconds']} / {peer['seconds']}"
    ratios = f"{ours['seconds'] / floor['seconds']:.2f}x floor, {ours['seconds'] / peer['seconds']:.2f}x dlt"
    return f"{seconds}   {ratios}, {ours['max_rss_mb']} MB (dlt {peer['max_rss_mb']} MB)"


def spark(bench: Bench, scales: list[int]) -> None:
    """Measure the silver load on Spark, beside Spark's floor."""
    module = "scripts.bench.spark_bench"
    for scale in scales:
        landing, more = bench.sample(scale), ("--scale", str(scale))

        def measure(landing: Path = landing, more: tuple[str, str] = more) -> dict[str, Measured]:
            lake, found = bench.fresh("spark"), {}
            found["floor"] = bench.measured(module, "floor", landing, bench.fresh("spark-floor"), *more)
            for turn in ("first", "again"):
                found[turn] = bench.measured(module, "load", landing, lake, *more)
            return found

        found = bench.medians(measure)
        floor = found["floor"]["seconds"]
        for turn in ("first", "again"):
            ours = found[turn]["seconds"]
            bench.tell(
                f"spark {scale}x {turn}: ours / floor, seconds",
                f"{ours} / {floor}   {ours / floor:.2f}x floor, {found[turn]['max_rss_mb']} MB",
            )


def onefile(bench: Bench, scales: list[int]) -> None:
    """Measure Spark on one file of 12 million items: beside its floor, a tenth of it rejected, and on one core."""
    del scales
    module, source = "scripts.bench.spark_bench", bench.sample(ONE_FILE_SCALE)
    clean, rejected = bench.scratch / "one-file", bench.scratch / "one-file-rejected"
    for folder in (clean, rejected):
        if not folder.exists():
            one_file_each(source, folder, rejected=folder == rejected)
            os.sync()

    def measure() -> dict[str, Measured]:
        return {
            "floor": bench.measured(module, "floor", clean, bench.fresh("spark-floor")),
            "clean (1.5)": bench.measured(module, "load", clean, bench.fresh("spark")),
            "rejected (2.0)": bench.measured(module, "load", rejected, bench.fresh("spark")),
            "one core": bench.measured(module, "load", clean, bench.fresh("spark"), "--cores", "1"),
        }

    found = bench.medians(measure, ("seconds", "max_rss_mb", "driver_mb"))
    floor, two = found["floor"]["seconds"], found["clean (1.5)"]
    for what in ("clean (1.5)", "rejected (2.0)"):
        ours = found[what]
        line = f"{ours['seconds']} / {floor}   {ours['seconds'] / floor:.2f}x floor, {ours['max_rss_mb']} MB"
        bench.tell(f"spark, one file, {what}: ours / floor, seconds", f"{line}, driver's Python {ours['driver_mb']} MB")
    one = found["one core"]["seconds"]
    line = f"{two['seconds']} / {one}   {two['seconds'] / one:.2f}"
    bench.tell("spark, one file, two cores / one, seconds (0.6)", line)


def whole(bench: Bench, scales: list[int]) -> None:
    """Measure whole processes: a run, a run with nothing new, the demo."""
    del scales
    seconds: dict[str, list[float]] = {"run ecommerce, 1x, first (bound 6 s)": [], "nothing new (bound 3 s)": []}
    for _ in range(bench.rounds):
        landing, lake = bench.fresh("landing"), bench.fresh("lake")
        shutil.copytree(bench.sample(1), landing)
        for found in seconds.values():
            found.append(lakehouse("run", "ecommerce", "--landing", str(landing), "--lake", str(lake)))
    seconds["demo (bound 15 s)"] = [lakehouse("demo") for _ in range(bench.rounds)]
    for what, found in seconds.items():
        bench.tell(f"lakehouse {what}", f"{median(found):.2f} s")


def day(bench: Bench, scales: list[int]) -> None:
    """Measure one new day of 500 orders onto a small and a large lake; the ratio is bound to 1.3."""
    seconds = {scale: new_day(bench, scale) for scale in sorted({min(scales), max(scales)})}
    small, large = min(seconds), max(seconds)
    ratio = seconds[large] / seconds[small]
    bench.tell(
        f"one new day onto {small}x / {large}x (bound 1.3)",
        f"{seconds[small]:.2f} / {seconds[large]:.2f} s   {ratio:.2f}",
    )


def new_day(bench: Bench, scale: int) -> float:
    """Return the wall seconds of a run that adds a new day at 1x to 15 days at this scale; the best of three days."""
    landing, lake = bench.fresh("landing"), bench.fresh("lake")
    shutil.copytree(bench.sample(scale), landing)
    arguments = ["run", "ecommerce", "--landing", str(landing), "--lake", str(lake)]
    lakehouse(*arguments)
    found = []
    for extra in (1, 2, 3):
        source = bench.sample(1, days=DAYS + extra)
        newest = max((source / "orders").iterdir()).name
        for dataset in ("orders", "order_items"):
            (landing / dataset).mkdir(parents=True, exist_ok=True)
            shift(source / dataset / newest, landing / dataset / newest)
        found.append(lakehouse(*arguments))
    return min(found)


def shift(source: Path, target: Path) -> None:
    """Copy a day's file with keys that no larger sample uses."""
    head, *lines = source.read_text().splitlines()
    columns = head.split(",")
    own = [i for i, name in enumerate(columns) if name in {"id", "order_id"}]
    rows = [[f"n{v}" if i in own else v for i, v in enumerate(line.split(","))] for line in lines]
    target.write_text("\n".join([head, *(",".join(row) for row in rows)]) + "\n")


def keys(bench: Bench, scales: list[int]) -> None:
    """Measure the sensor and the plan of a run when 100,000 files of one order each have landed."""
    del scales
    landing, keys = bench.fresh("keys"), "100000"
    words = {"offer": "sensor, first look", "tick": "sensor, all given up", "plan": "plan of all"}
    for what, word in words.items():
        found = bench.measured("scripts.bench.keys", what, landing, bench.fresh("keys-lake"), "--keys", keys)
        carried = f"{found['carried_bytes']:,} bytes go on"
        bench.tell(f"100,000 keys, {word}: seconds, MB", f"{found['seconds']} s, {found['max_rss_mb']} MB, {carried}")
    shutil.rmtree(landing)


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as scratch:
        bench = Bench(Path(scratch), chosen.rounds)
        for part in chosen.only:
            globals()[part](bench, chosen.scales)


if __name__ == "__main__":
    main()
