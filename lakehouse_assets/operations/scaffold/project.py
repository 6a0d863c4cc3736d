"""Know the project that a new file goes into: its folders, contracts and what `contracts check` says of it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lakehouse_assets.contracts import Contract, contracts, reader
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.contracts.layers import control_name
from lakehouse_assets.contracts.packages import contracts_folder, file_of
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.scaffold import dataset, model
from lakehouse_assets.operations.scaffold.columns import require_name

OWNER = "data@example.com"


@dataclass(frozen=True)
class Project:
    """Hold one pipeline's package, which is there."""

    pipeline: str

    @property
    def known(self) -> Mapping[str, Contract]:
        """Return its contracts as they are now."""
        reader.contracts.cache_clear()
        return contracts(self.pipeline)

    @property
    def contracts(self) -> Path:
        """Return the folder of its contracts."""
        return Path(os.path.relpath(str(contracts_folder(self.pipeline))))

    def folder(self, name: str) -> Path:
        """Return a folder of its package, such as `sql`, whether it is there or not."""
        return Path(os.path.relpath(str(file_of(self.pipeline, name, "x")))).parent

    def problems(self) -> list[str]:
        """Return what `contracts check` finds wrong; hints are left out."""
        from lakehouse_assets.operations.check_contracts import findings
        from lakehouse_assets.settings import read_settings

        reader.contracts.cache_clear()
        found = findings(self.pipeline, read_settings().zone_of(self.pipeline))
        return [f"{one.table}: {' '.join(one.problem.split())}" for one in found if not one.is_hint]

    def table(self, name: str) -> Contract:
        """Return the contract of a stored table by its bare name, catalog name or asset key.

        Raises:
            BadRequest: there is none; the message lists them.
        """
        bare = name.replace("/", ".").rpartition(".")[2]
        stored = [c for c in self.known.values() if c.layer in {"silver", "gold", "reference"}]
        for contract in stored:
            if contract.name == bare:
                return contract
        there = ", ".join(f"`{c.name}`" for c in stored)
        raise BadRequest(message=f"there is no table `{name}` in `{self.pipeline}`; there are {there}")

    def require_new(self, name: str, layer: str) -> None:
        """Refuse the name of a table that there is.

        Raises:
            BadRequest: see above.
        """
        require_name(name, "table")
        if f"{layer}.{name}" in self.known:
            raise BadRequest(message=f"there is a {layer} table `{name}` already")

    def database(self, layer: str) -> str:
        """Return the database of a layer: that of its other tables, else one named by the pipeline."""
        other = "lakehouse" if layer == "silver" else "gold"
        return next((c.database for c in self.known.values() if c.layer == layer), f"{self.pipeline}_{other}")

    @property
    def owner(self) -> str:
        """Return who owns most of its tables."""
        owners = [c.owner for c in self.known.values() if c.owner]
        return max(owners, key=owners.count, default=OWNER)

    @property
    def has_dates(self) -> bool:
        """Say whether gold is built by a window `dates`, which silver has to touch."""
        ledger = self.known.get(control_name(self.pipeline, "run_ledger"))
        return "dates" in touched_columns(ledger)


def model_of(
    project: Project, name: str, source: Contract, key: Sequence[str], measures: Sequence[str]
) -> dict[Path, str]:
    """Return the files of a new model.

    Raises:
        BadRequest: there is such a table, or a column is not there.
    """
    project.require_new(name, "gold")
    window = _window(source, key)
    asked = model.Model(project.pipeline, name, source, key, measures, project.database("gold"), project.owner, window)
    return model.drafted(asked, project.contracts, project.folder("sql"), project.folder("tests"))


def _window(source: Contract, key: Sequence[str]) -> tuple[str, str] | None:
    """Return by which column of the key a model can be built, and the parameter that says what was touched."""
    if source.layer == "gold":
        return (source.window, source.window_source or "") if source.window in key and source.window else None
    for effect in source.affects:
        if effect.column in key and effect.column:
            return effect.column, f"touched_{effect.window}"
    return None


def new_pipeline(folder: Path, name: str, data: dataset.Dataset, measures: Sequence[str]) -> dict[Path, str]:
    """Return the files of a new package with one dataset and a gold model by day, or by key where no column is a day.

    Args:
        folder: that the package lies in.
        name: of pipeline and package.
        data: the dataset.
        measures: columns that the model sums.
    """
    from lakehouse_assets.contracts.reader import parse_contract
    from lakehouse_assets.operations.scaffold.pipeline import INIT, module_text

    package = folder / name
    files = dataset.drafted(data, package / "contracts", package / "tests")
    source, key = parse_contract(dataset.silver(replace(data, windows=True))), [data.day] if data.day else data.key
    asked = model.Model(
        name, f"daily_{data.name}" if data.day else f"{data.name}_by_key", source, key, measures, f"{name}_gold",
        data.owner, _window(source, key),
    )  # fmt: skip
    files |= model.drafted(asked, package / "contracts", package / "sql", package / "tests")
    first = {package / "__init__.py": INIT.format(name=name), package / "pipeline.py": module_text(name, data.owner)}
    return first | files


def install(folder: Path, name: str) -> None:
    """Let this process have a package that was just written, beside those of the settings.

    Raises:
        BadRequest: a module of this name is there already.
    """
    from lakehouse_assets.settings import pipeline_packages, process_environment

    environment, packages = process_environment(), [*pipeline_packages()]
    if name not in packages:
        environment["LAKEHOUSE_PIPELINES"] = ",".join([*packages, name])
    if str(folder.absolute()) not in sys.path:
        sys.path.insert(0, str(folder.absolute()))
    importlib.invalidate_caches()
    reader.contracts.cache_clear()
