"""Tell gold models that can be built from those that cannot, as far as contracts and SELECTs show without a lake.

A model that cannot be built stops itself and the models that read it, no others. Not here: what a statement would only
be told by an engine, such as a column that there is not (`engines/binding.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.known import Known, refusal
from lakehouse_assets.contracts.layers import stored_tables
from lakehouse_assets.errors import BadRequest, ContractInvalid, LakehouseError
from lakehouse_assets.sql.models import levels, sources, tables_read


@dataclass(frozen=True)
class Models:
    """Hold the gold models of a pipeline.

    Attributes:
        selects: the SELECT of each that can be built, by catalog name.
        broken: why each of the others cannot, by `gold.name`; contracts that are broken are among them.
    """

    selects: Mapping[str, str]
    broken: Mapping[str, LakehouseError]


def usable_models(known: Known, select_of: Callable[[Contract], str]) -> Models:
    """Return the gold models of a pipeline that can be built, and why the others cannot.

    Args:
        known: the pipeline's contracts.
        select_of: returns the SELECT of a gold table, or raises a ContractInvalid when there is none.
    """
    gold = {contract.catalog_name: contract for contract in known.values() if contract.layer == "gold"}
    broken: dict[str, LakehouseError] = dict(known.broken)
    selects: dict[str, str] = {}
    for name, contract in gold.items():
        try:
            selects[name] = select_of(contract)
            tables_read(selects[name])
        except BadRequest as error:
            broken[_label(contract)] = refusal(_label(contract), [f"its SELECT is not usable: {error}"])
        except ContractInvalid as error:
            broken[_label(contract)] = error
    _leave_out_circles(selects, gold, broken)
    while lost := _lost(selects, gold, known, broken):
        broken |= lost
    usable = {name: text for name, text in selects.items() if _label(gold[name]) not in broken}
    return Models(usable, {name: error for name, error in broken.items() if name.startswith("gold.")})


def _label(contract: Contract) -> str:
    return f"gold.{contract.name}"


def _leave_out_circles(
    selects: Mapping[str, str], gold: Mapping[str, Contract], broken: dict[str, LakehouseError]
) -> None:
    """Note the models that read each other in a circle, one circle after the other."""
    while True:
        left = {name: text for name, text in selects.items() if _label(gold[name]) not in broken}
        try:
            levels(left)
        except ContractInvalid as error:
            broken[_label(gold[str(error.facts["contract"])])] = error
        else:
            return


def _lost(
    selects: Mapping[str, str], gold: Mapping[str, Contract], known: Known, broken: Mapping[str, LakehouseError]
) -> dict[str, LakehouseError]:
    """Return why further models cannot be built: they read a broken table, or one that there is not."""
    stored = stored_tables(known.values())
    found: dict[str, LakehouseError] = {}
    for name, text in selects.items():
        if _label(gold[name]) in broken:
            continue
        causes = [(table, error) for table in tables_read(text) if (error := _why_broken(table, stored, broken))]
        if causes:
            table, error = causes[0]
            found[_label(gold[name])] = refusal(_label(gold[name]), [f"its SELECT reads `{table}`: {error}"], table)
            continue
        try:
            sources(gold[name], text, known)
        except ContractInvalid as error:
            found[_label(gold[name])] = error
    return found


def _why_broken(
    table: str, stored: Mapping[str, Contract], broken: Mapping[str, LakehouseError]
) -> LakehouseError | None:
    """Return what is wrong with the table of a catalog name, if it is a broken one."""
    name = table.rpartition(".")[2]
    layers = [stored[table].layer] if table in stored else ["reference", "silver", "control", "gold"]
    return next((broken[label] for label in (f"{layer}.{name}" for layer in layers) if label in broken), None)
