"""Find out how each pipeline stands in a lake: its last run, what waits, what failed, how old its data is."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lakehouse_assets.contracts import Contract
from lakehouse_assets.errors import LakehouseError, TableMissing
from lakehouse_assets.operations import history, recorded
from lakehouse_assets.operations.next_ticks import Tick, daemon_alive, next_ticks
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lake import Lake, lake_of
from lakehouse_assets.storage.records import PassedOver

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from lakehouse_assets.graph.pipeline import Pipeline
    from lakehouse_assets.operations.check_results import CheckState


@dataclass(frozen=True)
class Age:
    """Hold the newest business date of a table, how many days ago that is in the pipeline's zone, and the most."""

    table: str
    newest: date | None
    days: int | None
    allowed: int

    @property
    def is_late(self) -> bool:
        """Say whether it is older than the contract promises; a table without a row is."""
        return self.days is None or self.days > self.allowed


@dataclass(frozen=True)
class Standing:
    """Hold how a pipeline stands.

    Attributes:
        pipeline: its name.
        last: its last run that has ended.
        holder: what holds it now, with since when; None when nothing does.
        queued: how many of its runs wait for their turn.
        landing: where its files land; None for a pipeline that pulls.
        landed: how many files wait there, by dataset.
        left_alone: how many are left there, since no run takes them.
        pending: rows that wait for a parent.
        rejects: open rejected rows.
        checks: how many checks are of which status; a failed one that is not required has warned.
        failing: the required checks that are not passed and current.
        ages: of the tables whose contract promises an age.
        ticks: what its schedules start next.
        starter: who starts them: dagster or stepfunctions.
        is_daemon_alive: whether Dagster's daemon gave a sign of life lately; None where there is no history here.
        problems: what could not be found out, in sentences.
    """

    pipeline: str
    last: recorded.Recorded | None = None
    holder: str = ""
    queued: int = 0
    landing: str | None = None
    landed: dict[str, int] = field(default_factory=dict)
    left_alone: int = 0
    pending: int = 0
    rejects: int = 0
    checks: dict[str, int] = field(default_factory=dict)
    failing: tuple[str, ...] = ()
    ages: tuple[Age, ...] = ()
    ticks: tuple[Tick, ...] = ()
    starter: str = "dagster"
    is_daemon_alive: bool | None = None
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self) | {"last": self.last and self.last.to_dict()}


def standings(settings: Settings, names: tuple[str, ...], now: datetime) -> list[Standing]:
    """Return how these pipelines stand at a moment (UTC); what cannot be read is among the problems of its pipeline."""
    from lakehouse_assets.operations.check_results import read_states
    from lakehouse_assets.pipelines import pipeline_of

    known = [pipeline_of(name) for name in names]
    states = {name: read_states(settings, (name,)) for name in names}
    if not history.is_begun(settings):
        return [_standing(settings, one, states[one.name], None, now) for one in known]
    with history.instance(settings, reading=True) as instance:
        return [_standing(settings, one, states[one.name], instance, now) for one in known]


def _standing(
    settings: Settings, pipeline: Pipeline, states: list[CheckState], instance: DagsterInstance | None, now: datetime
) -> Standing:
    lake, passed_over = lake_of(settings), PassedOver()
    last = recorded.with_triggers(settings, recorded.latest(lake.store, [pipeline.name], 1, passed_over))
    problems = [passed_over.sentence] if passed_over.errors else []
    held = recorded.holder(lake.store, pipeline.name)
    facts: dict[str, Any] = {}
    for find in (_landing, _waiting, _ages):
        try:
            facts |= find(settings, pipeline, lake, now)
        except LakehouseError as error:
            problems.append(str(error))
    return Standing(
        pipeline=pipeline.name,
        last=last[0] if last else None,
        holder=f"{held.run_id} since {held.acquired_at:%Y-%m-%d %H:%M} UTC, {held.host} pid {held.pid}" if held else "",
        queued=len(recorded.queued(settings, dict.fromkeys(pipeline.jobs, pipeline.name))),
        checks=dict(Counter(_word(state) for state in states)),
        failing=tuple(f"{state.table}.{state.check}" for state in states if not state.is_good),
        ticks=tuple(next_ticks(settings, pipeline, instance, now)),
        starter=settings.scheduler,
        is_daemon_alive=None if instance is None else daemon_alive(instance),
        problems=tuple(problems),
        **facts,
    )


def _word(state: CheckState) -> str:
    return "warned" if state.status == "failed" and state.is_good else state.status


def _landing(settings: Settings, pipeline: Pipeline, lake: Lake, now: datetime) -> dict[str, Any]:
    from lakehouse_assets.storage.landing import look
    from lakehouse_assets.storage.opening import open_store

    del lake, now
    if not pipeline.lands:
        return {}
    where = pipeline.landing_in(settings)
    store = open_store(where, create=False)
    if not store.exists:
        return {"landing": where}
    seen = look(pipeline.name, store)
    counts = dict(Counter(entry.dataset for entry in seen.entries))
    return {"landing": where, "landed": counts, "left_alone": len(seen.left_alone)}


def _waiting(settings: Settings, pipeline: Pipeline, lake: Lake, now: datetime) -> dict[str, Any]:
    from lakehouse_assets.engines.connection import limits_of
    from lakehouse_assets.operations.reject_rows import Rejects

    del now
    table = Rejects(pipeline.name, lake, limits_of(settings))
    try:
        with table.engine("pending") as engine:
            pending = table.contract("pending").catalog_name
            (row,) = engine.rows(f"SELECT count(*) AS n FROM {pending}")
            return {"pending": row["n"], "rejects": sum(table.open_count(engine, {}).values())}
    except TableMissing:
        return {}


def _ages(settings: Settings, pipeline: Pipeline, lake: Lake, now: datetime) -> dict[str, Any]:
    del lake
    today = now.astimezone(ZoneInfo(pipeline.zone_in(settings))).date()
    found = [age for contract in pipeline.contracts.values() for age in _ages_of(settings, contract, today)]
    return {"ages": tuple(sorted(found, key=lambda age: (not age.is_late, age.table)))}


def _ages_of(settings: Settings, contract: Contract, today: date) -> list[Age]:
    from lakehouse_assets.contracts.checks import date_of
    from lakehouse_assets.engines.query import ask_arrow
    from lakehouse_assets.operations.sql import query_scope

    found = []
    for rule in contract.rules_of("freshness"):
        column = date_of(contract, rule)
        try:
            rows = ask_arrow(query_scope(settings), f'SELECT max("{column}") AS newest FROM {contract.catalog_name}')
        except TableMissing:
            continue
        newest = rows.column("newest")[0].as_py()
        day = newest.date() if isinstance(newest, datetime) else newest
        found.append(Age(contract.catalog_name, day, None if day is None else (today - day).days, rule.days))
    return found
