"""Hold who is erased and what was found, and what the steps of erasing share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import control_tables, silver_tables
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.protocol import Guard
from lakehouse_assets.load.scrub import Scrub
from lakehouse_assets.sql import forget as statements
from lakehouse_assets.sql.forget import Step, Where
from lakehouse_assets.storage.lake import Lake

Tell = Callable[[str], None]
"""Is called with what is being done."""


@dataclass(frozen=True)
class Forget:
    """Say who is erased, and where.

    Attributes:
        pipeline: whose tables and files.
        known: its contracts by `layer.name`.
        lake: where they are.
        open_engine: opens the embedded engine on the lake.
        guard: called before each change.
        where: which rows are theirs.
        dry_run: only count.
        tell: says what is being done.
        history: takes what names them out of histories outside of the lake, or only looks, and returns their names.
    """

    pipeline: str
    known: Mapping[str, Contract]
    lake: Lake
    open_engine: Callable[[], DuckEngine]
    guard: Guard
    where: Where
    dry_run: bool = False
    tell: Tell = lambda _: None
    history: Callable[[Scrub], list[str]] = lambda _: []

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Return the silver tables that hold such rows, parents first."""
        return statements.steps(self.where, silver_tables(self.known))

    @cached_property
    def controls(self) -> dict[str, Contract]:
        """Return the contracts of the control tables."""
        return control_tables(self.known, self.pipeline)


@dataclass
class Forgotten:
    """Hold what was found, and erased unless it was only counted.

    Attributes:
        rows: by table, rows that are theirs.
        files: records that are theirs, by key of the file.
        pieces: keys of reports in which they are named.
        history: names of files of histories in which they are.
        old_files: by table, files of older versions.
        keys: keys of their rows, as text, by the columns that hold them, for whoever looks for them in samples.
        left: keys of files that still hold a word, since no load has read that part of them.
        versions: older versions of objects that a bucket kept.
        is_resumed: whether an erasure that was killed is ended with it.
    """

    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    old_files: dict[str, int] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    versions: int = 0
    is_resumed: bool = False

    @property
    def is_somebody(self) -> bool:
        """Say whether anything was found in the lake, or was left undone there."""
        return self.is_resumed or any(self.rows.values()) or bool(self.files or self.pieces)


def scrub_of(asked: Forget, done: Forgotten) -> Scrub:
    """Return what is taken out of texts, once the keys of their rows are known."""
    return Scrub(asked.where.words, asked.where.columns, done.keys)


def count(engine: DuckEngine, relation: str) -> int:
    """Return how many rows a relation of an engine has."""
    return int(engine.rows(f"SELECT count(*) AS n FROM {relation}")[0]["n"])


def mentions(text: str, words: Iterable[str]) -> bool:
    """Say whether a text that cannot be read holds one of the words by itself.

    >>> mentions('a,57,"b', ["57"]), mentions("a,157", ["57"])
    (True, False)
    """
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words)
