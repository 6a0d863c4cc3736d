"""Read contract files: take YAML, return typed contracts, and list everything that is wrong with one in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, cast

import yaml

from lakehouse_assets.contracts import properties
from lakehouse_assets.contracts.affects import touched_columns, window_problems
from lakehouse_assets.contracts.control_tables import derived
from lakehouse_assets.contracts.document import Node
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.model import GENERIC_CHECKS, Column, Contract, Kind, Reference, Rule
from lakehouse_assets.contracts.packages import contracts_folder
from lakehouse_assets.contracts.references import parent_problems
from lakehouse_assets.contracts.types import ALLOWED, parse_type
from lakehouse_assets.contracts.validity import VERDICTS, landing_problems, problems_of
from lakehouse_assets.errors import ContractInvalid

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Holds libyaml's safe loader if it is installed: it is ten times faster than Python's."""
REFERENCE = re.compile(r"(?P<column>\w+) REFERENCES (?P<parent>\w+\.\w+) \((?P<parent_column>\w+)\)")


@cache
def contracts(pipeline: str) -> dict[str, Contract]:
    """Return all contracts of a pipeline by the id's last two parts, e.g. `silver.clean_readings`, `landing.readings`.

    Raises:
        ContractInvalid: a file does not say what it must.
    """
    files = sorted((f for f in contracts_folder(pipeline).iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return parse_contracts(map(_document, files), pipeline)


def parse_contracts(documents: Iterable[Mapping[str, Any]], pipeline: str) -> dict[str, Contract]:
    """Read ODCS documents of one pipeline as contracts by `layer.name`, and check them against each other.

    Control tables that the documents lack are added.

    Raises:
        ContractInvalid: a contract does not say what it must, or names a window or table that there is not.
    """
    given = list(documents)
    known = {f"{c.layer}.{c.name}": c for c in map(parse_contract, [*given, *derived(pipeline, given)])}
    windows = touched_columns(known.get(control_name(pipeline, "run_ledger")))
    for name, parsed in known.items():
        mine = (*landing_problems(parsed, known), *window_problems(parsed, known, windows))
        problems = [*mine, *parent_problems(parsed, known)]
        if problems:
            raise ContractInvalid(contract=name, problem="; ".join(problems))
    return known


def _document(file: Traversable) -> Mapping[str, Any]:
    try:
        document = yaml.load(file.read_text("utf-8"), SAFE_LOADER)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractInvalid(contract=file.name, problem=f"is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, Mapping):
        raise ContractInvalid(contract=file.name, problem="is no mapping of an Open Data Contract")
    return document


def contract(pipeline: str, name: str) -> Contract:
    """Return one contract, found by `layer.name`."""
    found = contracts(pipeline)
    if name not in found:
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
        raise ContractInvalid(contract=name, problem="; ".join(dict.fromkeys(problems)))
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
