"""Find the pipelines of this installation: those of the packages that the setting `pipelines` names.

A package holds its pipeline, of the name of the package, as `PIPELINE` in its module `pipeline`. Not here: what a
pipeline is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.layers import table_location
from lakehouse_assets.contracts.packages import package_of
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.settings import read_settings


def all_pipelines(packages: Iterable[str] | None = None) -> tuple[Pipeline, ...]:
    """Return the pipelines of these packages, of those in the settings when None, in their order.

    Raises:
        ContractInvalid: a package has no pipeline, or one of another name, or two tables would lie in one place.
    """
    found = tuple(_pipeline(package) for package in (read_settings().pipelines if packages is None else packages))
    refuse_shared_places(found)
    return found


def refuse_shared_places(found: Iterable[Pipeline]) -> None:
    """Refuse tables that would lie in one folder of the lake, or be one asset of the graph.

    All Delta tables lie in one folder, whatever their database, and an asset is named by its layer and table; so two
    pipelines that each know nothing of the other may name a table alike.

    Raises:
        ContractInvalid: names both tables.
    """
    taken: dict[str, tuple[str, Contract]] = {}
    for pipeline in found:
        for name, contract in pipeline.contracts.items():
            for place in _places(contract):
                other, first = taken.setdefault(place, (pipeline.name, contract))
                if first is not contract:
                    both = f"`{first.catalog_name}` of `{other}` and `{contract.catalog_name}` of `{pipeline.name}`"
                    raise ContractInvalid(contract=name, problem=f"{both} would both {place}; rename one of them")


def _places(contract: Contract) -> Iterator[str]:
    """Yield in words what no other table may do: lie where this one lies, and be the asset that this one is."""
    if contract.layer != "landing":
        yield f"lie in `{table_location(contract, '<lake>')}`"
    yield f"be the asset `{contract.layer}/{contract.name}`"


def pipeline_of(name: str) -> Pipeline:
    """Return one pipeline by name.

    Raises:
        ContractInvalid: there is none of this name.
    """
    return _pipeline(package_of(name))


def _pipeline(package: str) -> Pipeline:
    name = package.rpartition(".")[2]
    try:
        found = getattr(import_module(f"{package}.pipeline"), "PIPELINE", None)
    except ModuleNotFoundError as error:
        problem = f"its module `{package}.pipeline` cannot be imported ({error}); see LAKEHOUSE_PIPELINES"
        raise ContractInvalid(contract=name, problem=problem) from error
    if not isinstance(found, Pipeline) or found.name != name:
        problem = f"`{package}.pipeline` holds no `PIPELINE` of the name `{name}`"
        raise ContractInvalid(contract=name, problem=problem)
    return found
