"""Read what a changed row of a silver table affects: the windows and their values that gold has to build again.

The custom property `affects` of a silver contract is a list. Each entry names a window and how its values are found:

    {window: dates, column: date}
    {window: dates, select: 'SELECT … AS value FROM changed AS c JOIN …', when: update, unless_first: clean_readings}

The column form takes the value that each changed row has now and the one that silver held before. The SELECT is Athena
SQL with the project's macros and has one column, `value`. It reads silver and reference tables by catalog name, as they
are before the run writes them, and the relation `changed`: the table's rows that are about to be inserted or updated,
in the columns of the contract, with `_verdict` (insert or update) and, of every column outside the key, `_old_<column>`
(NULL of an insert). `when: update` leaves the SELECT out of a run that updates no row of the table, and
`unless_first: <silver table>` out of a run before which that table was empty.

A window is a column `touched_<window>` of the pipeline's run ledger and has the type of the array's elements.

Belongs here: reading these entries and what is wrong with them. Not here: the statements made of them
(`sql/affected.py`) and asking them (`load/affected.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from lakehouse_assets.contracts.model import Contract, Effect
from lakehouse_assets.contracts.selects import select_problem
from lakehouse_assets.spelling import meant

PROPERTY = "affects"
CHANGED, OLD, VALUE = "changed", "_old_", "value"
TOUCHED = re.compile(r"touched_(?P<window>\w+)")
ARRAY = re.compile(r"ARRAY<(?P<element>.+)>")


def read_effects(value: Any) -> tuple[Effect, ...]:  # noqa: ANN401 - as YAML gives it
    """Read the entries of the property as typed values.

    Raises:
        ValueError: the property is no list, or an entry names no window or has an unknown field; the text says which.
    """
    return tuple(_effect(entry) for entry in (value if isinstance(value, list) else [value]))


def _effect(entry: object) -> Effect:
    known = [field.name for field in fields(Effect)]
    if not isinstance(entry, Mapping) or "window" not in entry:
        problem = f"`{PROPERTY}` is a list of entries that each name a window, and holds `{entry}`"
        raise ValueError(problem)
    for key in entry:
        if key not in known:
            raise ValueError(f"`{PROPERTY}` has an unknown field `{key}`; {meant(str(key), known)}")
    return Effect(**{key: str(value).strip() for key, value in entry.items()})


def touched_columns(ledger: Contract | None) -> dict[str, str]:
    """Return a pipeline's windows: name -> type, in the order of its run ledger's columns; none without a ledger."""
    found = {}
    for column in ledger.columns if ledger else ():
        name, array = TOUCHED.fullmatch(column.name), ARRAY.fullmatch(column.type)
        if name and array:
            found[name["window"]] = array["element"]
    return found


def effect_problems(contract: Contract) -> list[str]:
    """Report what is wrong with a contract's entries as far as the contract itself shows."""
    problems = []
    names = {column.name for column in contract.columns}
    for effect in contract.affects:
        label = f"`{PROPERTY}` of window `{effect.window}`"
        if bool(effect.column) == bool(effect.select):
            problems.append(f"{label} needs either a column or a select")
        if effect.column and effect.column not in names:
            problems.append(f"{label} names the column `{effect.column}`, which there is not")
        if effect.column and (effect.when or effect.unless_first):
            problems.append(f"{label}: `when` and `unless_first` belong to a select")
        if effect.when not in {None, "update"}:
            problems.append(f"{label} has `when: {effect.when}`, allowed is `update`")
    return problems


def window_problems(contract: Contract, known: Mapping[str, Contract], windows: Mapping[str, str]) -> list[str]:
    """Report what is wrong with a contract's windows as the pipeline's other contracts show.

    Args:
        contract: a silver or gold table.
        known: all contracts of the pipeline by `layer.name`.
        windows: see `touched_columns`.
    """
    found = _gold_problems(contract, windows) if contract.layer == "gold" else ()
    silver = {c.name for c in known.values() if c.layer == "silver"}
    return [
        *found,
        *(p for effect in contract.affects for p in _entry_problems(effect, contract, known, windows, silver)),
    ]


def _entry_problems(
    effect: Effect, contract: Contract, known: Mapping[str, Contract], windows: Mapping[str, str], silver: set[str]
) -> Iterator[str]:
    label = f"`{PROPERTY}` of window `{effect.window}`"
    if effect.window not in windows:
        yield f"{label}: the run ledger has no column `touched_{effect.window}`; there are {_listed(windows)}"
        return
    if effect.unless_first and effect.unless_first not in silver:
        yield f"{label}: `unless_first: {effect.unless_first}` is no silver table; there are {_listed(silver)}"
    kind = windows[effect.window]
    if effect.column and contract.column(effect.column).type != kind:
        yield f"{label}: column `{effect.column}` is {contract.column(effect.column).type}, the window is {kind}"
    if effect.select:
        problem = select_problem(effect.select, _relations(contract, known), VALUE, kind)
        if problem:
            yield f"{label}: {problem}"


def _gold_problems(contract: Contract, windows: Mapping[str, str]) -> Iterator[str]:
    """Report a gold table whose window has no source in the run ledger, or one of another type than its column."""
    column, source = contract.window, contract.window_source
    if not column or not source:
        return
    kind = contract.column(column).type
    sources = {f"touched_{window}": kind for window, kind in windows.items()}
    if source not in sources:
        yield f"`window_source: {source}` is no column of the run ledger; there are {_listed(sources)}"
    elif kind != sources[source]:
        yield f"`window: {column}` is {kind}, its source `{source}` is {sources[source]}"


def _relations(contract: Contract, known: Mapping[str, Contract]) -> dict[str, dict[str, str]]:
    """Return what a SELECT may read: relation -> column -> type."""
    content = {column.name: column.type for column in contract.content}
    old = {f"{OLD}{column.name}": column.type for column in contract.content if not column.key}
    stored = (c for c in known.values() if c.layer in {"silver", "reference"})
    tables = {c.catalog_name: {column.name: column.type for column in c.columns} for c in stored}
    return {CHANGED: content | old | {"_verdict": "STRING"}} | tables


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"
