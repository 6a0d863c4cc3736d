"""Do the same for several tables, side by side where the engine serves several callers, and time it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.state import TableLoad

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def timed(table: TableLoad) -> Iterator[None]:
    """Add the seconds of the block to the table's report."""
    started = time.perf_counter()
    yield
    table.report.seconds += time.perf_counter() - started


def each(engine: Engine, items: Sequence[Item], work: Callable[[Item], Result]) -> list[Result]:
    """Return what the work gives for each item, in their order; side by side if the engine serves several callers."""
    if engine.callers == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(engine.callers) as pool:
        return list(pool.map(work, items))
