"""Keep the released state of contracts, committed beside them, so that changes are compared with what readers use.

The product's own contracts have one file, those that a pipeline's package brings have one among them. Belongs here:
reading and writing `released.json`, comparing it with the contract files. Not here: what a difference means
(`changes`). The file holds structure only: versions, columns, keys, rules, properties; no descriptions.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts import change_log
from lakehouse_assets.contracts.change_log import Release
from lakehouse_assets.contracts.changes import Change, check_release
from lakehouse_assets.contracts.model import Column, Contract, Effect, Rule
from lakehouse_assets.contracts.packages import contracts_folder
from lakehouse_assets.contracts.reader import contracts, reference_of
from lakehouse_assets.errors import ContractInvalid

RELEASED = Path(__file__).with_name("released.json")
"""Holds the released state of the product's own pipelines, in one file."""
WORDS = {"description", "owner"}


def state_of(pipeline: str) -> Path:
    """Return the path of a pipeline's released state, which need not exist; an own package keeps it with its contracts.

    Raises:
        ContractInvalid: as `contracts_folder`.
    """
    folder = Path(str(contracts_folder(pipeline)))
    return RELEASED if folder.parent == RELEASED.parent else folder / RELEASED.name


def released(pipeline: str, path: Path | None = None) -> dict[str, Contract]:
    """Return the released contracts of a pipeline by `layer.name`, without their words; empty when none was released.

    Raises:
        ContractInvalid: the file cannot be read as released contracts.
    """
    path = path or state_of(pipeline)
    try:
        return {name: _from_facts(facts) for name, facts in _document(path).get(pipeline, {}).items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def check_all(pipeline: str, path: Path | None = None) -> dict[str, Change]:
    """Return, per released contract, what changed since its release, if all of it may be released.

    Raises:
        ContractBreaking: a contract changed in a breaking way without a higher major version.
        ContractInvalid: a released contract's file is gone, or its version makes no sense.
    """
    path, now, changes = path or state_of(pipeline), contracts(pipeline), {}
    now.require_sound()
    for name, old in released(pipeline, path).items():
        if name not in now:
            problem = f"{old.version} was released and its file is gone; bring it back, or delete it from {path.name}"
            raise ContractInvalid(contract=name, problem=problem)
        changes[name] = check_release(old, now[name])
    return changes


def is_current(pipeline: str, path: Path | None = None) -> bool:
    """Say whether the released state equals the contract files; if not, `release` is due."""
    return bool(_document(path or state_of(pipeline)).get(pipeline) == _facts_of_all(pipeline))


def release(pipeline: str, path: Path | None = None) -> dict[str, Change]:
    """Check the pipeline's contracts, make them the released state, note what changed in the log, and return it.

    Raises:
        ContractBreaking: as `check_all`; nothing is written then.
        ContractInvalid: likewise.
    """
    path = path or state_of(pipeline)
    before, changes = released(pipeline, path), check_all(pipeline, path)
    document = {**_document(path), pipeline: _facts_of_all(pipeline)}
    path.write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    today = datetime.now(UTC).date()
    change_log.note(log_of(path), Release(pipeline, today, before, contracts(pipeline), changes))
    return changes


def log_of(path: Path) -> Path:
    """Return the path of the change log that belongs to a released state."""
    return path.with_name(change_log.NAME)


def _document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise _unreadable(path, error) from error
    return document


def _unreadable(path: Path, error: Exception) -> ContractInvalid:
    problem = f"does not hold released contracts ({error}); restore it from version control"
    return ContractInvalid(contract=path.name, problem=problem)


def _facts_of_all(pipeline: str) -> dict[str, Any]:
    return {name: _to_facts(contract) for name, contract in contracts(pipeline).items()}


def _to_facts(contract: Contract) -> dict[str, Any]:
    facts = _said(contract)
    facts["columns"] = [_said(column) for column in contract.columns]
    # A rule's reference is read from its implementation, so it is no fact of its own.
    facts["rules"] = [_without(_said(rule), {"reference"}) for rule in contract.rules]
    return facts | ({"affects": [_said(effect) for effect in contract.affects]} if contract.affects else {})


def _said(value: Column | Rule | Effect | Contract) -> dict[str, Any]:
    """Return the fields that differ from their defaults, without descriptive words, so that the file stays readable."""
    known = [(field, getattr(value, field.name)) for field in fields(value) if field.name not in WORDS]
    said = {field.name: found for field, found in known if found != field.default}
    return {name: list(found) if isinstance(found, tuple) else found for name, found in said.items()}


def _without(facts: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}


def _from_facts(facts: dict[str, Any]) -> Contract:
    listed = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
    columns = tuple(Column(description="", **column) for column in facts["columns"])
    rules = tuple(Rule(description="", **_with_reference(rule)) for rule in facts["rules"])
    affects = tuple(Effect(**effect) for effect in facts.get("affects", ()))
    known = {**listed, "columns": columns, "rules": rules, "affects": affects}
    return Contract(**{**facts, **known, "description": "", "owner": ""})


def _with_reference(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "reference": reference_of(rule["kind"], rule.get("implementation", ""))}
