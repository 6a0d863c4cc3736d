"""Find what pipelines bring to be tried with: a module of the pipeline's package, which a pipeline may lack.

A pipeline that takes files brings `sample`, which writes some; one that pulls brings `tenant`, which serves a source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from lakehouse_assets.contracts.packages import module_of, pipelines

if TYPE_CHECKING:
    from lakehouse_assets.compute.reports import RunReport
    from lakehouse_assets.storage.lake import Lake

OnFile = Callable[[Path], object]
"""The callback is called with the path of each file as soon as it is written."""


class Sample(Protocol):
    """Declare what the module `sample` of a pipeline's package holds.

    Attributes:
        SampleSpec: a dataclass of what a sample may be asked; a field whose metadata has `help` is an option.
        QUERY: a first question to the demo's tables.
    """

    SampleSpec: type[Any]
    QUERY: str

    def write_sample(self, spec: Any, folder: Path, on_file: OnFile | None = None) -> Any:  # noqa: ANN401 - the module's own
        """Write drops, and return what a first load of them must answer."""
        ...

    def continued(self, folder: Path, days: int | None) -> Any:  # noqa: ANN401 - the module's own
        """Return the sample whose days follow those of the one in a folder; None for as many as there."""
        ...

    def write_demo(self, folder: Path, on_file: OnFile | None = None) -> Any:  # noqa: ANN401 - the module's own
        """Write the drops of the demo, and return what a first load of them must answer."""
        ...

    def compare(self, expected: Any, report: RunReport, lake: Lake) -> list[str]:  # noqa: ANN401 - the module's own
        """Say what a run answered otherwise, one line each."""
        ...

    def rows_of(self, answer: Any) -> int:  # noqa: ANN401 - the module's own
        """Count the rows of a sample's files."""
        ...

    def files_of(self, spec: Any) -> int:  # noqa: ANN401 - the module's own
        """Count the files that a sample has."""
        ...


class Served(Protocol):
    """Declare a source that is served on this machine for a while.

    Attributes:
        environment: variables that point the pipeline at it.
        zone: source time zone.
        as_of: the clock of a run that pulls it.
        rows: how many rows its right answer counts.
    """

    environment: Mapping[str, str]
    zone: str
    as_of: datetime
    rows: int

    def differences(self, lake: Lake) -> list[str]:
        """Say what the lake holds otherwise than the source's truth says, one line each."""
        ...


class Tenant(Protocol):
    """Declare what the module `tenant` of a pipeline's package holds.

    Attributes:
        QUERY: a first question to the demo's tables.
        FILE: what a run leaves for people, below the lake.
    """

    QUERY: str
    FILE: str

    def served(self) -> AbstractContextManager[Served]:
        """Serve the source as long as the block lasts."""
        ...


def samples() -> dict[str, Sample]:
    """Return the samples by pipeline, of those that have one."""
    return {name: cast("Sample", module) for name, module in _modules("sample").items()}


def tenants() -> dict[str, Tenant]:
    """Return the sources that can be served, by pipeline."""
    return {name: cast("Tenant", module) for name, module in _modules("tenant").items()}


def _modules(name: str) -> dict[str, ModuleType]:
    found = {pipeline: module_of(pipeline, name) for pipeline in pipelines()}
    return {pipeline: import_module(path) for pipeline, path in found.items() if path}
