"""Measure a replay of 400,000 corrected rejects: its wall time, and the peak memory of its processes together."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.bench.bench import EMBEDDED, ROOT, Bench
from scripts.bench.small_files import ITEMS, ORDERS, PRODUCTS
from scripts.bench.tree import peak_of_tree

REJECTS, ITEMS_EACH = 400_000, 20
REJECTS_OF = (str(ROOT / ".venv/bin/lakehouse"), "rejects")
FIRST, SECOND = "none", "1"
"""What stands in a column of whole numbers, before and after its correction."""


def replay(bench: Bench, scales: list[int]) -> None:
    """Measure a replay of 400,000 rejects, all of which are corrected; bound to 1.2 GB."""
    del scales
    landing, lake, corrected = (
        bench.fresh("replay-landing"),
        bench.fresh("replay-lake"),
        bench.scratch / "corrected.csv",
    )
    rejected_items(landing)
    bench.measured(EMBEDDED, "load", landing, lake)
    _correct(lake, corrected)
    command = [*REJECTS_OF, "replay", "--with", str(corrected), "--pipeline", "ecommerce", "--lake", str(lake)]
    started = time.perf_counter()
    environment = {**os.environ, "LAKEHOUSE_DUCKDB_MEMORY": "800MB"}
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment)
    peak = peak_of_tree(process)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    bench.tell("replay of 400,000 rejects (bound 1.2 GB)", f"{time.perf_counter() - started:.1f} s, {peak} MB")


def rejected_items(landing: Path) -> None:
    """Write a drop of good orders whose items are all rejected."""
    for name in ("orders", "order_items"):
        (landing / name).mkdir(parents=True)
    (landing / "products.csv").write_text(f"{PRODUCTS}1,1,department 1,product 1\n")
    day, orders = "2025-04-01", range(REJECTS // ITEMS_EACH)
    with (landing / "orders" / f"{day}.csv").open("w") as file:
        file.write(ORDERS)
        file.writelines(f"{n},{n},{n % 500},{day}T10:00:00,12.50,{day}\n" for n in orders)
    with (landing / "order_items" / f"{day}.csv").open("w") as file:
        file.write(ITEMS)
        file.writelines(f"{n},{n // ITEMS_EACH},{n % 500},3,1,{FIRST},0,{day}T10:00:00,{day}\n" for n in range(REJECTS))


def _correct(lake: Path, corrected: Path) -> None:
    """Write the correction of all rejects of a lake."""
    shown = corrected.with_suffix(".shown")
    command = [*REJECTS_OF, "show", "--format", "csv", "--pipeline", "ecommerce", "--lake", str(lake)]
    with shown.open("w") as out:
        subprocess.run(command, cwd=ROOT, check=True, stdout=out)
    with shown.open() as rows, corrected.open("w") as out:
        out.writelines(_replaced(rows))
    shown.unlink()


def _replaced(rows: Iterator[str]) -> Iterator[str]:
    for row in rows:
        yield row.replace(f",{FIRST},", f",{SECOND},")
