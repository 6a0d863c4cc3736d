"""What a changed contract means for its readers and for its existing table.

Belongs here: comparing two contracts, or a contract with a table's columns, and saying what follows. Not here: where
the released state is kept (`released`), adding the columns (engines).
Compatible is only a new nullable column after the others; words (descriptions, owner) are no change; all else breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lakehouse_assets.contracts.model import Column, Contract
from lakehouse_assets.errors import ContractBreaking, ContractInvalid

ChangeKind = Literal["none", "compatible", "breaking"]
VERSION = re.compile(r"(?P<major>[0-9]+)\.(?P<minor>[0-9]+)\.(?P<patch>[0-9]+)")
TABLE_FACTS = ("name", "database", "layer", "grain", "freshness_hours")
COLUMN_FACTS = ("type", "required", "key", "unit", "source", "optional", "path")
RULE_FACTS = ("kind", "verdict", "implementation")
SPELLINGS = {"INTEGER": "INT", "LONG": "BIGINT"}
"""How Delta and Iceberg spell types that contracts spell otherwise; case, blanks and `list<>` are evened out too."""


@dataclass(frozen=True)
class Change:
    """What kind of change it is, and each difference in words."""

    kind: ChangeKind
    reasons: tuple[str, ...] = ()


def classify(old: Contract, new: Contract) -> Change:
    """The change from one state of a contract to the next; words do not count."""
    breaking = (*_table_breaks(old, new), *_column_breaks(old, new), *_rule_breaks(old, new))
    if breaking:
        return Change("breaking", breaking)
    added = tuple(f"new nullable column `{c.name}`" for c in _added(old, new))
    return Change("compatible", added) if added else Change("none")


def check_release(old: Contract, new: Contract) -> Change:
    """The change, when it may be released under the new contract's version.

    Raises:
        ContractBreaking: it breaks readers and the major version was not raised.
        ContractInvalid: the version is none, or lower than the released one.
    """
    change, was, now = classify(old, new), version_of(old), version_of(new)
    if now < was:
        problem = f"version {new.version} is lower than {old.version}, which was released"
        raise ContractInvalid(contract=_label(new), problem=problem)
    if change.kind == "breaking" and now[0] == was[0]:
        raise ContractBreaking(contract=_label(new), changes="; ".join(change.reasons), needed=f"{was[0] + 1}.0.0")
    return change


def version_of(contract: Contract) -> tuple[int, int, int]:
    """Major, minor and patch of the contract's version.

    Raises:
        ContractInvalid: the version is not written that way.
    """
    match = VERSION.fullmatch(contract.version)
    if not match:
        problem = f"version `{contract.version}` is not MAJOR.MINOR.PATCH"
        raise ContractInvalid(contract=_label(contract), problem=problem)
    return int(match["major"]), int(match["minor"]), int(match["patch"])


def reconcile_columns(existing: Sequence[tuple[str, str]], contract: Contract) -> tuple[Column, ...]:
    """Columns that an existing table lacks and may simply be given, in the contract's order.

    Args:
        existing: name and type of the table's columns, in order, in the spelling of Delta, Iceberg, Spark or Athena.
        contract: what the table should look like.

    Raises:
        ContractBreaking: the table's columns are not the contract's first ones, or a missing one is required.
    """
    expected, missing = contract.columns[: len(existing)], contract.columns[len(existing) :]
    found = [(name, _spelled(kind)) for name, kind in existing]
    breaks = []
    if found != [(c.name, c.type) for c in expected]:
        breaks.append(f"its table has columns {_listed(found)}, expected {_listed((c.name, c.type) for c in expected)}")
    breaks += [f"its table lacks `{c.name}`, which {_why_not(c)}" for c in missing if _why_not(c)]
    if breaks:
        needed = f"a new major (it is {contract.version} now)"
        raise ContractBreaking(contract=_label(contract), changes="; ".join(breaks), needed=needed)
    return missing


def _table_breaks(old: Contract, new: Contract) -> list[str]:
    changed = _differences("", old, new, TABLE_FACTS)
    for name in sorted({*old.properties, *new.properties}):
        before, after = old.properties.get(name), new.properties.get(name)
        if before != after:
            changed.append(f"property `{name}`: {before} -> {after}")
    return changed


def _column_breaks(old: Contract, new: Contract) -> list[str]:
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    breaks = [f"column `{name}` is gone" for name in before if name not in after]
    for name in before.keys() & after.keys():
        breaks += _differences(f"column `{name}` ", before[name], after[name], COLUMN_FACTS)
    breaks += [f"new column `{c.name}` {_why_not(c)}" for c in _added(old, new) if _why_not(c)]
    if not breaks and tuple(after)[: len(before)] != tuple(before):
        breaks.append("columns changed their order, or a new one is not the last")
    return sorted(breaks)


def _rule_breaks(old: Contract, new: Contract) -> list[str]:
    before, after = {r.code: r for r in old.rules}, {r.code: r for r in new.rules}
    breaks = [f"rule `{code}` is gone" for code in before.keys() - after.keys()]
    breaks += [f"rule `{code}` is new" for code in after.keys() - before.keys()]
    for code in before.keys() & after.keys():
        breaks += _differences(f"rule `{code}` ", before[code], after[code], RULE_FACTS)
    return sorted(breaks)


def _differences(prefix: str, old: object, new: object, facts: Iterable[str]) -> list[str]:
    pairs = [(fact, getattr(old, fact), getattr(new, fact)) for fact in facts]
    return [f"{prefix}{fact}: {before} -> {after}" for fact, before, after in pairs if before != after]


def _added(old: Contract, new: Contract) -> list[Column]:
    known = {c.name for c in old.columns}
    return [c for c in new.columns if c.name not in known]


def _why_not(column: Column) -> str:
    """Why rows that exist already cannot do without this column, or nothing."""
    if column.key:
        return "is part of the key"
    return "is required" if column.required else ""


def _spelled(kind: str) -> str:
    """A type as contracts spell it.

    >>> _spelled("decimal(18, 2)"), _spelled("long"), _spelled("list<date>")
    ('DECIMAL(18,2)', 'BIGINT', 'ARRAY<DATE>')
    """
    upper = kind.upper().replace(" ", "").replace("LIST<", "ARRAY<")
    return SPELLINGS.get(upper, upper)


def _listed(columns: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns) or "(none)"


def _label(contract: Contract) -> str:
    return f"{contract.layer}.{contract.name}"
