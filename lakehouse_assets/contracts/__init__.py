"""Read contracts: one ODCS v3.1 YAML file per table, and the typed view of it that everything else is generated from.

Belongs here: reading the files, saying what is wrong with one, classifying a change. Not here: SQL, engines, Dagster.
The standard: https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
The reader and its YAML are imported when a contract is read, not by everybody who knows what a contract is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse_assets.contracts.model import Column, Contract, Effect, Rule

if TYPE_CHECKING:
    from lakehouse_assets.contracts.known import Known

__all__ = ["Column", "Contract", "Effect", "Rule", "contract", "contracts"]


def contracts(pipeline: str) -> Known:
    """Return the sound contracts of a pipeline by `layer.name`, and what is wrong with the others (`reader.contracts`).

    Raises:
        ContractInvalid: there is no such pipeline, or it has no contracts.
    """
    from lakehouse_assets.contracts import reader

    return reader.contracts(pipeline)


def contract(pipeline: str, name: str) -> Contract:
    """Return one contract, found by `layer.name`.

    Raises:
        ContractInvalid: as `contracts`, or there is none of this name.
    """
    from lakehouse_assets.contracts import reader

    return reader.contract(pipeline, name)
