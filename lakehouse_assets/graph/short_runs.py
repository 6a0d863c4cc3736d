"""Declare shorter runs of a pipeline: jobs of their own, on some of its steps and some of its days.

A short run is known by what it is asked. So the command line starts it by an option, its job fills in the request by
itself, and the job of the whole pipeline refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.core.request import RunRequest, Window, last_days, refuse_asks_of_others
from lakehouse_assets.errors import BadRequest, ContractInvalid

if TYPE_CHECKING:
    from lakehouse_assets.graph.pipeline import Pipeline, Schedule


@dataclass(frozen=True)
class ShortRun:
    """Declare a shorter run.

    Attributes:
        name: what it is called; its job is `<pipeline>_<name>`.
        description: what it does, in words.
        asks: fields of a request, with the values by which it is known.
        assets: `layer/name` of assets; the whole step of each belongs to the run.
        window_days: how many days up to today it works on.
        schedule: when it runs without being asked.
    """

    name: str
    description: str
    asks: Mapping[str, str]
    assets: tuple[str, ...]
    window_days: int
    schedule: Schedule | None = None

    def is_asked(self, request: RunRequest) -> bool:
        """Say whether a request asks for this run."""
        return all(getattr(request, name) == value for name, value in self.asks.items())

    def job(self, pipeline: Pipeline) -> str:
        """Return the name of its job."""
        return f"{pipeline.name}_{self.name}"

    def selection(self, pipeline: Pipeline) -> dg.AssetSelection:
        """Return its assets and all checks on them.

        Raises:
            ContractInvalid: as `keys`.
        """
        return dg.AssetSelection.assets(*sorted(self.keys(pipeline)))

    def keys(self, pipeline: Pipeline) -> set[dg.AssetKey]:
        """Return the keys of its assets.

        Raises:
            ContractInvalid: it names an asset that the pipeline does not make.
        """
        named = {dg.AssetKey.from_user_string(one) for one in self.assets}
        made = [one for one in pipeline.assets if isinstance(one, dg.AssetsDefinition)]
        strange = sorted(named - {key for one in made for key in one.keys})
        if strange:
            problem = f"the pipeline makes no `{strange[0].to_user_string()}`"
            raise ContractInvalid(contract=self.job(pipeline), problem=problem)
        return {key for one in made if not named.isdisjoint(one.keys) for key in one.keys}

    def window(self, pipeline: Pipeline, now: datetime) -> Window:
        """Return the days that it works on."""
        return last_days(now, pipeline.zone or "UTC", self.window_days)


def short_run(pipeline: Pipeline, request: RunRequest) -> ShortRun | None:
    """Return the short run that a request asks for; None for a run of the whole pipeline.

    Raises:
        BadRequest: it is asked for other days than its own.
    """
    found = next((one for one in pipeline.short_runs if one.is_asked(request)), None)
    if found is not None and request.window is not None:
        raise BadRequest(message=f"a run of `{found.job(pipeline)}` works on its own days and takes no window")
    return found


def completed(pipeline: Pipeline, job: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run of a job is asked, with what its short run always asks.

    Raises:
        BadRequest: another job is asked for a short run; it would do more than that.
    """
    own = next((one for one in pipeline.short_runs if one.job(pipeline) == job), None)
    if own is not None:
        return {**given, **own.asks}
    refuse_asks_of_others(job, given, {one.job(pipeline): one.asks for one in pipeline.short_runs})
    return dict(given)
