"""Measure the load of silver on the embedded engine, and gold from nothing beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from scripts.bench.bench import EMBEDDED, ONE_FILE_SCALE, Bench, Measured, beside
from scripts.bench.one_file import one_file_each
from scripts.bench.small_files import small_files

QUOTED_LINE = 1_000_000
"""Says which line of a large file has a quoted field."""


def load(bench: Bench, scales: list[int]) -> None:
    """Measure the silver load, without start-up: a first load and the same again, beside the floor and dlt."""
    for scale in scales:
        landing = bench.sample(scale)

        def measure(landing: Path = landing) -> dict[str, Measured]:
            found = {"floor": bench.measured(EMBEDDED, "floor", landing, bench.fresh("floor"))}
            lakes = {what: bench.fresh(what) for what in ("load", "dlt")}
            for turn in ("first", "again"):
                found |= {f"{what} {turn}": bench.measured(EMBEDDED, what, landing, at) for what, at in lakes.items()}
            return found

        found = bench.medians(measure)
        for turn in ("first", "again"):
            line = three(found[f"load {turn}"], found["floor"], found[f"dlt {turn}"])
            bench.tell(f"embedded {scale}x {turn}: ours / floor / dlt, seconds", line)
        dirty = bench.measured(EMBEDDED, "load", bench.sample(scale, dirty=True), bench.fresh("dirty"))
        bench.tell(f"embedded {scale}x dirty first", f"{dirty['seconds']} s, {dirty['max_rss_mb']} MB")


def three(ours: Measured, floor: Measured, peer: Measured) -> str:
    """Return seconds, ratios and memory in one line."""
    seconds = f"{ours['seconds']} / {floor['seconds']} / {peer['seconds']}"
    ratios = f"{ours['seconds'] / floor['seconds']:.2f}x floor, {ours['seconds'] / peer['seconds']:.2f}x dlt"
    return f"{seconds}   {ratios}, {ours['max_rss_mb']} MB (dlt {peer['max_rss_mb']} MB)"


def gold(bench: Bench, scales: list[int]) -> None:
    """Measure all gold tables from nothing, beside the load that filled their lake; the ratio is bound to 0.6."""
    for scale in scales:
        landing = bench.sample(scale)

        def measure(landing: Path = landing) -> dict[str, Measured]:
            lake = bench.fresh("gold")
            return {what: bench.measured(EMBEDDED, what, landing, lake) for what in ("load", "gold")}

        found = bench.medians(measure)
        line = beside(found["gold"], found["load"], "load")
        bench.tell(f"all gold from nothing, {scale}x: gold / load, seconds (0.6)", line)


def large(bench: Bench, scales: list[int]) -> None:
    """Measure one file of 12 million items, clean, with one quoted field, with rejects: a row's time beside 100x."""
    del scales
    usual = bench.measured(EMBEDDED, "load", bench.sample(100), bench.fresh("usual"))
    clean, quoted, rejected = (bench.scratch / f"one-file-{what}" for what in ("clean", "quoted", "rejected"))
    for folder in (clean, rejected):
        one_file_each(bench.sample(ONE_FILE_SCALE), folder, rejected=folder == rejected)
    shutil.copytree(clean, quoted)
    quote_one(quoted)
    os.sync()
    rows = ONE_FILE_SCALE / 100
    for folder, bound in ((clean, 1.2), (quoted, 1.2), (rejected, 1.5)):
        found = bench.measured(EMBEDDED, "load", folder, bench.fresh("large"))
        a_row = found["seconds"] / rows / usual["seconds"]
        line = f"{found['seconds']} s, {a_row:.2f}x a row of 100x, {found['max_rss_mb']} MB"
        bench.tell(f"embedded, {folder.name} of 12 million ({bound})", line)


def quote_one(folder: Path) -> None:
    """Put the first field of one line of each large file in quotes."""
    for path in folder.rglob("all.csv"):
        whole = path.rename(path.with_suffix(".whole"))
        with whole.open("rb") as lines, path.open("wb") as file:
            for number, line in enumerate(lines):
                first, rest = line.split(b",", 1)
                file.write(b'"%b",%b' % (first, rest) if number == QUOTED_LINE else line)
        whole.unlink()


def many(bench: Bench, scales: list[int]) -> None:
    """Measure 10,000 files of orders and 10,000 of items, a few rows each; a file is bound to 0.5 ms."""
    del scales
    landing, files = bench.fresh("many"), 20_000
    small_files(landing, files // 2)
    os.sync()
    found = bench.measured(EMBEDDED, "load", landing, bench.fresh("many-lake"))
    each = found["seconds"] / files * 1000
    bench.tell(
        "embedded, 10,000 + 10,000 files (0.5 ms a file)",
        f"{found['seconds']} s, {each:.2f} ms, {found['max_rss_mb']} MB",
    )
