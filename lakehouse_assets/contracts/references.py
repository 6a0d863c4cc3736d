"""Describe reference tables: small tables, such as countries, whose rows the project holds as a CSV file, the seed.

A contract of layer `reference` has a key and columns like any other; its seed is `seeds/<name>.csv` in the pipeline's
folder and names those columns in its header. Every row of a seed has to keep every rule, so a rule of a reference
table either rejects, or it is a query over the table (`load`, `assertion`).

Belongs here: the seed as a value, and what is wrong with a contract that has one or refers to one. Not here: reading
the rows and writing the table (`load/references.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts.model import Contract

KINDS = ("reader", "row", "load", "assertion")


@dataclass(frozen=True)
class Seed:
    """Hold the rows of a reference table as the project has them: its contract and the bytes of a CSV file."""

    contract: Contract
    content: bytes

    @property
    def file(self) -> str:
        """Return the seed's path in the pipeline's folder, as messages name it."""
        return f"seeds/{self.contract.name}.csv"

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of what the table is made of: its rows and the contract's facts, without words."""
        columns = [(c.name, c.type, c.required, c.key, c.source) for c in self.contract.columns]
        rules = [(r.code, r.kind, r.verdict, r.implementation) for r in self.contract.rules]
        facts = json.dumps([columns, rules]).encode()
        # A checkout may end lines otherwise; the rows are the same.
        return hashlib.sha256(facts + b"\n" + self.content.replace(b"\r\n", b"\n")).hexdigest()


def reference_problems(contract: Contract) -> list[str]:
    """Report rules of a reference table that only warn or let a row wait: nobody would look after such a row."""
    if contract.layer != "reference":
        return []
    odd = [r for r in contract.rules if r.decided_by not in KINDS or (r.kind == "row" and r.verdict != "reject")]
    return [f"rule `{r.code}` is {r.kind}/{r.verdict}; a row of a seed is rejected, or is good" for r in odd]


def _erasing_problems(contract: Contract, parents: Mapping[str, Contract]) -> list[str]:
    if contract.erased_with is None:
        return []
    parent = parents.get(f"{contract.database}.{contract.erased_with}")
    if parent is None or parent.layer != "silver":
        return [f"erased_with is `{contract.erased_with}`, which is no silver table of `{contract.database}`"]
    lacking = [name for name in parent.key if name not in {column.name for column in contract.content}]
    if len(parent.key) != 1 or lacking:
        key = ", ".join(parent.key)
        return [f"erased_with is `{parent.name}`, whose key `{key}` is no column that this table has, too"]
    return []


def parent_problems(contract: Contract, known: Mapping[str, Contract]) -> list[str]:
    """Report references of a table that do not lead to the whole key of a silver or reference table."""
    parents = {c.catalog_name: c for c in known.values() if c.layer in {"silver", "reference"}}
    problems = _erasing_problems(contract, parents)
    for rule in contract.rules:
        if rule.reference is None:
            continue
        parent = parents.get(rule.reference.parent)
        if parent is None:
            problems.append(
                f"rule `{rule.code}` refers to `{rule.reference.parent}`, which is no silver or reference table"
            )
        elif parent.key != (rule.reference.parent_column,):
            key = ", ".join(parent.key)
            problems.append(f"rule `{rule.code}` refers to `{rule.reference.parent_column}`, the key is `{key}`")
    return problems
