"""Find which Python package holds a pipeline, and where its contracts, gold SELECTs and seeds are.

Here: names and folders, read from the setting `pipelines`. Not here: what is in the files, and the pipeline's assets,
which only the graph imports.
"""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec

from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.settings import pipeline_packages

OURS = "lakehouse_assets.contracts"
"""Names the package that holds the contracts of the product's own pipelines, a folder each."""


def pipelines() -> tuple[str, ...]:
    """Return the names of all pipelines, sorted.

    Raises:
        SettingsInvalid: the setting names no packages.
    """
    return tuple(sorted(_packages()))


def package_of(pipeline: str) -> str:
    """Return the Python package of a pipeline.

    Raises:
        ContractInvalid: no package of this name is set.
    """
    known = _packages()
    if pipeline not in known:
        problem = f"there is no pipeline of this name; there are: {', '.join(sorted(known))}"
        raise ContractInvalid(contract=pipeline, problem=problem)
    return known[pipeline]


def contracts_folder(pipeline: str) -> Traversable:
    """Return the folder of a pipeline's contracts: `contracts/` in its package, or its folder among the product's own.

    Raises:
        ContractInvalid: there is no such pipeline, or it has no contracts.
    """
    package = package_of(pipeline)
    for folder in (_files(package, pipeline) / "contracts", resources.files(OURS) / pipeline):
        if folder.is_dir():
            return folder
    raise ContractInvalid(contract=pipeline, problem=f"package `{package}` has no folder `contracts`")


def file_of(pipeline: str, folder: str, name: str) -> Traversable:
    """Return a file of a pipeline's package, such as `sql` / `daily_weather.sql`; it need not exist."""
    return _files(package_of(pipeline), pipeline) / folder / name


def module_of(pipeline: str, name: str) -> str | None:
    """Return a module of a pipeline's package by its full name, such as its `sample`; None if the package lacks it.

    Raises:
        ContractInvalid: there is no such pipeline, or its package cannot be imported.
    """
    package = package_of(pipeline)
    _files(package, pipeline)
    path = f"{package}.{name}"
    return path if find_spec(path) else None


def _packages() -> dict[str, str]:
    """Return the packages by pipeline.

    Raises:
        ContractInvalid: two of them have one name, which is also that of their pipelines.
    """
    found: dict[str, str] = {}
    for package in pipeline_packages():
        name = package.rpartition(".")[2]
        other = found.setdefault(name, package)
        if other != package:
            problem = f"`{other}` and `{package}` are both packages of this name; see LAKEHOUSE_PIPELINES"
            raise ContractInvalid(contract=name, problem=problem)
    return found


def _files(package: str, pipeline: str) -> Traversable:
    try:
        return resources.files(package)
    except ModuleNotFoundError as error:
        problem = f"its package `{package}` cannot be imported ({error}); see LAKEHOUSE_PIPELINES"
        raise ContractInvalid(contract=pipeline, problem=problem) from error
