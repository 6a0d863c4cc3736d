"""Make ready what a demo runs: sample drops in a landing, drops of one's own, or a source that is served meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.operations.options import writing
from lakehouse_assets.operations.running import Asked
from lakehouse_assets.operations.samples import Sample, samples, tenants
from lakehouse_assets.settings import TARGET_ENV, Settings, process_environment

if TYPE_CHECKING:
    from lakehouse_assets.graph.outcome import Outcome


@dataclass(frozen=True)
class Trial:
    """Hold what a demo of one pipeline runs, and what is known of its right answer.

    Attributes:
        settings: a lake and history of the demo's own, and the zone in which the answer is known.
        asked: the run.
        query: a first question to its tables.
        rows: how many rows the right answer is about; None where it is not known.
        differences: says what a run answered otherwise, one line each.
        has_rejects: whether the sample has rows that are rejected.
        file: what the run leaves for people, below the lake; empty where it is tables only.
    """

    settings: Settings
    asked: Asked
    query: str
    rows: int | None
    differences: Callable[[Outcome], list[str]]
    has_rejects: bool
    file: str = ""


@contextmanager
def trial_of(name: str, folder: Path, data: Path | None, engine: str | None) -> Iterator[Trial]:
    """Make a pipeline's trial ready in the demo's folder; what it pulls is served as long as the block lasts.

    Args:
        name: of the pipeline.
        folder: the demo's own.
        data: drops to copy in place of the sample.
        engine: which one loads silver; None for the one in the settings.
    """
    # Whatever the target is: a demo shows what this machine does, in a folder.
    with _environment({TARGET_ENV: "local"}):
        if name in samples():
            yield _sampled(name, folder, data, engine)
            return
        with _served(name, folder, engine) as trial:
            yield trial


def _sampled(name: str, folder: Path, data: Path | None, engine: str | None) -> Trial:
    sample, landing = samples()[name], folder / ("landing" if len(samples()) == 1 else f"landing-{name}")
    expected = put_files(sample, landing, data)
    rows = sample.rows_of(expected) if expected is not None else None
    settings = own_settings(name, folder, landing, engine, "UTC")
    return Trial(settings, Asked(name), sample.QUERY, rows, _against(sample, expected, settings), has_rejects=True)


@contextmanager
def _served(name: str, folder: Path, engine: str | None) -> Iterator[Trial]:
    from lakehouse_assets.storage.lake import lake_of

    tenant = tenants()[name]
    with tenant.served() as source, _environment(source.environment):
        settings = own_settings(name, folder, None, engine, source.zone)
        asked = Asked(name, RunRequest(as_of=source.as_of))
        lake = lake_of(settings)
        yield Trial(
            settings,
            asked,
            tenant.QUERY,
            source.rows,
            lambda _: source.differences(lake),
            has_rejects=False,
            file=tenant.FILE,
        )


def _against(sample: Sample, expected: Any, settings: Settings) -> Callable[[Outcome], list[str]]:  # noqa: ANN401 - the sample's own
    from lakehouse_assets.storage.lake import lake_of

    def differences(outcome: Outcome) -> list[str]:
        return [] if expected is None else sample.compare(expected, outcome.report, lake_of(settings))

    return differences


def own_settings(pipeline: str, folder: Path, landing: Path | None, engine: str | None, zone: str) -> Settings:
    """Return the demo's settings: a lake and history of its own, and the zone in which the answer is known."""
    settings = writing(pipeline, str(folder / "lake"), None if landing is None else str(landing), engine)
    return settings.model_copy(update={"zones": {**settings.zones, pipeline: zone}})


def put_files(sample: Sample, landing: Path, data: Path | None) -> Any:  # noqa: ANN401 - the sample's own
    """Fill landing; return the known answer when the files were generated, None when they were copied from `data`."""
    if data is not None:
        shutil.copytree(data.expanduser(), landing)
        return None
    return sample.write_demo(landing)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process as long as the block lasts."""
    environment = process_environment()
    before = {name: environment.get(name) for name in values}
    environment.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
