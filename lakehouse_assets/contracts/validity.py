"""Check what the parts of a contract say of each other: keys, columns that properties name, what rules need.

Here: one sentence per contradiction, with what is allowed. Not here: what each part must be by itself (`reader`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lakehouse_assets.contracts.affects import effect_problems
from lakehouse_assets.contracts.checks import date_of
from lakehouse_assets.contracts.layers import landing_datasets
from lakehouse_assets.contracts.model import ASSERTIONS, PROVENANCE, Contract, Kind, Rule, Verdict
from lakehouse_assets.contracts.references import reference_problems

VERDICTS: dict[Kind, tuple[Verdict, ...]] = {
    "reader": ("reject",),
    "row": ("reject", "warn"),
    "reference": ("pending",),
    "load": ("warn",),
    **dict.fromkeys(ASSERTIONS, ("fail", "warn")),
}
"""Names the verdicts that a rule of each kind may have."""
LOADED = ("silver", "reference")
"""Names the layers whose rows are read as text, and so have rules of their own."""
CHECKED = (*LOADED, "gold")
"""Names the layers whose tables have checks."""
PARTITIONS = ("STRING", "INT", "BIGINT", "BOOLEAN", "DATE")
"""Names the types whose values make a folder's name that every engine reads back as the same value."""


def problems_of(contract: Contract) -> list[str]:
    """Report every contradiction within a contract, in sentences."""
    mine = (*_columns(contract), *_key(contract), *_named(contract), *_silver(contract), *_rules(contract))
    return [*mine, *effect_problems(contract), *reference_problems(contract)]


def landing_problems(contract: Contract, known: Mapping[str, Contract]) -> list[str]:
    """Report what is wrong with where a silver table is loaded from, as the pipeline's other contracts show.

    Args:
        contract: any table.
        known: all contracts of the pipeline by `layer.name`.
    """
    if contract.layer != "silver":
        return []
    datasets = landing_datasets(known)
    if contract.landing not in datasets:
        return [
            f"landing `{contract.landing}` is no landing dataset; there are {', '.join(sorted(datasets)) or 'none'}"
        ]
    columns = [column.name for column in datasets[contract.landing].columns]
    return [
        f"column `{column.name}` has source `{column.source}`, which is no column of `landing.{contract.landing}`; "
        f"there are {', '.join(columns)}"
        for column in contract.content
        if column.source not in columns
    ]


def _columns(contract: Contract) -> Iterator[str]:
    names = [c.name for c in contract.columns]
    yield from (f"column `{name}` twice" for name in sorted({n for n in names if names.count(n) > 1}))
    for column in contract.columns:
        if column.optional and column.required:
            yield f"column `{column.name}` is optional and required"
        if contract.layer == "landing" and column.type != "STRING":
            yield f"column `{column.name}` has type `{column.type}`; landing is read as text, so it is STRING"
        if column.path is not None and contract.format != "json_pages":
            yield f"column `{column.name}` has a `path`, which only records of format json_pages have"
        if column.path is not None and contract.normaliser is not None:
            yield f"column `{column.name}` has a `path`, but the normaliser makes records of columns"
    for name in ("records", "normaliser"):
        if getattr(contract, name) is not None and contract.format != "json_pages":
            yield f"`{name}` belongs to JSON pages, so `format` has to be json_pages"


def _key(contract: Contract) -> Iterator[str]:
    places = sorted(c.key for c in contract.columns if c.key)
    if places != list(range(1, len(places) + 1)):
        yield f"the places in the key are {', '.join(map(str, places))}; they count from 1 without gaps"
    if contract.layer != "landing" and not places:
        yield "no key: say `primaryKeyPosition: 1` of the column that tells rows apart, `2` of the next"
    for column in contract.columns:
        if column.key and column.data_type.is_nested:
            yield f"column `{column.name}` is part of the key and has type `{column.type}`; a key has no {column.type}"


def _named(contract: Contract) -> Iterator[str]:
    """Report properties that name a column wrongly: no column of the table, or one of an unfit type."""
    if bool(contract.window) != bool(contract.window_source):
        yield "`window` and `window_source` come together, or both are left out and the table is built whole"
    known = {c.name: c for c in contract.columns}
    one = {name: getattr(contract, name) for name in ("event_time", "tie_breaker", "date_column", "window", "versions")}
    named = [(name, column) for name, column in one.items() if column]
    for name, column in (*named, *(("partition_by", column) for column in contract.partition_by)):
        if column not in known:
            yield f"{name} `{column}` is no column; there are {', '.join(known)}"
        elif name == "date_column" and known[column].type != "DATE":
            yield f"date_column `{column}` has type `{known[column].type}`; it has to be DATE"
        elif name == "partition_by" and known[column].type not in PARTITIONS:
            yield f"partition_by `{column}` has type `{known[column].type}`; it may be {', '.join(PARTITIONS)}"
        elif known[column].data_type.is_nested:
            yield f"{name} `{column}` has type `{known[column].type}`; it has to be a single value"


def _silver(contract: Contract) -> Iterator[str]:
    """Report what a silver table lacks that the load relies on."""
    if contract.layer != "silver":
        return
    lacking = [name for name in PROVENANCE if name not in {c.name for c in contract.columns}]
    if lacking:
        yield f"lacks the columns {', '.join(lacking)}, which say where a row came from"
    if contract.versions and (len(contract.key) == 1 or contract.key[-1] != contract.versions):
        yield f"versions `{contract.versions}` has to be the last column of a key of several"
    if contract.versions and contract.event_time:
        yield "`versions` and `event_time` exclude each other: all versions are kept, or the newest"
    if contract.tie_breaker and not contract.event_time:
        yield "`tie_breaker` decides between versions with one `event_time`, which is missing"
    for column in contract.content:
        if column.source is None:
            yield f"column `{column.name}` lacks the property `source`, the landing column it is read from"


def _rules(contract: Contract) -> Iterator[str]:
    codes = [rule.code for rule in contract.rules]
    yield from (f"rule `{code}` twice" for code in sorted({c for c in codes if codes.count(c) > 1}))
    for rule in contract.rules:
        layers = CHECKED if rule.kind in ASSERTIONS else LOADED
        if contract.layer not in layers:
            yield f"rule `{rule.code}` of kind {rule.kind} belongs to {' or '.join(layers)}, not {contract.layer}"
        yield from _generic(contract, rule)


def _generic(contract: Contract, rule: Rule) -> Iterator[str]:
    names = {c.name for c in contract.columns}
    if rule.kind == "reference" and not rule.reference:
        yield f"rule `{rule.code}` names no parent; it is written `column REFERENCES database.table (column)`"
    elif rule.reference and rule.reference.column not in names:
        yield f"rule `{rule.code}` refers from `{rule.reference.column}`, which is no column"
    if rule.kind == "no_orphans" and not contract.rules_of("reference"):
        yield f"rule `{rule.code}` looks for parents, and no rule of kind reference names one"
    if rule.kind in {"volume", "freshness", "date_in_future"}:
        date = date_of(contract, rule)
        if date not in {c.name for c in contract.columns if c.type == "DATE"}:
            yield f"rule `{rule.code}` needs a DATE column to go by; name one in its property `column`"
