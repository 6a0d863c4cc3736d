"""Contracts: one ODCS v3.1 YAML file per table, and the typed view of them that everything else is generated from.

Belongs here: reading the files, saying what is wrong with one, classifying a change. Not here: SQL, engines, Dagster.
The standard: https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

from lakehouse_assets.contracts.model import Column, Contract, Effect, Rule
from lakehouse_assets.contracts.reader import contract, contracts

__all__ = ["Column", "Contract", "Effect", "Rule", "contract", "contracts"]
