"""Make a drop with one large file per dataset out of a sample with a file per day."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

BROKEN_COLUMN = "add_to_cart_order"


def one_file_each(sample: Path, landing: Path, *, rejected: bool = False) -> None:
    """Join the files of each dataset of a sample below their first header.

    Args:
        sample: a landing folder with uncompressed CSV files.
        landing: a folder to make.
        rejected: whether every tenth item is made a row that a rule rejects.
    """
    landing.mkdir(parents=True)
    for path in sorted(sample.iterdir()):
        if path.is_file():
            shutil.copy(path, landing / path.name)
            continue
        target = landing / path.name / "all.csv"
        target.parent.mkdir()
        with target.open("wb") as file:
            lines = _joined(sorted(path.glob("*.csv")))
            file.writelines(_broken(lines) if rejected and path.name == "order_items" else lines)


def _joined(paths: list[Path]) -> Iterator[bytes]:
    for number, path in enumerate(paths):
        with path.open("rb") as file:
            header = next(file)
            if number == 0:
                yield header
            yield from file


def _broken(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines, every tenth below the header with a number that is none."""
    column = 0
    for number, line in enumerate(lines):
        if number == 0:
            column = line.decode().strip().split(",").index(BROKEN_COLUMN)
        elif number % 10 == 0:
            fields = line.split(b",")
            fields[column] = b"none"
            line = b",".join(fields)  # noqa: PLW2901 - the same line, broken
        yield line
