"""Write deterministic e-commerce drops of any size and dirtiness, and beside them the answer that a load must give.

This module holds the two entry points. `clean` and `dirt` make rows, `demo` holds the demo's hand-made rows, and
`write` writes files; these modules start numpy and Arrow, so they are imported only when a sample is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from lakehouse_assets.ecommerce.sample.answer import compare
from lakehouse_assets.ecommerce.sample.spec import TABLES, Expectation, SampleSpec, TableAnswer

__all__ = [
    "QUERY",
    "TABLES",
    "Expectation",
    "SampleSpec",
    "TableAnswer",
    "compare",
    "continued",
    "files_of",
    "rows_of",
    "write_demo",
    "write_sample",
]

QUERY = "SELECT department, sum(amount) AS amount FROM ecommerce_gold.daily_sales GROUP BY department ORDER BY 2 DESC"
"""This query is suggested as a first question to the demo's tables."""

OnFile = Callable[[Path], object]
"""The callback is called with the path of each file as soon as it is written, for progress."""


def write_sample(spec: SampleSpec, folder: Path, on_file: OnFile | None = None) -> Expectation:
    """Write `products.csv`, `orders/<date>.csv`, `order_items/<date>.csv`, and `<folder>.expected.json` beside them.

    Args:
        spec: size and dirtiness; 2 x days + 1 files come of it.
        folder: made when missing; must hold no file.
        on_file: told about each data file.

    Returns:
        What a first load of the files into an empty lake answers, in UTC.

    Raises:
        BadRequest: the folder holds files already, and the sample is not one that continues them.
    """
    from lakehouse_assets.ecommerce.sample.write import make_files

    return _write(make_files(spec), folder, on_file, spec)


def continued(folder: Path, days: int | None) -> SampleSpec:
    """Return the sample whose days follow those of the sample in a folder, with keys that go on after theirs.

    Args:
        folder: as `write_sample` was given it; its files may have been loaded and archived since.
        days: how many; None for as many as before.

    Raises:
        BadRequest: no sample was written there.
    """
    from lakehouse_assets.ecommerce.sample.write import read_spec

    before = read_spec(folder)
    return replace(before, first=before.first + before.days, days=before.days if days is None else days)


def write_demo(folder: Path, on_file: OnFile | None = None) -> Expectation:
    """Write the demo: five small clean days, a hand-made row for every rule code, and one unreadable file.

    Args:
        folder: made when missing; must hold no file.
        on_file: told about each data file.

    Returns:
        What a first load of the files into an empty lake answers, in UTC.

    Raises:
        BadRequest: the folder holds files already.
    """
    from lakehouse_assets.ecommerce.sample.demo import make_demo_files

    return _write(make_demo_files(), folder, on_file)


def rows_of(answer: Expectation) -> int:
    """Return the number of rows in a sample's files."""
    return sum(table.read for table in answer.tables.values())


def files_of(spec: SampleSpec) -> int:
    """Return the number of files that a sample has."""
    return 2 * spec.days + 1


def _write(
    files: Iterable[tuple[str, bytes, Expectation]],
    folder: Path,
    on_file: OnFile | None,
    spec: SampleSpec | None = None,
) -> Expectation:
    from lakehouse_assets.ecommerce.sample.write import ensure_empty, write_expectation, write_file

    if spec is None or not spec.first:
        ensure_empty(folder)
    total = Expectation()
    for key, content, expectation in files:
        path = write_file(folder, key, content)
        total += expectation
        if on_file:
            on_file(path)
    write_expectation(folder, total, spec)
    return total
