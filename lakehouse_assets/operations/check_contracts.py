"""Find before any run what a run would: broken contracts, models and rules that an engine would not take.

Each function yields findings about one kind of thing; `findings` puts them together. No lake is read or written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlglot import exp

from lakehouse_assets.contracts import Contract, Rule, contracts
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.contracts.checks import WHOLE, assertion_sql
from lakehouse_assets.contracts.known import Known, bare_name
from lakehouse_assets.contracts.layers import control_name, model_sql, stored_tables
from lakehouse_assets.contracts.model import ASSERTIONS
from lakehouse_assets.errors import BadRequest, ContractBreaking, ContractInvalid
from lakehouse_assets.operations.check_models import model_findings
from lakehouse_assets.operations.findings import REFUSALS, Files, Finding, refused, said
from lakehouse_assets.sql.dialects import tree_of
from lakehouse_assets.sql.models import tables_read
from lakehouse_assets.sql.predicates import predicate_problem
from lakehouse_assets.sql.trial import text_hint
from lakehouse_assets.sql.usable import Models, usable_models

if TYPE_CHECKING:
    from lakehouse_assets.operations.empty_lake import EmptyLake


def findings(pipeline: str, zone: str) -> list[Finding]:
    """Return everything that is wrong with a pipeline's contracts, models, rules and seeds, by file and line.

    Args:
        pipeline: its name.
        zone: its source time zone.

    Raises:
        ContractInvalid: there is no such pipeline, or it has no contracts.
    """
    from lakehouse_assets.operations.empty_lake import empty_lake

    known, files = contracts(pipeline), Files(pipeline)
    models = usable_models(known, lambda contract: model_sql(pipeline, contract.name))
    found = [*_broken(known, files), *_unusable(known, models, files), *_untouched(known, models, pipeline, files)]
    with empty_lake(known.values(), zone) as lake:
        for contract in known.values():
            wrong = list(_rules(contract, known, lake, files))
            found += wrong
            if contract.layer == "reference" and not wrong:
                found += _seed(pipeline, contract, lake, files)
        for contract in (c for c in known.values() if c.catalog_name in models.selects):
            found += model_findings(contract, models.selects[contract.catalog_name], lake, files)
    found += _released(pipeline, known, files)
    return sorted(dict.fromkeys(found), key=lambda f: (f.is_hint, f.file, f.line, f.problem))


def assembled() -> list[Finding]:
    """Return what keeps the pipelines of the settings from being one installation: imports, and places used twice."""
    from lakehouse_assets.pipelines import all_pipelines

    try:
        all_pipelines()
    except ContractInvalid as error:
        return refused(error, str(error.facts["contract"]))
    except Exception as error:  # noqa: BLE001 - a pipeline's own module may fail in any way
        return [Finding("pipelines", f"cannot be imported: {type(error).__name__}: {said(error)}")]
    return []


def _broken(known: Known, files: Files) -> Iterator[Finding]:
    """Report what reading the contracts has found."""
    for name, error in known.broken.items():
        yield from (files.placed(finding) for finding in refused(error, name))


def _unusable(known: Known, models: Models, files: Files) -> Iterator[Finding]:
    """Report models that are no SQL, read what they may not, or read each other."""
    for name, error in models.broken.items():
        if name not in known.broken:
            needs = error.facts.get("needs")
            problem = f"its SELECT reads `{needs}`, which is broken" if needs else str(error.facts["problem"])
            yield files.placed(Finding(name, problem, "select"), problem)


def _untouched(known: Known, models: Models, pipeline: str, files: Files) -> Iterator[Finding]:
    """Report windows that no silver table touches, and silver tables whose changes a model would not notice."""
    silver = [contract for contract in known.values() if contract.layer == "silver"]
    touching = {effect.window for contract in silver for effect in contract.affects}
    windows = touched_columns(known.get(control_name(pipeline, "run_ledger")))
    if known.of_layers(["silver"]):
        return  # what they touch is not known
    for contract in (c for c in known.values() if c.layer == "gold" and c.window_source):
        window = str(contract.window_source).removeprefix("touched_")
        label = f"gold.{contract.name}"
        if window in windows and window not in touching:
            there = ", ".join(f"`{name}`" for name in sorted(touching)) or "none"
            problem = (
                f"`window_source: {contract.window_source}` is touched by nobody: no silver contract has a window "
                f"`{window}` under `affects` (there are {there}), so changed rows would never reach the table"
            )
            yield files.placed(Finding(label, problem))
            continue
        read = tables_read(models.selects[contract.catalog_name]) if contract.catalog_name in models.selects else ()
        for table in silver:
            if table.catalog_name in read and window not in {effect.window for effect in table.affects}:
                problem = f"reads `{table.catalog_name}`, whose changed rows touch no `{window}` (`affects`)"
                yield files.placed(Finding(label, problem, "select", is_hint=True), f"`{table.catalog_name}`")


def _rules(contract: Contract, known: Known, lake: EmptyLake, files: Files) -> Iterator[Finding]:
    """Report rules that an engine would not take, each by itself, and `affects` likewise."""
    label = f"{contract.layer}.{contract.name}"
    # Together they are one statement; only when that is refused each is asked by itself.
    wrong = {rule: problem for rule in contract.rules_of("row") if (problem := predicate_problem(rule.implementation))}
    together = not wrong and _are_well(contract, lake)
    for rule in contract.rules:
        is_well = together and rule.kind == "row"
        problem = wrong.get(rule) or (None if is_well else _asked(contract, rule, known, lake))
        if problem:
            problem = f"rule `{rule.code}`: {problem}"
            yield files.placed(Finding(label, problem), f"rule `{rule.code}` implementation")
    if contract.layer == "silver":
        for problem in _unguarded(contract):
            yield files.placed(Finding(label, problem))
        for effect in contract.affects:
            try:
                lake.affected(replace(contract, affects=(effect,)))
            except REFUSALS as error:
                yield files.placed(Finding(label, f"`affects` of window `{effect.window}`: {said(error)}"))


def _are_well(contract: Contract, lake: EmptyLake) -> bool:
    """Say whether an engine takes all rules of rows at once."""
    if contract.layer not in {"silver", "reference"}:
        return False
    try:
        lake.judge(contract)
    except REFUSALS:
        return False
    return True


def _unguarded(contract: Contract) -> Iterator[str]:
    """Report required columns that no rule which rejects looks at: a row without their value would fail the run."""
    read = {
        node.name.lower()
        for rule in contract.rules_of("row")
        if rule.verdict == "reject"
        for node in _columns_of(rule.implementation)
    }
    for column in contract.content:
        if (column.required or column.key) and str(column.source).lower() not in read:
            yield (
                f"column `{column.name}` is required, and no rule with verdict reject looks at `{column.source}`: a "
                "row without its value would fail the run; add such a rule, or make the column optional"
            )


def _columns_of(condition: str) -> Iterator[exp.Column]:
    try:
        yield from tree_of(f"SELECT {condition}").find_all(exp.Column)
    except BadRequest:  # what is no SQL is found by itself
        return


def _asked(contract: Contract, rule: Rule, known: Known, lake: EmptyLake) -> str | None:
    """Ask a rule of tables without rows; return why it is refused, unless it is for a broken table that it reads."""
    moment = datetime(2025, 4, 1)  # noqa: DTZ001 - the run's clock, zone-less UTC in SQL
    try:
        if rule.kind == "row":
            lake.judge(replace(contract, rules=(rule,)))
        elif rule.kind in {"load", *ASSERTIONS}:
            sql, stored = assertion_sql(contract, rule), stored_tables(known.values())
            strange = [name for name in tables_read(sql) if name not in stored]
            if strange:
                broken = {bare_name(label) for label in known.broken}
                there = f"which is no table of this pipeline; there are {', '.join(stored)}"
                return None if strange[0].rpartition(".")[2] in broken else f"it reads `{strange[0]}`, {there}"
            lake.schema(sql, {"as_of": moment, **WHOLE} if rule.kind != "load" else None)
    except REFUSALS as error:
        return said(error) + (text_hint(contract, rule) if rule.kind == "row" and isinstance(error, BadRequest) else "")
    return None


def _seed(pipeline: str, contract: Contract, lake: EmptyLake, files: Files) -> Iterator[Finding]:
    """Report a seed that breaks its contract, or is not there."""
    from lakehouse_assets.errors import SeedInvalid

    label = f"reference.{contract.name}"
    try:
        lake.plant(pipeline, contract)
    except SeedInvalid as error:
        yield files.placed(Finding(label, str(error.facts["problem"]), "seed"))
    except REFUSALS as error:
        yield files.placed(Finding(label, said(error)))


def _released(pipeline: str, known: Known, files: Files) -> Iterator[Finding]:
    """Report changes that may not be released; what may be and is not yet is a hint."""
    from lakehouse_assets.contracts import released

    if known.broken:
        return
    try:
        changes = released.check_all(pipeline)
    except (ContractBreaking, ContractInvalid) as error:
        yield files.placed(Finding(str(error.facts["contract"]), str(error)), "version")
        return
    for name, change in changes.items():
        if change.kind != "none":
            text = f"changed since its release ({'; '.join(change.reasons)}); `lakehouse contracts --release` notes it"
            yield files.placed(Finding(name, text, is_hint=True), "version")
