"""Say of each gold table which version of its model it was built with, and why it is behind the one of now.

The version is noted beside the rows, as a property of the table that the same commit sets, and the run ledger knows
each version that a table has caught up with. A table of before versions were noted has neither, and is taken as it is.

Belongs here: reading and comparing, which writes nothing. Not here: building (`engines/gold.py`), and noting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import control_tables, model_sql, seeds
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.engines.iceberg import MODEL
from lakehouse_assets.engines.reference import noted
from lakehouse_assets.errors import TableMissing
from lakehouse_assets.load.ledger import caught_up
from lakehouse_assets.sql.model_version import ABSENT, ModelVersion, model_versions, read_version
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
    """

    contract: Contract
    version: ModelVersion
    built: ModelVersion | None
    is_there: bool
    why: str | None

    @property
    def may_reshape(self) -> bool:
        """Say whether the table may get other columns than it has: its contract has a new major version."""
        return self.version.parts["major"] != (self.built.parts.get("major") if self.built else FIRST_MAJOR)

    @property
    def is_taken_over(self) -> bool:
        """Say whether the table is one of before versions were noted, which is taken as it is, once."""
        return self.is_there and self.built is None and self.why is None


def states_of(pipeline: str, lake: Lake) -> dict[str, ModelState]:
    """Return the state of every gold table of a pipeline by bare name, in the order in which they are built.

    Raises:
        ContractInvalid: a contract or a model of the pipeline cannot be read.
        LakeElsewhere, LakeIncomplete: the lake cannot be read.
    """
    known = contracts(pipeline)
    models = {c.catalog_name: model_sql(pipeline, c.name) for c in known.values() if c.layer == "gold"}
    return model_states(known, models, seeds(known, pipeline), control_tables(known, pipeline)["run_ledger"], lake)


def model_states(
    known: Mapping[str, Contract], models: Mapping[str, str], seeded: Iterable[Seed], ledger: Contract, lake: Lake
) -> dict[str, ModelState]:
    """Return the state of every gold table by bare name, in the order in which they are built.

    Args:
        known: the pipeline's contracts.
        models: catalog name of each gold table -> its SELECT.
        seeded: the seeds of its reference tables.
        ledger: the contract of its run ledger.
        lake: where the tables are.
    """
    gold = {contract.catalog_name: contract for contract in known.values() if contract.layer == "gold"}
    versions, seen = model_versions(known.values(), models, seeded), caught_up(ledger, lake) if gold else {}
    return {gold[name].name: _state(gold[name], v, lake, seen) for name, v in versions.items()}


def _state(contract: Contract, version: ModelVersion, lake: Lake, seen: Mapping[str, set[str]]) -> ModelState:
    said = seen.get(contract.name, set())
    try:
        built = _noted(contract, lake)
    except TableMissing:
        return ModelState(contract, version, None, is_there=False, why="it was gone" if said else None)
    if built is None:
        # Only a table that had a version before is behind: any other is of before there were versions.
        return ModelState(contract, version, None, is_there=True, why=UNKNOWN if "model" in said else None)
    return ModelState(contract, version, built, is_there=True, why=version.differs(built) or None)


def held_versions(version: ModelVersion, known: Mapping[str, Contract], lake: Lake) -> ModelVersion:
    """Return the version for what the tables that the model reads hold now, which is what a build has read.

    A table that is read may itself be behind, when it was not built in this run: then so is what was made of it.
    """
    by_name = {contract.catalog_name: contract for contract in known.values()}
    return version.reading({name: _held(by_name[name], lake) for name in version.read})


def _held(contract: Contract, lake: Lake) -> str:
    if contract.layer == "reference":
        return noted(lake.find_delta(contract)) or ABSENT
    try:
        built = _noted(contract, lake)
    except TableMissing:
        return ABSENT
    return built.code if built else ABSENT


def _noted(contract: Contract, lake: Lake) -> ModelVersion | None:
    return read_version(lake.iceberg_document(contract).get("properties", {}).get(MODEL))
