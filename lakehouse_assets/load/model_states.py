"""Say of each gold table which version of its model it was built with, and why it is behind the one of now.

The version is noted beside the rows, as a property of the table that the same commit sets, and the run ledger knows
each version that a table has caught up with. A table of before versions were noted has neither, and is taken as it is.

Belongs here: reading and comparing, which writes nothing. Not here: building (`engines/gold.py`), and noting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import control_tables, model_sql, seeds
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.engines.damage import Damage, damage_of
from lakehouse_assets.engines.iceberg import MODEL
from lakehouse_assets.engines.reference import noted
from lakehouse_assets.errors import LakeIncomplete, TableDamaged, TableMissing
from lakehouse_assets.load.ledger import OpenLedger
from lakehouse_assets.sql.model_version import ABSENT, ModelVersion, model_versions, read_version
from lakehouse_assets.sql.usable import usable_models
from lakehouse_assets.storage.lake import Lake

FIRST_MAJOR = "1"
"""Stands for the major version of a table that does not say with which one it was built."""
UNKNOWN = "it does not say which version of its model it was built with"


@dataclass(frozen=True)
class ModelState:
    """Hold where one gold table stands.

    Attributes:
        contract: the table.
        version: of its code as it is now.
        built: the version that the table says it was built with; None when it says none, or is not there.
        is_there: whether there is a table.
        why: why it has to be built whole, in words that follow its name; None when it has not.
        damage: what is wrong with its files; None when they are all there.
    """

    contract: Contract
    version: ModelVersion
    built: ModelVersion | None
    is_there: bool
    why: str | None
    damage: Damage | None = None

    @property
    def may_reshape(self) -> bool:
        """Say whether the table may get other columns than it has: its contract has a new major version."""
        return self.version.parts["major"] != (self.built.parts.get("major") if self.built else FIRST_MAJOR)

    @property
    def is_taken_over(self) -> bool:
        """Say whether the table is one of before versions were noted, which is taken as it is, once."""
        return self.is_there and self.built is None and self.why is None


@dataclass(frozen=True)
class Models:
    """Hold the gold models of a pipeline, and the lake that their tables are in.

    Attributes:
        known: the pipeline's contracts by `layer.name`.
        selects: catalog name of each gold table that can be built -> its SELECT.
        seeds: of the pipeline's reference tables.
        ledger: the contract of its run ledger.
        lake: where the tables are.
    """

    known: Mapping[str, Contract]
    selects: Mapping[str, str]
    seeds: tuple[Seed, ...]
    ledger: Contract
    lake: Lake

    def states(self, ledger: OpenLedger | None = None) -> dict[str, ModelState]:
        """Return the state of every gold table by bare name, in the order in which they are built.

        Args:
            ledger: the run ledger, where it is open already.

        Raises:
            ContractInvalid: models read each other in a circle.
            BadRequest: a SELECT is no SQL.
            LakeElsewhere, LakeIncomplete: the lake cannot be read.
        """
        return self._states(None, ledger)

    def state(self, name: str, ledger: OpenLedger | None = None) -> ModelState:
        """Return the state of one gold table, given its bare name; nothing is read of the others.

        Raises:
            ContractInvalid, BadRequest, LakeElsewhere, LakeIncomplete: as `states`.
            KeyError: there is no such table.
        """
        return self._states(name, ledger)[name]

    def _states(self, only: str | None, ledger: OpenLedger | None) -> dict[str, ModelState]:
        gold = {contract.catalog_name: contract for contract in self.known.values() if contract.layer == "gold"}
        versions = model_versions(self.known.values(), self.selects, self.seeds)
        seen = (ledger or OpenLedger(self.ledger, self.lake)).caught_up() if gold else {}
        wanted = ((gold[name], version) for name, version in versions.items() if only in {None, gold[name].name})
        return {contract.name: _state(contract, version, self.lake, seen) for contract, version in wanted}

    def held(self, version: ModelVersion) -> ModelVersion:
        """Return the version for what the tables that the model reads hold now, which is what a build has read.

        A table that is read may itself be behind, when it was not built in this run: then so is what was made of it.
        """
        by_name = {contract.catalog_name: contract for contract in self.known.values()}
        return version.reading({name: _held(by_name[name], self.lake) for name in version.read})


def models_of(pipeline: str, lake: Lake) -> Models:
    """Return the gold models of a pipeline that can be built, over a lake.

    Raises:
        ContractInvalid: the contract of the run ledger, or of a reference table, is broken.
    """
    known = contracts(pipeline)
    selects = usable_models(known, lambda contract: model_sql(pipeline, contract.name)).selects
    return Models(known, selects, seeds(known, pipeline), control_tables(known, pipeline)["run_ledger"], lake)


def _state(contract: Contract, version: ModelVersion, lake: Lake, seen: Mapping[str, set[str]]) -> ModelState:
    said = seen.get(contract.name, set())
    try:
        damage = damage_of(contract, lake)
        built = None if damage and damage.is_unreadable else _noted(contract, lake)
    except TableMissing:
        return ModelState(contract, version, None, is_there=False, why="it was gone" if said else None)
    if damage:
        return ModelState(contract, version, built, is_there=True, why=damage.words, damage=damage)
    if built is None:
        # Only a table that had a version before is behind: any other is of before there were versions.
        return ModelState(contract, version, None, is_there=True, why=UNKNOWN if "model" in said else None)
    return ModelState(contract, version, built, is_there=True, why=version.differs(built) or None)


def _held(contract: Contract, lake: Lake) -> str:
    if contract.layer == "reference":
        return noted(lake.find_delta(contract)) or ABSENT
    try:
        built = _noted(contract, lake)
    except (TableMissing, TableDamaged, LakeIncomplete):  # gone or spoilt: it is built anew, and who has read it then
        return ABSENT
    return built.code if built else ABSENT


def _noted(contract: Contract, lake: Lake) -> ModelVersion | None:
    return read_version(lake.iceberg_document(contract).get("properties", {}).get(MODEL))
