"""Say in one error of ours, with the name of the table or file, what libraries say of state that is damaged."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import LakehouseError, StateDamaged, StateLocked, TableDamaged
from lakehouse_assets.storage.os_errors import NO_ROOM, storage_error
from lakehouse_assets.storage.remote_errors import remote_error

LAYERS = re.compile(r"^(?:[A-Z][A-Za-z]*(?: (?:of|[A-Z][A-Za-z]*))* [Ee]rror: )+")
"""Matches what libraries put before what is wrong: through which of their own layers it came, and their name for it."""


@contextmanager
def reading(contract: Contract, place: str, *passed: type[Exception]) -> Iterator[None]:
    """Turn what a library raises while it reads a table's metadata into `TableDamaged`.

    Args:
        contract: of the table.
        place: the table's folder, for an error that names no file.
        passed: errors that say something else, and pass.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, (LakehouseError, *passed)) or not (isinstance(error, Exception) or is_panic(error)):
            raise
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise storage_error(place, error) from error
        if known := remote_error(error):
            raise known from error
        raise TableDamaged(table=contract.catalog_name, problem=f"{first_line(error)}, in `{place}`") from error


def require_commits(contract: Contract, folder: Path) -> None:
    """Make sure that no commit in the log of a Delta table in a folder is empty, as a computer without power leaves it.

    Who reads the log takes such a file for a commit of nothing, and the rows that it added are lost without a word.
    https://github.com/delta-io/delta/blob/master/PROTOCOL.md#delta-log-entries

    Raises:
        TableDamaged: one is.
    """
    try:
        with os.scandir(folder / "_delta_log") as entries:
            empty = sorted(one.name for one in entries if one.name.endswith(".json") and not one.stat().st_size)
    except OSError:  # which who reads the log tells
        return
    if empty:
        problem = f"its log file `_delta_log/{empty[0]}` is empty, and what it committed is lost with it"
        raise TableDamaged(table=contract.catalog_name, problem=problem)


def is_panic(error: BaseException) -> bool:
    """Say whether a Rust library gave up; what it raises then is no `Exception` and shows by its name alone."""
    return type(error).__name__ == "PanicException"


@contextmanager
def using_catalog(file: Path) -> Iterator[None]:
    """Turn what SQLite or SQLAlchemy say of a catalog's file into one of our errors."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, sqlite3.Error) and not type(error).__module__.startswith("sqlalchemy."):
            raise
        raise catalog_error(file, error) from error


def catalog_error(file: Path, error: Exception) -> LakehouseError:
    """Return the error that says what is wrong with a catalog."""
    problem, what = first_line(error), "the catalog of gold tables"
    if "locked" in problem:
        return StateLocked(what=what, file=file)
    for text, code in (("full", 28), ("readonly", 30)):
        if text in problem:
            return storage_error(file.as_uri(), OSError(code, problem, str(file)))
    way_out = (
        "put it back from a backup of the lake, or move it away: the next `lakehouse run` makes gold anew from silver"
    )
    return StateDamaged(what=what, file=file, problem=problem, way_out=way_out)


def first_line(error: BaseException) -> str:
    r"""Return the first line of what an error says, or its class when it says nothing.

    >>> first_line(ValueError("Kernel error: Json error: no value\nin line 3"))
    'no value'
    """
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
    return LAYERS.sub("", said) or said
