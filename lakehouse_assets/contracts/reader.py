"""Read contract files: take YAML, return typed contracts, and list everything that is wrong with one in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from lakehouse_assets.contracts import properties
from lakehouse_assets.contracts.control_tables import derived
from lakehouse_assets.contracts.document import Node
from lakehouse_assets.contracts.files import files, label_in, read_document
from lakehouse_assets.contracts.known import Known, refusal
from lakehouse_assets.contracts.model import GENERIC_CHECKS, Column, Contract, Kind, Reference, Rule
from lakehouse_assets.contracts.names import LANDED, TAKEN, is_landed_name, is_name
from lakehouse_assets.contracts.one_each import of_one_table, only
from lakehouse_assets.contracts.together import judged
from lakehouse_assets.contracts.types import ALLOWED, parse_type
from lakehouse_assets.contracts.validity import VERDICTS, problems_of
from lakehouse_assets.errors import ContractInvalid

REFERENCE = re.compile(r"(?P<column>\w+) REFERENCES (?P<parent>\w+\.\w+) \((?P<parent_column>\w+)\)")


@cache
def contracts(pipeline: str) -> Known:
    """Return the contracts of a pipeline by the id's last two parts, e.g. `silver.clean_readings`, `landing.readings`.

    Raises:
        ContractInvalid: there is no such pipeline, or it has no contracts. What is wrong with a file is raised to
            whoever asks for its table.
    """
    documents: dict[str, Mapping[str, Any]] = {}
    broken: dict[str, ContractInvalid] = {}
    unread: list[str] = []
    for file in files(pipeline):
        try:
            documents[file.name] = read_document(file)
        except ContractInvalid as error:
            label = error.facts.get("label") or label_in(file, pipeline)
            broken[file.name if label in broken else label] = error
            if "label" not in error.facts:
                unread.append(file.name)
    known = read_contracts(documents.values(), pipeline, broken, tuple(documents))
    nameless = [name for name, document in documents.items() if not is_name(document.get("name"))]
    return Known(known, known.broken, sorted([*unread, *nameless]))


def read_contracts(
    documents: Iterable[Mapping[str, Any]],
    pipeline: str,
    unread: Mapping[str, ContractInvalid] | None = None,
    names: Sequence[str] = (),
) -> Known:
    """Read ODCS documents of one pipeline as contracts by `layer.name`, and check them against each other.

    Control tables that the documents lack are added.

    Args:
        documents: as YAML gives them.
        pipeline: whose they are.
        unread: what is wrong with files that gave no document.
        names: of the documents' files.
    """
    given, parsed, broken = list(documents), dict[str, Contract](), dict(unread or {})
    made = [(document, "") for document in derived(pipeline, given)]
    for label, found in of_one_table([*zip(given, names or [""] * len(given), strict=True), *made]).items():
        one = only(label, found, parse_contract)
        if isinstance(one, Contract):
            parsed[label] = one
        else:
            broken[label] = one
    broken |= judged(parsed, broken, pipeline)
    return Known({name: one for name, one in parsed.items() if name not in broken}, broken)


def contract(pipeline: str, name: str) -> Contract:
    """Return one contract, found by `layer.name`."""
    found = contracts(pipeline)
    if name not in found and name not in found.broken:
        raise ContractInvalid(contract=name, problem=f"there is none in `{pipeline}`; there are {', '.join(found)}")
    return found[name]


def parse_contract(document: Mapping[str, Any], called: str = "(nameless)") -> Contract:
    """Read one ODCS document as a typed contract.

    Args:
        document: as YAML gives it.
        called: how it is called where it says no name that a table may have.

    Raises:
        ContractInvalid: something required is absent, unknown, or has a value outside its vocabulary; names all that
            could be seen at once.
    """
    root = Node(document)
    parsed = _contract(root)
    # What is in the document makes sense first, then what its parts say of each other.
    problems = root.problems or problems_of(parsed)
    if problems:
        raise refusal(parsed.name if is_name(parsed.name) else called, problems)
    return parsed


def _contract(root: Node) -> Contract:
    layer = properties.word(root, properties.TABLE[0])
    table = root.first("schema")
    return Contract(
        name=_name(root),
        version=root.text("version"),
        description=root.child("description").text("purpose"),
        grain=table.text("dataGranularityDescription"),
        owner=root.first("team").text("username"),
        columns=tuple(_column(item, layer) for item in table.children("properties", "column")),
        rules=tuple(_rule(item) for item in table.children("quality", "rule")),
        freshness_hours=_freshness(root),
        **{"layer": layer, "database": "", **properties.read(root, properties.TABLE, layer)},
    )


def _name(item: Node, *, landed: bool = False) -> str:
    """Return the name of a table, column or rule, and note it if nothing can be called so."""
    name = item.text("name")
    is_lacking = item.content.get("name") is None
    if not is_lacking and not (is_landed_name(name) if landed else is_name(name)):
        item.note(f"has name `{item.content['name']}`; it takes {LANDED if landed else TAKEN}")
    return name


def _freshness(root: Node) -> int | None:
    promised = [item for item in root.children("slaProperties") if item.content.get("property") == "freshness"]
    return promised[0].number("value") if promised else None


def _column(item: Node, layer: str) -> Column:
    if item.flag("primaryKey") and not item.content.get("primaryKeyPosition"):
        item.note("has `primaryKey: true` without its place in the key: add `primaryKeyPosition: 1`")
    return Column(
        name=_name(item, landed=layer == "landing"),
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
    code, verdict, description = _name(item), item.text("severity"), item.text("description")
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
