"""`make bench`: every figure of docs/benchmarks.md, each beside its floor or peer, measured in one go.

    python -m scripts.bench [--scales 1 10 100] [--only load spark whole day]

Every measurement is a process of its own, one after the other. Ratios are what counts: machines are noisy.
1x is 15 generated days: 7,500 orders, about 41,000 items, 30 files; 10x and 100x the same days with more orders.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DAYS = 15
PARTS = ("load", "spark", "whole", "day")


class Bench:
    """One run of the benchmarks in a scratch folder."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.rows: list[tuple[str, str]] = []

    def tell(self, what: str, result: str) -> None:
        """Print a line and keep it."""
        self.rows.append((what, result))
        print(f"{what:<58} {result}", flush=True)

    def sample(self, scale: int, *, days: int = DAYS, dirty: bool = False) -> Path:
        """A sample of this scale, generated once."""
        folder = self.scratch / f"sample-{scale}-{days}{'-dirty' if dirty else ''}"
        if not folder.exists():
            ratios = ["--bad-ratio", "0.01", "--duplicate-ratio", "0.05", "--quoted-ratio", "0.01"] if dirty else []
            size = ["--days", str(days), "--orders-per-day", "500", "--scale", str(scale)]
            lakehouse("sample", str(folder), *size, *ratios)
        return folder

    def measured(self, module: str, what: str, landing: Path, lake: Path, *more: str) -> dict[str, Any]:
        """One measured process."""
        command = [sys.executable, "-m", module, "--what", what, "--landing", str(landing), "--lake", str(lake), *more]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder


def lakehouse(*arguments: str) -> float:
    """Run the command; its wall time in seconds."""
    started = time.perf_counter()
    subprocess.run([str(ROOT / ".venv/bin/lakehouse"), *arguments], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def load(bench: Bench, scales: list[int]) -> None:
    """Silver load, work after start: first load and the same again, beside the floor and dlt."""
    module = "scripts.bench.embedded"
    for scale in scales:
        landing = bench.sample(scale)
        floor = bench.measured(module, "floor", landing, bench.fresh("floor"))
        lakes = {what: bench.fresh(what) for what in ("load", "dlt")}
        for turn in ("first", "again"):
            ours, peer = (bench.measured(module, what, landing, lake) for what, lake in lakes.items())
            bench.tell(f"embedded {scale}x {turn}: ours / floor / dlt, seconds", three(ours, floor, peer))
        dirty = bench.measured(module, "load", bench.sample(scale, dirty=True), bench.fresh("dirty"))
        bench.tell(f"embedded {scale}x dirty first", f"{dirty['seconds']} s, {dirty['max_rss_mb']} MB")


def three(ours: dict[str, Any], floor: dict[str, Any], peer: dict[str, Any]) -> str:
    """Seconds, ratios and memory in one line."""
    seconds = f"{ours['seconds']} / {floor['seconds']} / {peer['seconds']}"
    ratios = f"{ours['seconds'] / floor['seconds']:.2f}x floor, {ours['seconds'] / peer['seconds']:.2f}x dlt"
    return f"{seconds}   {ratios}, {ours['max_rss_mb']} MB (dlt {peer['max_rss_mb']} MB)"


def spark(bench: Bench, scales: list[int]) -> None:
    """Silver load on Spark, beside Spark's floor."""
    module = "scripts.bench.spark_bench"
    for scale in scales:
        landing, lake = bench.sample(scale), bench.fresh("spark")
        floor = bench.measured(module, "floor", landing, bench.fresh("spark-floor"), "--scale", str(scale))
        for turn in ("first", "again"):
            ours = bench.measured(module, "load", landing, lake, "--scale", str(scale))
            ratio = ours["seconds"] / floor["seconds"]
            bench.tell(
                f"spark {scale}x {turn}: ours / floor, seconds",
                f"{ours['seconds']} / {floor['seconds']}   {ratio:.2f}x floor",
            )


def whole(bench: Bench, scales: list[int]) -> None:
    """Whole processes: a run, a run with nothing new, the demo."""
    del scales
    landing, lake = bench.fresh("landing"), bench.fresh("lake")
    shutil.copytree(bench.sample(1), landing)
    arguments = ["run", "ecommerce", "--landing", str(landing), "--lake", str(lake)]
    bench.tell("lakehouse run ecommerce, 1x, first (bound 6 s)", f"{lakehouse(*arguments):.2f} s")
    bench.tell("lakehouse run ecommerce, nothing new (bound 3 s)", f"{lakehouse(*arguments):.2f} s")
    bench.tell("lakehouse demo (bound 15 s)", f"{lakehouse('demo'):.2f} s")


def day(bench: Bench, scales: list[int]) -> None:
    """One new day of 500 orders onto a small and a large lake; the ratio is bound to 1.3."""
    seconds = {scale: new_day(bench, scale) for scale in sorted({min(scales), max(scales)})}
    small, large = min(seconds), max(seconds)
    ratio = seconds[large] / seconds[small]
    bench.tell(
        f"one new day onto {small}x / {large}x (bound 1.3)",
        f"{seconds[small]:.2f} / {seconds[large]:.2f} s   {ratio:.2f}",
    )


def new_day(bench: Bench, scale: int) -> float:
    """Wall seconds of the run that brings day 16 at 1x onto 15 days at this scale; the best of three such days."""
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


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as scratch:
        bench = Bench(Path(scratch))
        for part in chosen.only:
            globals()[part](bench, chosen.scales)


if __name__ == "__main__":
    main()
