"""Define what a pipeline is to the graph: the facts it owns, its plan, its assets, and what all its tables share.

A pipeline is made in its own package: it composes its assets from the factories beside (`manifest`, `function`, `load`,
`model`, `checks`), each of which takes a task. Not here: what Dagster makes of a pipeline (`assembly`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Self

import dagster as dg

from lakehouse_assets.compute.tasks import FunctionTask, asked_by
from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.known import Known
from lakehouse_assets.contracts.layers import model_sql, seeds, silver_tables
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.core.request import Window, last_days
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.deadlines import Deadline, job_name
from lakehouse_assets.graph.figures import Figure
from lakehouse_assets.graph.installed import installed
from lakehouse_assets.graph.short_runs import ShortRun
from lakehouse_assets.settings import Settings
from lakehouse_assets.sql.model_version import ModelVersion, model_versions
from lakehouse_assets.sql.models import levels
from lakehouse_assets.sql.usable import Models, usable_models

# `backfill_policy` is marked as beta since it appeared, and is the only way to make one run of several days.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`", category=dg.BetaWarning)

RETRY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""Repeats a step after transient errors only: `reported` forbids a retry of the others."""
PLAN_OP = re.compile(r"bronze__\w+_manifest")
"""Matches Dagster's name of a step that plans, see `Pipeline.plan_op`."""


@dataclass(frozen=True)
class Schedule:
    """Say when a pipeline runs without being asked: a cron expression in the pipeline's zone, and why, in words.

    One that is not on is there for people to switch on.
    """

    name: str
    cron: str
    description: str
    is_on: bool = True


@dataclass(frozen=True)
class Days:
    """Hold the daily partitions of a pipeline.

    Attributes:
        first: the first day.
        window_days: how many days up to today a run covers by itself.
        most: how many days a run may be asked to work on; None for any number.
    """

    first: date
    window_days: int
    most: int | None = None


@dataclass(frozen=True, eq=False)
class Pipeline:
    """Hold one pipeline: everything that belongs to it and to no other.

    Attributes:
        name: also of its package, its contracts, its job and its lease.
        owner: e-mail address of whoever answers for it.
        plan: the function that plans a run; what its payload takes of a request is what a run may be asked.
        landing: folder below the lake where its files land; None for the one that the settings name.
        lands: whether files are dropped into its landing, so that a sensor watches it.
        zone: source time zone; None for the one that the settings name.
        days: its daily partitions, which begin in its own `zone`; None when it works on files.
        schedules: when it runs without being asked.
        short_runs: runs of some of its assets.
        outlook: `module:function` that says what a run over days would pull (`core.outlook.Outlook`), of settings, the
            lake's store, zone, window and clock; None where nothing is pulled.
        reads: names of settings that only functions of this pipeline read, such as the address of an API.
        deadline: by when its days are to be made; None when nothing is promised, or it works on files.
        functions: handlers of functions that are its own, see `compute.functions.handler_of`.
        figures: what a report shows of its gold tables.
        assets: its assets and checks, composed by the pipeline.
    """

    name: str
    owner: str
    plan: FunctionTask
    landing: str | None = None
    lands: bool = True
    zone: str | None = None
    days: Days | None = None
    schedules: tuple[Schedule, ...] = ()
    short_runs: tuple[ShortRun, ...] = ()
    outlook: str | None = None
    reads: frozenset[str] = frozenset()
    deadline: Deadline | None = None
    functions: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    assets: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.days is not None and self.zone is None:
            raise ContractInvalid(contract=self.name, problem="a pipeline with daily partitions names its own zone")

    def of(self, *assets: Any) -> Self:  # noqa: ANN401 - definitions of assets, external assets and checks
        """Return the pipeline with its assets, in the order of the data."""
        return replace(self, assets=assets)

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the fields of a request that its runs may be asked."""
        return asked_by(self.plan)

    @property
    def jobs(self) -> frozenset[str]:
        """Return the names of its jobs."""
        asked = {job_name(self.name)} if self.deadline else set()
        return frozenset({self.name, *asked, *(one.job(self) for one in self.short_runs)})

    @property
    def contracts(self) -> Known:
        """Return the pipeline's sound contracts by `layer.name`, and what is wrong with the others."""
        return contracts(self.name)

    def model(self, contract: Contract) -> str:
        """Return the SELECT of a gold table."""
        return model_sql(self.name, contract.name)

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """Return the seeds of the pipeline's reference tables."""
        return seeds(self.contracts, self.name)

    @cached_property
    def _versions(self) -> dict[str, ModelVersion]:
        known = self.contracts
        return model_versions(known.values(), self.gold_models.selects, self.seeds)

    def model_version(self, contract: Contract) -> ModelVersion:
        """Return the version of a gold table's model, as its code is now."""
        return self._versions[contract.catalog_name]

    def require_sound(self) -> None:
        """Raise what is wrong with the first broken contract or model, if there is one."""
        self.contracts.require_sound()
        for error in self.gold_models.broken.values():
            raise error

    def layer(self, layer: str) -> list[Contract]:
        """Return the contracts of one layer by name; silver parents and gold sources come first."""
        if layer == "silver":
            return list(silver_tables(self.contracts))
        if layer == "gold":
            return [contract for level in self.levels("gold") for contract in level]
        return sorted((c for c in self.contracts.values() if c.layer == layer), key=lambda c: c.name)

    def levels(self, layer: str) -> list[list[Contract]]:
        """Return the tables of one layer in lists made one after the other; those of one list may be made at once.

        Each level of gold reads gold of the levels before it only, and a model that cannot be built is in none.
        Reference tables are made with silver.
        """
        if layer != "gold":
            return [[*(self.layer("reference") if layer == "silver" else ()), *self.layer(layer)]]
        gold = {c.catalog_name: c for c in self.contracts.values() if c.layer == "gold"}
        return [[gold[name] for name in level] for level in levels(self.gold_models.selects)]

    @property
    def gold_models(self) -> Models:
        """Return the pipeline's gold models that can be built, and why the others cannot."""
        return usable_models(self.contracts, self.model)

    @property
    def manifest_key(self) -> dg.AssetKey:
        """Return the key of the asset that stands for a run's frozen work."""
        return dg.AssetKey(["bronze", f"{self.name}_manifest"])

    @property
    def plan_op(self) -> str:
        """Return Dagster's name of the step that plans, which takes the run's request as its configuration."""
        return self.manifest_key.to_python_identifier()

    @cached_property
    def keys(self) -> frozenset[dg.AssetKey]:
        """Return the keys of all assets of the pipeline."""
        found: set[dg.AssetKey] = set()
        for asset in self.assets:
            found |= {asset.key} if isinstance(asset, dg.AssetSpec) else set(getattr(asset, "keys", ()))
        return frozenset(found)

    @property
    def partitions(self) -> dg.DailyPartitionsDefinition | None:
        """Return the daily partitions of the pipeline, today included; None when it works on files."""
        if self.days is None:
            return None
        first = datetime(self.days.first.year, self.days.first.month, self.days.first.day)  # noqa: DTZ001 - Dagster adds the zone
        return dg.DailyPartitionsDefinition(start_date=first, timezone=self.zone or "UTC", end_offset=1)

    @property
    def partitioning(self) -> dict[str, Any]:
        """Return arguments for an asset of this pipeline: its partitions, and that a run over several is one run."""
        if self.days is None:
            return {}
        return {"partitions_def": self.partitions, "backfill_policy": dg.BackfillPolicy.single_run()}

    def usual_window(self, now: datetime) -> Window | None:
        """Return the days that a run works on by itself; None for a pipeline that works on files."""
        if self.days is None:
            return None
        usual = last_days(now, self.zone or "UTC", self.days.window_days)
        start = max(self.days.first, usual.start)
        return Window(start=start, end=max(start, usual.end))

    def landing_in(self, settings: Settings) -> str:
        """Return the absolute folder where the pipeline's files land."""
        return settings.landing_of(self.name, self.landing)

    def zone_in(self, settings: Settings) -> str:
        """Return the source time zone of the pipeline."""
        return settings.zone_of(self.name, self.zone)

    def here(self, settings: Settings) -> Self:
        """Return the pipeline as it is in an installation, whose zone decides when its days begin and are due.

        Assets are declared before any settings are known, in the zone that the pipeline names itself, and without what
        only an installation knows of them (`installed`).
        """
        zone = self.zone_in(settings)
        made = self.of(*(installed(self, asset, settings) for asset in self.assets))
        if self.days is None or (zone == self.zone and self.deadline is None):
            return made
        moved = replace(made, zone=zone)
        return moved.of(*(_placed(moved, asset, zone) for asset in made.assets))


def _placed(pipeline: Pipeline, asset: Any, zone: str) -> Any:  # noqa: ANN401 - as `Pipeline.of`
    """Return an asset with partitions and deadlines in a zone; checks and external assets stay as they are."""
    if not isinstance(asset, dg.AssetsDefinition) or asset.partitions_def is None:
        return asset
    due, partitions = pipeline.deadline, pipeline.partitions

    def placed(spec: dg.AssetSpec) -> dg.AssetSpec:
        promised = due.policy(zone) if due is not None and spec.key in due.keys else spec.freshness_policy
        return spec.replace_attributes(partitions_def=partitions, freshness_policy=promised)

    return asset.map_asset_specs(placed)


def common(pipeline: Pipeline, contract: Contract, *kinds: str) -> dict[str, Any]:
    """Return what every table of a pipeline has, landing included: group, owner, kinds, meaning, tags, freshness.

    Layers are the groups, since a graph of hundreds of assets is read by layer; the pipeline is a tag.
    """
    return {
        "group_name": md.asset_key(contract).path[0],
        "owners": [contract.owner],
        "kinds": set(kinds),
        "description": f"{contract.description}: {contract.grain}.",
        "tags": {"layer": contract.layer, "pipeline": pipeline.name},
        "freshness_policy": freshness_policy(contract),
    }


def stored_facts(
    pipeline: Pipeline,
    contract: Contract,
    *kinds: str,
    **metadata: Any,  # noqa: ANN401 - any metadata
) -> dict[str, Any]:
    """Return what every table in the lake has: what is `common`, and as metadata what is known before it holds a row.

    Args:
        pipeline: the table's.
        contract: the table.
        kinds: technologies that the UI shows.
        metadata: further facts.
    """
    known = {
        "dagster/table_name": contract.catalog_name,
        "dagster/column_schema": md.table_schema(contract),
        "contract": f"{contract.layer}.{contract.name} {contract.version}",
    }
    return common(pipeline, contract, *kinds) | {"metadata": known | metadata}


def freshness_policy(contract: Contract) -> dg.FreshnessPolicy | None:
    """Return the contract's SLA as a badge: it is red when the latest materialization is older than promised."""
    if contract.freshness_hours is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=contract.freshness_hours))
