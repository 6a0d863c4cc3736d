"""Measure whole runs, the code location, the sensor and the plan, and mutated drops."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

from scripts.bench.bench import DAYS, ROOT, Bench, Measured, lakehouse


def whole(bench: Bench, scales: list[int]) -> None:
    """Measure whole processes: a run, a run with nothing new, the demo."""
    del scales
    seconds: dict[str, list[float]] = {"run ecommerce, 1x, first (bound 4 s)": [], "nothing new (bound 2 s)": []}
    for _ in range(bench.rounds):
        landing, lake = bench.fresh("landing"), bench.fresh("lake")
        shutil.copytree(bench.sample(1), landing)
        for found in seconds.values():
            found.append(lakehouse("run", "ecommerce", "--landing", str(landing), "--lake", str(lake)))
    seconds["demo (bound 15 s)"] = [lakehouse("demo") for _ in range(bench.rounds)]
    for what, found in seconds.items():
        bench.tell(f"lakehouse {what}", f"{median(found):.2f} s")


def day(bench: Bench, scales: list[int]) -> None:
    """Measure one new day of 500 orders onto a small and a large lake; the ratio is bound to 1.15."""
    seconds = {scale: new_day(bench, scale) for scale in sorted({min(scales), max(scales)})}
    small, large = min(seconds), max(seconds)
    ratio = seconds[large] / seconds[small]
    bench.tell(
        f"one new day onto {small}x / {large}x (bound 1.15)",
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


def archive(bench: Bench, scales: list[int]) -> None:
    """Measure the archive of 10,000 files of one order each on a folder; bound to 1 ms a file."""
    del scales
    count = 10_000

    def measure() -> dict[str, Measured]:
        places = bench.fresh("archive-keys"), bench.fresh("archive-lake")
        return {"archive": bench.measured("scripts.bench.keys", "archive", *places, "--keys", str(count))}

    found = bench.medians(measure, ("seconds", "cpu_seconds", "max_rss_mb"))["archive"]
    each, cpu = (found[what] * 1000 / count for what in ("seconds", "cpu_seconds"))
    bench.tell(
        "archive of 10,000 files, ms a file (1)", f"{each:.2f}, {cpu:.2f} of processor, {found['max_rss_mb']} MB"
    )


def definitions(bench: Bench, scales: list[int]) -> None:
    """Measure how long the code location of a project with 100 gold models takes to load; bound to 3 s."""
    del scales
    folder, module = bench.fresh("definitions"), "scripts.bench.definitions"
    command = [sys.executable, "-m", module, "--folder", str(folder)]
    answers = [
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True) for _ in range(bench.rounds)
    ]
    found: list[Measured] = [json.loads(answer.stdout) for answer in answers]
    seconds, peak = (median(one[what] for one in found) for what in ("seconds", "max_rss_mb"))
    bench.tell("definitions of 100 models (bound 3 s)", f"{seconds} s, {peak} MB")


def fuzz(bench: Bench, scales: list[int]) -> None:
    """Load 2,000 mutated drops and read 2,000 mutated pages as independent readers do; a difference is an error."""
    del bench, scales
    subprocess.run([sys.executable, "-m", "scripts.bench.fuzz"], cwd=ROOT, check=True)


def report(bench: Bench, scales: list[int]) -> None:
    """Compare gold of the marketing pipeline with independent answers after each of 120 ticks, everything dirty."""
    del bench, scales
    subprocess.run([sys.executable, "-m", "lakehouse_assets_tests.marketing.breadth"], cwd=ROOT, check=True)
