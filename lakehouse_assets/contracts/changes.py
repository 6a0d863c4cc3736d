"""Say what a changed contract means for its readers and for its existing table.

Belongs here: comparing two contracts, or a contract with a table's columns, and saying what follows. Not here: where
the released state is kept (`released`), adding the columns (engines).
Compatible are a new nullable column after the others, a column of gold that gets room for more digits (its table is
Iceberg, which takes that), further `files` that are taken, and a change of `affects`, `erased_with`, `tie_breaker` or
of rules, which break no reader and apply to what is done from then on. Words (descriptions, owner) are no change; all
else breaks.
A rule is its place, verdict and SQL, whether that is written or generic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lakehouse_assets.contracts import properties
from lakehouse_assets.contracts.checks import GENERIC, assertion_sql
from lakehouse_assets.contracts.model import Column, Contract, Rule
from lakehouse_assets.contracts.types import is_widening, parse_type
from lakehouse_assets.errors import ContractBreaking, ContractInvalid

ChangeKind = Literal["none", "compatible", "breaking"]
VERSION = re.compile(r"(?P<major>[0-9]+)\.(?P<minor>[0-9]+)\.(?P<patch>[0-9]+)")
TABLE_FACTS = ("name", "database", "layer", "grain", "freshness_hours")
COLUMN_FACTS = ("type", "required", "key", *(known.name for known in properties.COLUMN))
APPLIED_LATER = ("affects", "erased_with", "tie_breaker")
PROPERTIES = tuple(known.name for known in properties.TABLE if known.name not in {*TABLE_FACTS, *APPLIED_LATER})


@dataclass(frozen=True)
class Change:
    """Hold the kind of a change, and each difference in words."""

    kind: ChangeKind
    reasons: tuple[str, ...] = ()


def classify(old: Contract, new: Contract) -> Change:
    """Compare one state of a contract with the next and classify the change; words do not count."""
    breaking = (*_table_breaks(old, new), *_column_breaks(old, new))
    if breaking:
        return Change("breaking", (*breaking, *_rule_changes(old, new)))
    added = (
        *(f"new nullable column `{c.name}`" for c in _added(old, new)),
        *(f"column `{c.name}` takes more: {old.column(c.name).type} -> {c.type}" for c in _widened(old, new)),
        *(f"files `{pattern}` are taken too" for pattern in new.files if pattern not in old.files),
        *_effect_changes(old, new),
        *([f"erased with `{new.erased_with}`"] if new.erased_with != old.erased_with else []),
        *([f"ties are broken by `{new.tie_breaker}`"] if new.tie_breaker != old.tie_breaker else []),
        *_rule_changes(old, new),
    )
    return Change("compatible", added) if added else Change("none")


def check_release(old: Contract, new: Contract) -> Change:
    """Return the change if it may be released under the new contract's version.

    Raises:
        ContractBreaking: the change breaks readers and the major version was not raised.
        ContractInvalid: the version is not written `major.minor.patch`, or is lower than the released one.
    """
    change, was, now = classify(old, new), version_of(old), version_of(new)
    if now < was:
        problem = f"version {new.version} is lower than {old.version}, which was released"
        raise ContractInvalid(contract=_label(new), problem=problem)
    if change.kind == "breaking" and now[0] == was[0]:
        raise ContractBreaking(contract=_label(new), changes="; ".join(change.reasons), needed=f"{was[0] + 1}.0.0")
    return change


def version_of(contract: Contract) -> tuple[int, int, int]:
    """Return major, minor and patch of the contract's version.

    Raises:
        ContractInvalid: the version is not written that way.
    """
    match = VERSION.fullmatch(contract.version)
    if not match:
        problem = f"version `{contract.version}` is not MAJOR.MINOR.PATCH"
        raise ContractInvalid(contract=_label(contract), problem=problem)
    return int(match["major"]), int(match["minor"]), int(match["patch"])


def reconcile_columns(existing: Sequence[tuple[str, str]], contract: Contract) -> tuple[Column, ...]:
    """Return the columns that an existing table lacks and may simply be given, in the contract's order.

    A column of another type is refused unless `wider_columns` names it.

    Args:
        existing: name and type of the table's columns, in order, in the spelling of Delta, Iceberg, Spark or Athena.
        contract: what the table should look like.

    Raises:
        ContractBreaking: the table's columns are not the contract's first ones, or a missing one is required.
    """
    wider = {column.name: column.type for column in wider_columns(existing, contract)}
    found = {name: wider.get(name, _spelled(kind)) for name, kind in existing}
    missing = tuple(column for column in contract.columns if column.name not in found)
    breaks = _misfits(found, contract)
    breaks += [f"its table lacks `{c.name}`, which {_why_not(c)}" for c in missing if _why_not(c)]
    if breaks:
        needed = f"a new major (it is {contract.version} now)"
        raise ContractBreaking(contract=_label(contract), changes="; ".join(breaks), needed=needed)
    return missing


def _misfits(found: Mapping[str, str], contract: Contract) -> list[str]:
    """Say which columns of a table, name -> type, are not the contract's: gone, of another type, or elsewhere."""
    wanted = {column.name: column.type for column in contract.columns}
    gone = [f"its table has `{name}` {kind}, which is gone" for name, kind in found.items() if name not in wanted]
    other = [
        f"its table has `{name}` as {kind}, expected {wanted[name]}"
        for name, kind in found.items()
        if wanted.get(name, kind) != kind
    ]
    kept = [name for name in found if name in wanted]
    elsewhere = [
        f"its table has `{name}` where `{there}` is expected"
        for name, there in zip(kept, wanted, strict=False)
        if name != there
    ]
    return [*gone, *other, *elsewhere[:1]]


def wider_columns(existing: Sequence[tuple[str, str]], contract: Contract) -> tuple[Column, ...]:
    """Return the columns of the contract that an existing table has in a narrower type, which it may simply widen.

    Args:
        existing: as of `reconcile_columns`.
        contract: what the table should look like; only Iceberg tables, which are gold, widen.
    """
    held = {name: _spelled(kind) for name, kind in existing}
    return tuple(c for c in contract.columns if c.name in held and _may_widen(contract, held[c.name], c.type))


def _may_widen(contract: Contract, held: str, wanted: str) -> bool:
    try:
        return contract.layer == "gold" and is_widening(held, wanted)
    except ValueError:  # a type that contracts do not know
        return False


def _widened(old: Contract, new: Contract) -> tuple[Column, ...]:
    return wider_columns([(c.name, c.type) for c in old.columns], new)


def _table_breaks(old: Contract, new: Contract) -> list[str]:
    names = [name for name in PROPERTIES if name != "files" or not set(old.files) <= set(new.files)]
    properties_of = [{f"property `{name}`": _shown(getattr(c, name)) for name in names} for c in (old, new)]
    return [*_differences("", old, new, TABLE_FACTS), *_unequal(*properties_of)]


def _shown(value: object) -> object:
    """Write a property's value for a sentence: names with commas between them, None for what is empty."""
    return (", ".join(value) if isinstance(value, tuple) else value) or None


def _column_breaks(old: Contract, new: Contract) -> list[str]:
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    breaks = [f"column `{name}` is gone" for name in before if name not in after]
    wider = {c.name for c in _widened(old, new)}
    for name in before.keys() & after.keys():
        facts = COLUMN_FACTS[1:] if name in wider else COLUMN_FACTS
        breaks += _differences(f"column `{name}` ", before[name], after[name], facts)
    breaks += [f"new column `{c.name}` {_why_not(c)}" for c in _added(old, new) if _why_not(c)]
    if not breaks and tuple(after)[: len(before)] != tuple(before):
        breaks.append("columns changed their order, or a new one is not the last")
    return sorted(breaks)


def _rule_changes(old: Contract, new: Contract) -> list[str]:
    """Say which rules are new, gone or other than they were, each with what it decides."""
    before, after = {r.code: r for r in old.rules}, {r.code: r for r in new.rules}
    changes = [f"rule `{code}` is gone" for code in before.keys() - after.keys()]
    changes += [f"rule `{code}` is new: {_in_short(new, after[code])}" for code in after.keys() - before.keys()]
    for code in before.keys() & after.keys():
        changes += _unequal(_rule_facts(old, before[code]), _rule_facts(new, after[code]))
    return sorted(changes)


def _in_short(contract: Contract, rule: Rule) -> str:
    """Return a rule's verdict and what it says, in one line."""
    text = rule.kind if rule.kind in GENERIC else " ".join(assertion_sql(contract, rule).split())
    return f"{rule.verdict}, {text}"


def _rule_facts(contract: Contract, rule: Rule) -> dict[str, object]:
    facts = {"kind": rule.decided_by, "verdict": rule.verdict, "implementation": assertion_sql(contract, rule)}
    return {f"rule `{rule.code}` {name}": value for name, value in facts.items()}


def _effect_changes(old: Contract, new: Contract) -> list[str]:
    """Report the windows whose values are found in another way than before."""
    windows = dict.fromkeys(effect.window for effect in (*old.affects, *new.affects))
    return [
        f"`affects` of window `{window}` changed"
        for window in windows
        if [e for e in old.affects if e.window == window] != [e for e in new.affects if e.window == window]
    ]


def _differences(prefix: str, old: object, new: object, facts: Iterable[str]) -> list[str]:
    names = tuple(facts)
    return _unequal(*({f"{prefix}{name}": getattr(value, name) for name in names} for value in (old, new)))


def _unequal(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return [f"{name}: {before} -> {new[name]}" for name, before in old.items() if before != new[name]]


def _added(old: Contract, new: Contract) -> list[Column]:
    known = {c.name for c in old.columns}
    return [c for c in new.columns if c.name not in known]


def _why_not(column: Column) -> str:
    """Say why rows that exist already cannot do without this column; return an empty text if they can."""
    if column.key:
        return "is part of the key"
    return "is required" if column.required else ""


def _spelled(kind: str) -> str:
    """Write a type as contracts spell it; one that they do not know stays as it is.

    >>> _spelled("decimal(18, 2)"), _spelled("long"), _spelled("list<date>"), _spelled("map<string,int>")
    ('DECIMAL(18,2)', 'BIGINT', 'ARRAY<DATE>', 'map<string,int>')
    """
    try:
        return str(parse_type(kind))
    except ValueError:
        return kind


def _label(contract: Contract) -> str:
    return f"{contract.layer}.{contract.name}"
