"""Check the contracts of a pipeline against each other; one that needs a broken one is told that, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lakehouse_assets.contracts.affects import touched_columns, window_problems
from lakehouse_assets.contracts.known import guesses, refusal
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.model import Contract
from lakehouse_assets.contracts.references import parent_problems
from lakehouse_assets.contracts.validity import landing_problems
from lakehouse_assets.errors import ContractInvalid

DOTTED = re.compile(r"\w+\.(\w+)")
"""Matches the last part of a name with a point in SQL, which may be a table's."""


def judged(
    parsed: Mapping[str, Contract], unread: Mapping[str, ContractInvalid], pipeline: str
) -> dict[str, ContractInvalid]:
    """Return what is wrong with contracts as the others show, and those that need a broken one."""
    ledger = control_name(pipeline, "run_ledger")
    windows, found = touched_columns(parsed.get(ledger)), dict[str, ContractInvalid]()
    needed = {name: needs(contract, ledger) for name, contract in parsed.items()}
    hidden = unread.keys() | guesses(unread)
    for name, contract in parsed.items():
        mine = (*landing_problems(contract, parsed), *window_problems(contract, parsed, windows))
        problems = [*mine, *parent_problems(contract, parsed)]
        # What cannot be read is not there, so what is said of it would be wrong.
        if problems and not hidden & needed[name]:
            found[name] = refusal(name, problems)
    while lost := _lost(needed, unread, found):
        found |= lost
    return found


def _lost(
    needed: Mapping[str, frozenset[str]], unread: Mapping[str, ContractInvalid], found: Mapping[str, ContractInvalid]
) -> dict[str, ContractInvalid]:
    """Return the contracts that need a broken one and are not broken themselves."""
    broken = unread.keys() | guesses(unread) | found.keys()
    lost = {name: min(those & broken) for name, those in needed.items() if name not in found and those & broken}
    files = {label: file for file in unread if file.endswith(".yaml") for label in guesses([file])}
    return {
        name: refusal(name, [f"needs `{files.get(first, first)}`, whose contract is broken"])
        for name, first in lost.items()
    }


def needs(contract: Contract, ledger: str) -> frozenset[str]:
    """Return the contracts, by `layer.name`, without which this one cannot be judged."""
    read = [name for effect in contract.affects for name in DOTTED.findall(effect.select or "")]
    first = [effect.unless_first for effect in contract.affects if effect.unless_first]
    parents = [reference.parent.rpartition(".")[2] for reference in contract.references]
    tables = [f"{layer}.{name}" for name in (*parents, *read, *first) for layer in ("silver", "reference")]
    landing = [f"landing.{contract.landing}"] if contract.landing else []
    return frozenset([*landing, *tables, *([ledger] if contract.affects or contract.window else [])])
