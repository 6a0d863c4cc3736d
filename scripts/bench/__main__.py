"""`make bench`: every figure of docs/benchmarks.md, each beside its floor or peer, measured in one go.

    python -m scripts.bench [--scales 1 10 100] [--only load large many gold spark …] [--rounds 3]

Every measurement is a process of its own, one after the other. What is compared takes turns, round by round, and the
median of the rounds is shown. Ratios are what counts: machines are noisy.
1x is 15 generated days: 7,500 orders, about 41,000 items, 30 files; 10x and 100x the same days with more orders.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.bench import affise, in_s3, marketing, on_spark, replaying, runs, silver
from scripts.bench.bench import Bench

PARTS: dict[str, Callable[[Bench, list[int]], None]] = {
    "load": silver.load,
    "large": silver.large,
    "many": silver.many,
    "gold": silver.gold,
    "spark": on_spark.spark,
    "onefile": on_spark.onefile,
    "replay": replaying.replay,
    "whole": runs.whole,
    "day": runs.day,
    "keys": runs.keys,
    "archive": runs.archive,
    "definitions": runs.definitions,
    "fuzz": runs.fuzz,
    "affise": affise.pages,
    "marketing": marketing.marketing,
    "report": runs.report,
    "s3": in_s3.in_s3,
}


LONG = {"report"}
"""Names parts that take an hour, and are measured when they are asked for."""


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=[part for part in PARTS if part not in LONG])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lakehouse-bench-") as scratch:
        bench = Bench(Path(scratch), chosen.rounds)
        for part in chosen.only:
            PARTS[part](bench, chosen.scales)


if __name__ == "__main__":
    main()
