"""Reading contract files: YAML in, typed contracts out, one sentence about whatever is wrong."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, get_args

import yaml

from lakehouse_assets.contracts.model import Column, Contract, Kind, Layer, Reference, Rule, Verdict
from lakehouse_assets.contracts.packages import contracts_folder
from lakehouse_assets.errors import ContractInvalid

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's safe loader where it is there: ten times faster."""
REFERENCE = re.compile(r"(?P<column>\w+) REFERENCES (?P<parent>\w+\.\w+) \((?P<parent_column>\w+)\)")
TYPES = re.compile(r"STRING|INT|BIGINT|BOOLEAN|DATE|TIMESTAMP|DOUBLE|DECIMAL\([0-9]+,[0-9]+\)|ARRAY<(STRING|DATE)>")


@cache
def contracts(pipeline: str) -> dict[str, Contract]:
    """All contracts of a pipeline by their id's last two parts, e.g. `silver.clean_orders`, `landing.orders`.

    Raises:
        ContractInvalid: a file does not say what it must.
    """
    files = sorted((f for f in contracts_folder(pipeline).iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    loaded = [parse_contract(yaml.load(f.read_text("utf-8"), SAFE_LOADER)) for f in files]  # noqa: S506 - a safe one
    return {f"{c.layer}.{c.name}": c for c in loaded}


def contract(pipeline: str, name: str) -> Contract:
    """One contract by `layer.name`."""
    found = contracts(pipeline)
    if name not in found:
        raise ContractInvalid(contract=name, problem=f"there is none in `{pipeline}`; there are {', '.join(found)}")
    return found[name]


def parse_contract(document: dict[str, Any]) -> Contract:
    """One ODCS document as a typed contract.

    Raises:
        ContractInvalid: something required is absent or has a value outside its vocabulary.
    """
    name = str(document.get("name", "(nameless)"))
    try:
        properties = _properties(document)
        table = document["schema"][0]
        sla = {item["property"]: item["value"] for item in document.get("slaProperties", [])}
        parsed = Contract(
            name=name,
            database=properties["database"],
            layer=properties["layer"],  # type: ignore[arg-type] # checked below
            version=str(document["version"]),
            description=document["description"]["purpose"],
            grain=table["dataGranularityDescription"],
            owner=document["team"][0]["username"],
            columns=tuple(_column(item) for item in table["properties"]),
            rules=tuple(_rule(item) for item in table.get("quality", [])),
            properties=properties,
            freshness_hours=int(sla["freshness"]) if "freshness" in sla else None,
        )
    except (KeyError, IndexError) as error:
        raise ContractInvalid(contract=name, problem=f"lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ContractInvalid(contract=name, problem=f"holds a value of another kind: {error}") from error
    _check(parsed)
    return parsed


def _properties(item: dict[str, Any]) -> dict[str, str]:
    return {p["property"]: str(p["value"]) for p in item.get("customProperties", [])}


def _column(item: dict[str, Any]) -> Column:
    custom = _properties(item)
    return Column(
        name=item["name"],
        type=item["physicalType"],
        description=item["description"],
        required=bool(item.get("required", False)),
        key=int(item.get("primaryKeyPosition", 0)),
        unit=custom.get("unit"),
        source=custom.get("source"),
        optional=custom.get("optional", "").lower() == "true",
        path=custom.get("path"),
    )


def _rule(item: dict[str, Any]) -> Rule:
    kind = _properties(item)["kind"]
    text = item["implementation"].strip()
    match = REFERENCE.fullmatch(text) if kind == "reference" else None
    return Rule(
        code=item["name"],
        kind=kind,  # type: ignore[arg-type] # checked below
        verdict=item["severity"],
        description=item["description"],
        implementation=text,
        reference=Reference(**match.groupdict()) if match else None,
    )


def _check(parsed: Contract) -> None:
    """Refuse what the type system cannot see: types, vocabularies, keys, references."""
    problems = [f"column `{c.name}` has type `{c.type}`" for c in parsed.columns if not TYPES.fullmatch(c.type)]
    problems += [f"rule `{r.code}` has kind `{r.kind}`" for r in parsed.rules if r.kind not in get_args(Kind)]
    problems += [
        f"rule `{r.code}` has verdict `{r.verdict}`" for r in parsed.rules if r.verdict not in get_args(Verdict)
    ]
    problems += [f"rule `{r.code}` names no parent" for r in parsed.rules if r.kind == "reference" and not r.reference]
    problems += [f"column `{c.name}` is optional and required" for c in parsed.columns if c.optional and c.required]
    problems += [f"layer `{parsed.layer}`"] if parsed.layer not in get_args(Layer) else []
    names = [c.name for c in parsed.columns]
    problems += [f"column `{name}` twice" for name in sorted({n for n in names if names.count(n) > 1})]
    problems += [f"event_time `{parsed.event_time}` is no column"] if parsed.event_time not in {None, *names} else []
    if parsed.layer != "landing" and not parsed.key:
        problems.append("no key")
    if problems:
        raise ContractInvalid(contract=parsed.name, problem="; ".join(problems))
