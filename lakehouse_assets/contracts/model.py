"""Define the typed view of a contract, which consists of values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from lakehouse_assets.contracts.types import ColumnType, parse_type

GenericCheck = Literal["keys_unique", "volume", "freshness", "date_in_future", "no_orphans"]
"""Names the assertions whose SQL follows from the contract (`checks`)."""
Kind = Literal["reader", "row", "reference", "load", "assertion", GenericCheck]
"""Says where a rule is decided: a format's reader, one row, a parent table, a query in the load's step or its own."""
Verdict = Literal["reject", "pending", "warn", "fail"]
Layer = Literal["landing", "reference", "silver", "control", "gold"]
"""Names the layer of a table: files as dropped, project seeds, typed and clean, control tables of the load, models."""
Format = Literal["csv", "json_pages"]
FORMATS = get_args(Format)
GENERIC_CHECKS = get_args(GenericCheck)
ASSERTIONS: tuple[Kind, ...] = ("assertion", *GENERIC_CHECKS)

PROVENANCE = ("_file_time", "_file", "_line")
"""Names the columns of silver that say which record of which file a row came from."""


@dataclass(frozen=True)
class Column:
    """Hold one column.

    Attributes:
        name: lower case.
        type: physical type as `types` spells it (STRING, DECIMAL(18,2), ARRAY<DATE>, …).
        description: what it means.
        required: whether it may not be NULL.
        key: place in the key, from 1; 0 when it is no part of it.
        unit: unit or zone.
        source: of silver and reference: the column of landing or of the seed that it is cast from.
        optional: of silver: whether it may be absent from a landed file, and is NULL then; it came later than some.
        path: of landing: where in a JSON record it stands; None for the field of its name.
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

    @property
    def data_type(self) -> ColumnType:
        """Return the type, taken apart into name, digits, element and fields."""
        return parse_type(self.type)


@dataclass(frozen=True)
class Reference:
    """Hold a foreign key: the table's own column, the parent's catalog name, and the parent's column."""

    column: str
    parent: str
    parent_column: str


@dataclass(frozen=True)
class Rule:
    """Hold one rule.

    Attributes:
        code: its stable name.
        kind: where it is decided.
        verdict: what follows.
        description: what is wrong with a row that breaks it, or, of an assertion, what should be.
        implementation: its SQL or reference; empty for a generic check (`checks.assertion_sql` has the SQL).
        reference: what the implementation of a reference says.
        days: of freshness: how many days the newest date may lie before the run; of date_in_future: how many days after
            it any date may lie.
        share: of volume: how many rows the newest date holds at least, as a share of those of an average date.
        column: of freshness, volume and date_in_future: the date to go by; None for the table's own.
    """

    code: str
    kind: Kind
    verdict: Verdict
    description: str
    implementation: str = ""
    reference: Reference | None = None
    days: int = 2
    share: float = 0.5
    column: str | None = None

    @property
    def decided_by(self) -> str:
        """Return where the rule is decided, with one word for all assertions."""
        return "assertion" if self.kind in ASSERTIONS else self.kind


@dataclass(frozen=True)
class Effect:
    """Hold what a changed row of a silver table affects: a window, and the column or SELECT that gives its values.

    `affects` says what each field means.
    """

    window: str
    column: str | None = None
    select: str | None = None
    when: str | None = None
    unless_first: str | None = None


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Hold the contract of one table: meaning, grain, key, columns and rules.

    What a layer does not have is None or empty in its contracts. What it must have is a text.

    Attributes:
        freshness_hours: how old the latest materialization may be, hours; None when nothing is promised.
        landing: of silver: the landing dataset it is loaded from.
        files: of landing: patterns of the keys below the landing root (`core.manifest.dataset_of`).
        format: of landing: how the files are read.
        records: of landing: the field that holds the records of a JSON page.
        normaliser: of landing: the function that makes flat records of each one in a JSON page; None where columns
            are read from it by their paths.
        recurs: of landing: whether a record comes again in files of other names, as each pull from an API brings it.
        versions: of silver: last column of the key, by which a row that says the same as the one before it is left
            out; None for a table that keeps one row of each key.
        erased_with: of silver: the silver table whose key it has, too: a row goes when a person's row there is erased.
        event_time: of silver: column that says which version of a key is newer; None when the file's time decides.
        tie_breaker: of silver: column that says which of two versions with one event time is newer; None when the
            file's time decides.
        date_column: of silver: DATE column by which the table is sorted and bounded.
        max_reject_ratio: of silver: share of rejected rows above which nothing is merged.
        affects: of silver: which windows a changed row affects.
        window: of gold: column by which it is built anew; None when it is always built whole.
        window_source: of gold: parameter of its SELECT with the touched values of that column; None likewise.
        partition_by: columns that the table is partitioned by.
    """

    name: str
    database: str
    layer: Layer
    version: str
    description: str
    grain: str
    owner: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    freshness_hours: int | None = None
    landing: str = ""
    files: tuple[str, ...] = ()
    format: Format = "csv"
    records: str | None = None
    normaliser: str | None = None
    recurs: bool = False
    versions: str | None = None
    erased_with: str | None = None
    event_time: str | None = None
    tie_breaker: str | None = None
    date_column: str | None = None
    max_reject_ratio: float = 0.05
    affects: tuple[Effect, ...] = ()
    window: str | None = None
    window_source: str | None = None
    partition_by: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Return what people call the table: its bare name, its catalog name, and its asset key as text."""
        return frozenset({self.name, self.catalog_name, f"{self.layer}/{self.name}"})

    @property
    def catalog_name(self) -> str:
        """Return `database.table`, the name used in SQL."""
        return f"{self.database}.{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """Return the key columns in order."""
        return tuple(c.name for c in sorted((c for c in self.columns if c.key), key=lambda c: c.key))

    @property
    def content(self) -> tuple[Column, ...]:
        """Return the columns that carry business content: all but the provenance."""
        return tuple(c for c in self.columns if c.name not in PROVENANCE)

    @property
    def assertions(self) -> tuple[Rule, ...]:
        """Return the rules that are checks of their own, written in SQL or generic."""
        return self.rules_of(*ASSERTIONS)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Return the table's foreign keys, in the contract's order."""
        return tuple(rule.reference for rule in self.rules_of("reference") if rule.reference)

    @property
    def identifiers(self) -> frozenset[str]:
        """Return the text columns that name a row: of the key, of references, and those that a window is made of."""
        named = {*self.key, *(r.column for r in self.references), *(e.column for e in self.affects)}
        return frozenset(c.name for c in self.columns if c.name in named and c.type == "STRING")

    def rules_of(self, *kinds: Kind) -> tuple[Rule, ...]:
        """Return the rules of these kinds, in the contract's order."""
        return tuple(rule for rule in self.rules if rule.kind in kinds)

    def column(self, name: str) -> Column:
        """Return the column of that name; raise KeyError if there is none."""
        return {c.name: c for c in self.columns}[name]
