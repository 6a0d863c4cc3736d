"""The loads whose figures are kept: which files land before which run, with every clock fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from lakehouse_assets.ecommerce.sample import SampleSpec, write_demo, write_sample
from lakehouse_assets_tests.lake import folder_files
from lakehouse_assets_tests.oracle import File

CHANGED = datetime(2025, 4, 5, 12, tzinfo=UTC)
"""When the first file of a scenario was last changed; each later one, in the order of keys, is a second younger."""
FIRST_RUN = datetime(2025, 4, 6, 12, tzinfo=UTC)
DIRTY = SampleSpec(
    days=2, orders_per_day=150, products=200, bad_ratio=0.03, duplicate_ratio=0.1, quoted_ratio=0.05, gzip=True, seed=11
)
SEVERAL_DAYS = SampleSpec(days=6, orders_per_day=80, products=150, duplicate_ratio=0.05, seed=23)


@dataclass(frozen=True)
class Run:
    """One run: its clock and the files that it is given."""

    as_of: datetime
    files: tuple[File, ...]


def landed(folder: Path) -> list[File]:
    """All files of a folder in the order of their keys, with times that do not depend on when they were written."""
    files = sorted(folder_files(folder), key=lambda file: file.key)
    return [replace(file, modified=CHANGED + timedelta(seconds=n)) for n, file in enumerate(files)]


def day_by_day(files: Sequence[File]) -> list[Run]:
    """The products first, then one run for each day's orders and items, a day apart."""
    ordered = sorted(files, key=lambda file: (file.dataset != "products", Path(file.key).name))
    days = [tuple(group) for _, group in groupby(ordered, key=lambda file: Path(file.key).name)]
    return [Run(FIRST_RUN + timedelta(days=n), files) for n, files in enumerate(days)]


def at_once(files: Sequence[File]) -> list[Run]:
    """Everything in one run."""
    return [Run(FIRST_RUN, tuple(files))]


def again(files: Sequence[File]) -> list[Run]:
    """Everything in one run, and the same files once more the next day."""
    return [Run(FIRST_RUN + timedelta(days=n), tuple(files)) for n in range(2)]


def demo(folder: Path) -> list[Run]:
    """The demo's files, and eight days later, when rows that still wait are given up, a run without files."""
    write_demo(folder)
    return [*at_once(landed(folder)), Run(FIRST_RUN + timedelta(days=8), ())]


def dirty(folder: Path) -> list[Run]:
    """Compressed files with broken, repeated and quoted rows, and everything once more."""
    write_sample(DIRTY, folder)
    return again(landed(folder))


def dirty_in_reverse(folder: Path) -> list[Run]:
    """The same files with the newest day first and the products last, so that children wait for their parents."""
    write_sample(DIRTY, folder)
    backwards = [run.files for run in day_by_day(landed(folder))[::-1]]
    return [Run(FIRST_RUN + timedelta(days=n), files) for n, files in enumerate(backwards)]


def several_days(folder: Path) -> list[Run]:
    """Six days with repeated rows in one run, and everything once more."""
    write_sample(SEVERAL_DAYS, folder)
    return again(landed(folder))


RECORDED: dict[str, Callable[[Path], list[Run]]] = {
    "recorded days at once": lambda folder: at_once(landed(folder)),
    "recorded days one by one": lambda folder: day_by_day(landed(folder)),
}
"""Runs over the recorded shop data, given its folder."""
GENERATED: dict[str, Callable[[Path], list[Run]]] = {
    "demo": demo,
    "dirty files": dirty,
    "dirty files in reverse": dirty_in_reverse,
    "several days at once and again": several_days,
}
"""Runs over generated files, which are written into an empty folder first."""
