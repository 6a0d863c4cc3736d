"""Measure the load of silver on Spark, beside Spark's floor."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.bench.bench import ONE_FILE_SCALE, SPARK, Bench, Measured
from scripts.bench.one_file import one_file_each


def spark(bench: Bench, scales: list[int]) -> None:
    """Measure the silver load on Spark, beside Spark's floor."""
    for scale in scales:
        landing, more = bench.sample(scale), ("--scale", str(scale))

        def measure(landing: Path = landing, more: tuple[str, str] = more) -> dict[str, Measured]:
            lake, found = bench.fresh("spark"), {}
            found["floor"] = bench.measured(SPARK, "floor", landing, bench.fresh("spark-floor"), *more)
            for turn in ("first", "again"):
                found[turn] = bench.measured(SPARK, "load", landing, lake, *more)
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
    source = bench.sample(ONE_FILE_SCALE)
    clean, rejected = bench.scratch / "one-file", bench.scratch / "one-file-rejected"
    for folder in (clean, rejected):
        if not folder.exists():
            one_file_each(source, folder, rejected=folder == rejected)
            os.sync()

    def measure() -> dict[str, Measured]:
        return {
            "floor": bench.measured(SPARK, "floor", clean, bench.fresh("spark-floor")),
            "clean (1.5)": bench.measured(SPARK, "load", clean, bench.fresh("spark")),
            "rejected (2.0)": bench.measured(SPARK, "load", rejected, bench.fresh("spark")),
            "one core": bench.measured(SPARK, "load", clean, bench.fresh("spark"), "--cores", "1"),
        }

    found = bench.medians(measure, ("seconds", "max_rss_mb", "driver_mb", "workers_mb"))
    floor, two = found["floor"]["seconds"], found["clean (1.5)"]
    for what in ("clean (1.5)", "rejected (2.0)"):
        ours = found[what]
        line = f"{ours['seconds']} / {floor}   {ours['seconds'] / floor:.2f}x floor, {ours['max_rss_mb']} MB"
        pythons = f"driver's Python {ours['driver_mb']} MB, all workers' Python {ours['workers_mb']} MB"
        bench.tell(f"spark, one file, {what}: ours / floor, seconds", f"{line}, {pythons}")
    one = found["one core"]["seconds"]
    line = f"{two['seconds']} / {one}   {two['seconds'] / one:.2f}"
    bench.tell("spark, one file, two cores / one, seconds (0.6)", line)
