"""Find the samples that pipelines bring: the module `sample` in a pipeline's package, which a pipeline may lack."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
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


def samples() -> dict[str, Sample]:
    """Return the samples by pipeline, of those that have one."""
    modules = {name: module_of(name, "sample") for name in pipelines()}
    return {name: cast("Sample", import_module(path)) for name, path in modules.items() if path}
