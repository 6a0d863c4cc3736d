"""Read contract files: take YAML, return typed contracts, and list everything that is wrong with one in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast

from lakehouse_assets.contracts import properties
from lakehouse_assets.contracts.affects import touched_columns, window_problems
from lakehouse_assets.contracts.control_tables import derived
from lakehouse_assets.contracts.document import Node
from lakehouse_assets.contracts.files import files, label_in, label_of, read_document
from lakehouse_assets.contracts.known import Known, refusal
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.model import GENERIC_CHECKS, Column, Contract, Kind, Reference, Rule
from lakehouse_assets.contracts.references import parent_problems
from lakehouse_assets.contracts.types import ALLOWED, parse_type
from lakehouse_assets.contracts.validity import VERDICTS, landing_problems, problems_of
from lakehouse_assets.errors import ContractInvalid

DOTTED = re.compile(r"\w+\.(\w+)")
"""Matches the last part of a name with a point in SQL, which may be a table's."""
REFERENCE = re.compile(r"(?P<column>\w+) REFERENCES (?P<parent>\w+\.\w+) \((?P<parent_column>\w+)\)")


@cache
def contracts(pipeline: str) -> Known:
    """Return the contracts of a pipeline by the id's last two parts, e.g. `silver.clean_readings`, `landing.readings`.

    Raises:
        ContractInvalid: there is no such pipeline, or it has no contracts. What is wrong with a file is raised to
            whoever asks for its table.
    """
    documents: list[Mapping[str, Any]] = []
    broken: dict[str, ContractInvalid] = {}
    for file in files(pipeline):
        try:
            documents.append(read_document(file))
        except ContractInvalid as error:
            broken[label_in(file)] = error
    return read_contracts(documents, pipeline, broken)


def read_contracts(
    documents: Iterable[Mapping[str, Any]], pipeline: str, unread: Mapping[str, ContractInvalid] | None = None
) -> Known:
    """Read ODCS documents of one pipeline as contracts by `layer.name`, and check them against each other.

    Control tables that the documents lack are added.

    Args:
        documents: as YAML gives them.
        pipeline: whose they are.
        unread: what is wrong with files that gave no document.
    """
    given, parsed, broken = list(documents), {}, dict(unread or {})
    for document in [*given, *derived(pipeline, given)]:
        try:
            one = parse_contract(document)
            parsed[f"{one.layer}.{one.name}"] = one
        except ContractInvalid as error:
            broken[label_of(document)] = error
    broken |= _judged(parsed, broken, pipeline)
    return Known({name: one for name, one in parsed.items() if name not in broken}, broken)


def _judged(
    parsed: Mapping[str, Contract], unread: Mapping[str, ContractInvalid], pipeline: str
) -> dict[str, ContractInvalid]:
    """Return what is wrong with contracts as the others show, and those that need a broken one."""
    ledger = control_name(pipeline, "run_ledger")
    windows, found = touched_columns(parsed.get(ledger)), dict[str, ContractInvalid]()
    needed = {name: needs(contract, ledger) for name, contract in parsed.items()}
    for name, contract in parsed.items():
        mine = (*landing_problems(contract, parsed), *window_problems(contract, parsed, windows))
        problems = [*mine, *parent_problems(contract, parsed)]
        # What cannot be read is not there, so what is said of it would be wrong.
        if problems and not unread.keys() & needed[name]:
            found[name] = refusal(name, problems)
    while lost := _lost(needed, unread, found):
        found |= lost
    return found


def _lost(
    needed: Mapping[str, frozenset[str]], unread: Mapping[str, ContractInvalid], found: Mapping[str, ContractInvalid]
) -> dict[str, ContractInvalid]:
    """Return the contracts that need a broken one and are not broken themselves."""
    broken = unread.keys() | found.keys()
    lost = {name: min(those & broken) for name, those in needed.items() if name not in found and those & broken}
    return {name: refusal(name, [f"needs `{first}`, whose contract is broken"]) for name, first in lost.items()}


def needs(contract: Contract, ledger: str) -> frozenset[str]:
    """Return the contracts, by `layer.name`, without which this one cannot be judged."""
    read = [name for effect in contract.affects for name in DOTTED.findall(effect.select or "")]
    first = [effect.unless_first for effect in contract.affects if effect.unless_first]
    parents = [reference.parent.rpartition(".")[2] for reference in contract.references]
    tables = [f"{layer}.{name}" for name in (*parents, *read, *first) for layer in ("silver", "reference")]
    landing = [f"landing.{contract.landing}"] if contract.landing else []
    return frozenset([*landing, *tables, *([ledger] if contract.affects or contract.window else [])])


def contract(pipeline: str, name: str) -> Contract:
    """Return one contract, found by `layer.name`."""
    found = contracts(pipeline)
    if name not in found and name not in found.broken:
        raise ContractInvalid(contract=name, problem=f"there is none in `{pipeline}`; there are {', '.join(found)}")
    return found[name]


def parse_contract(document: Mapping[str, Any]) -> Contract:
    """Read one ODCS document as a typed contract.

    Raises:
        ContractInvalid: something required is absent, unknown, or has a value outside its vocabulary; names all that
            could be seen at once.
    """
    root = Node(document)
    name = root.text("name", default="(nameless)")
    parsed = _contract(root, name)
    # What is in the document makes sense first, then what its parts say of each other.
    problems = root.problems or problems_of(parsed)
    if problems:
        raise refusal(name, problems)
    return parsed


def _contract(root: Node, name: str) -> Contract:
    layer = properties.word(root, properties.TABLE[0])
    table = root.first("schema")
    return Contract(
        name=name,
        version=root.text("version"),
        description=root.child("description").text("purpose"),
        grain=table.text("dataGranularityDescription"),
        owner=root.first("team").text("username"),
        columns=tuple(_column(item, layer) for item in table.children("properties", "column")),
        rules=tuple(_rule(item) for item in table.children("quality", "rule")),
        freshness_hours=_freshness(root),
        **{"layer": layer, "database": "", **properties.read(root, properties.TABLE, layer)},
    )


def _freshness(root: Node) -> int | None:
    promised = [item for item in root.children("slaProperties") if item.content.get("property") == "freshness"]
    return promised[0].number("value") if promised else None


def _column(item: Node, layer: str) -> Column:
    if item.flag("primaryKey") and not item.content.get("primaryKeyPosition"):
        item.note("has `primaryKey: true` without its place in the key: add `primaryKeyPosition: 1`")
    return Column(
        name=item.text("name"),
        type=_type(item),
        description=item.text("description"),
        required=item.flag("required"),
        key=item.number("primaryKeyPosition"),
        **properties.read(item, properties.COLUMN, layer),
    )


def _type(item: Node) -> str:
    text = item.text("physicalType")
    try:
        return str(parse_type(text)) if text else ""
    except ValueError:
        item.note(f"has type `{text}`; there are {ALLOWED}")
    return ""


def _rule(item: Node) -> Rule:
    kind = cast("Kind", properties.word(item, properties.RULE[0]))
    code, verdict, description = item.text("name"), item.text("severity"), item.text("description")
    allowed = VERDICTS.get(kind, ())
    if verdict and allowed and verdict not in allowed:
        item.note(f"has verdict `{verdict}`; a rule of kind {kind} has {' or '.join(allowed)}")
    text = item.text("implementation", default="" if kind in GENERIC_CHECKS else None).strip()
    if text and kind in GENERIC_CHECKS:
        item.note(f"has an `implementation`, but the SQL of `{kind}` is made from the contract; leave it out")
    return Rule(
        code=code,
        verdict=verdict,  # type: ignore[arg-type] # checked above
        description=description,
        implementation=text,
        reference=reference_of(kind, text),
        **{"kind": kind, **properties.read(item, properties.RULE, kind)},
    )


def reference_of(kind: Kind, implementation: str) -> Reference | None:
    """Read what the implementation of a reference says; return None for any other rule, and if it says nothing."""
    match = REFERENCE.fullmatch(implementation) if kind == "reference" else None
    return Reference(**match.groupdict()) if match else None
