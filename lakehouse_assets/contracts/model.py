"""The typed view of a contract: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["reader", "row", "reference", "load", "assertion"]
"""Where a rule is decided: a format's reader, one row, a parent table, a query in the load's step or in its own."""
Verdict = Literal["reject", "pending", "warn", "fail"]
Layer = Literal["landing", "silver", "side", "gold"]

PROVENANCE = ("_file_time", "_file", "_line")
"""Columns of silver that say which record of which file a row came from."""


@dataclass(frozen=True)
class Column:
    """One column: name, physical type (STRING, INT, …), meaning, unit, place in the key (0 = none), landing column.

    An `optional` one may be absent from a landed file and is NULL then: it came later than some of the files.
    A landing column may have a `path`: the dotted names that lead to its text in a record; its own name without one.
    """

    name: str
    type: str
    description: str
    required: bool = False
    key: int = 0
    unit: str | None = None
    source: str | None = None
    optional: bool = False
    path: str | None = None


@dataclass(frozen=True)
class Reference:
    """A foreign key: own column, parent's catalog name, parent's column."""

    column: str
    parent: str
    parent_column: str


@dataclass(frozen=True)
class Rule:
    """One rule: its stable code, where it is decided, what follows, its words, and its SQL or reference."""

    code: str
    kind: Kind
    verdict: Verdict
    description: str
    implementation: str
    reference: Reference | None = None


@dataclass(frozen=True)
class Contract:
    """One table: meaning, grain, key, columns and rules.

    Attributes:
        properties: the pipeline's own settings (landing, event_time, date_column, max_reject_ratio, window, …).
        freshness_hours: how old the latest materialization may be, hours; None when nothing is promised.
    """

    name: str
    database: str
    layer: Layer
    version: str
    description: str
    grain: str
    owner: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    properties: dict[str, str]
    freshness_hours: int | None

    @property
    def catalog_name(self) -> str:
        """`database.table`, the name used in SQL."""
        return f"{self.database}.{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """Key columns in order."""
        return tuple(c.name for c in sorted((c for c in self.columns if c.key), key=lambda c: c.key))

    @property
    def content(self) -> tuple[Column, ...]:
        """Columns that carry business content: all but the provenance."""
        return tuple(c for c in self.columns if c.name not in PROVENANCE)

    @property
    def event_time(self) -> str | None:
        """Column that orders versions of a key, or None when the file's time decides."""
        return self.properties.get("event_time")

    @property
    def max_reject_ratio(self) -> float:
        """Share of rejected rows above which nothing is merged."""
        return float(self.properties.get("max_reject_ratio", "0.05"))

    def rules_of(self, *kinds: Kind) -> tuple[Rule, ...]:
        """The rules of these kinds, in the contract's order."""
        return tuple(rule for rule in self.rules if rule.kind in kinds)

    def column(self, name: str) -> Column:
        """The column of that name (KeyError when there is none)."""
        return {c.name: c for c in self.columns}[name]
