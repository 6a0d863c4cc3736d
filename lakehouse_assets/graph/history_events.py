"""Turn what a state machine's run has left in the lake into what Dagster shows of a run of its own, with its link.

Belongs here: an entry of the lake's history and the pieces of its run in, asset events out. Not here: which entries are
new, and which of their events Dagster has already (`history`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

import dagster as dg

from lakehouse_assets.compute.failed_checks import found_by
from lakehouse_assets.compute.judged import JudgedCheck, judged_checks
from lakehouse_assets.compute.reports import ARCHIVE, LOAD, PLAN, ArchiveReport, ModelReport, PlanReport, model_piece
from lakehouse_assets.compute.tasks import TASK_METADATA
from lakehouse_assets.core.request import Window
from lakehouse_assets.errors import ObjectMissing, StateDamaged
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.landing_checks import is_found, landing_results
from lakehouse_assets.graph.late_days import late_days
from lakehouse_assets.graph.load_checks import kept_evidence, load_check_results, set_check_results
from lakehouse_assets.graph.load_outputs import written_tables
from lakehouse_assets.graph.manifest import landing_events, plan_metadata
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.runs import RunFolder

Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation
RUN_NAMESPACE = UUID("6f1d3b0a-4a53-4c0e-9a44-0d6f7f5f9c11")
"""Makes the ids by which Dagster knows runs of machines; with another one it would have each of them twice."""
RUN = "run_id"
"""Names the metadata by which an event says of which run it is; a run has one event of each asset, day and check."""


@dataclass(frozen=True)
class PastRun:
    """Hold a run of a state machine: its pipeline, its entry in the history, and its folder."""

    pipeline: Pipeline
    entry: Mapping[str, Any]
    folder: RunFolder

    @property
    def run_id(self) -> str:
        """Return the machine's id of the run."""
        return str(self.entry["run_id"])

    @property
    def dagster_id(self) -> str:
        """Return the id under which Dagster shows the run."""
        return str(uuid5(RUN_NAMESPACE, f"{self.pipeline.name}/{self.run_id}"))

    @property
    def job(self) -> str:
        """Return the name of the job that the run was of."""
        return str(self.entry.get("job") or self.pipeline.name)

    @property
    def began(self) -> datetime | None:
        """Return when it began (zone-aware); None where that is not known."""
        return datetime.fromisoformat(self.entry["started_at"]) if self.entry.get("started_at") else None

    @property
    def ended(self) -> datetime:
        """Return when it ended (zone-aware)."""
        return datetime.fromisoformat(self.entry["ended_at"])

    @property
    def is_failed(self) -> bool:
        """Say whether it failed."""
        return str(self.entry["status"]) == "failed"

    @property
    def failure(self) -> str:
        """Return where it failed and why, in words; empty where it did not."""
        failure = self.entry.get("failure") or {}
        return ": ".join(str(failure[name]) for name in ("state", "message") if failure.get(name))

    @property
    def execution_facts(self) -> dict[str, Any]:
        """Return what is known of the execution that made it."""
        known = {name: self.entry.get(name) or "" for name in ("execution", "tick", "started_at", "ended_at")}
        link = {"link": dg.MetadataValue.url(self.entry["link"])} if self.entry.get("link") else {}
        return {
            RUN: self.run_id,
            "runtime": str(self.entry["runtime"]),
            **{n: t for n, t in known.items() if t},
            **link,
        }

    @property
    def facts(self) -> dict[str, Any]:
        """Return what every event of the run says of it."""
        page = {"run": dg.MetadataValue.dagster_run(self.dagster_id)}
        return {**self.execution_facts, **page, **md.run_report(self.folder)}

    @property
    def days(self) -> Window | None:
        """Return the days that the run worked on; None for a pipeline that works on files."""
        window = ((self.folder.read("manifest") or {}).get("request") or {}).get("window")
        return Window.model_validate(window) if window and self.pipeline.days else None

    def costs(self, table: str = "") -> dict[str, float]:
        """Return what the run has cost, or what of it one table has, where that is known [US dollars]."""
        lines = [line for line in self.entry.get("costs") or () if isinstance(line, Mapping)]
        paid = [float(line.get("usd") or 0) for line in lines if not table or line.get("table") == table]
        return {"cost_usd": round(sum(paid), 6)} if paid else {}


def events_of(run: PastRun) -> list[Event]:
    """Return everything that Dagster would know of the run if it had made it.

    Of a run whose folder cannot be read it is only said how it ended and what is wrong, so that it stops no other.
    """
    try:
        return list(_events(run))
    except (ObjectMissing, StateDamaged) as error:
        return [_observed(run, str(error))]


def _events(run: PastRun) -> Iterator[Event]:
    plan, load = run.folder.report(PLAN, PlanReport), run.folder.report(LOAD, LoadReport)
    if run.entry["status"] != "succeeded" or plan is None:
        yield _observed(run)
    if plan is None:
        return
    if not plan.has_work:
        yield from (_evaluated(run, result) for result in landing_results(run.pipeline, run.folder))
        return
    yield from _planned(run, plan)
    if load is not None and _is_committed(run):
        yield from _loaded(run, load)
    yield from (_evaluated(run, result) for result in landing_results(run.pipeline, run.folder) if is_found(result))
    yield from _built(run)
    yield from (one for check in judged_checks(run.folder) for one in _judged(run, check))
    if run.entry["status"] == "succeeded":
        yield from _called(run)


def _observed(run: PastRun, damage: str = "") -> dg.AssetObservation:
    """Say of the run's plan how the run ended that made nothing, or not all, and what of it cannot be read."""
    failure = run.entry.get("failure") or {}
    words = {name: str(failure[name]) for name in ("state", "error", "message") if failure.get(name)}
    facts = {"status": str(run.entry["status"]), **words, **run.costs(), **run.facts}
    return dg.AssetObservation(run.pipeline.manifest_key, description=damage or words.get("message"), metadata=facts)


def _planned(run: PastRun, plan: PlanReport) -> Iterator[Event]:
    for event in landing_events(run.pipeline, run.folder.manifest()):
        yield dg.AssetMaterialization(event.asset_key, metadata={**event.metadata, **run.facts})
    yield from _made(run, run.pipeline.manifest_key, plan_metadata(plan) | run.costs())


def _is_committed(run: PastRun) -> bool:
    """Say whether the load has merged what it reports: too many rejects stop it before, and leave a report too."""
    return (run.entry.get("failure") or {}).get("error") != "RejectRatioExceeded"


def _loaded(run: PastRun, load: LoadReport) -> Iterator[Event]:
    for contract in run.pipeline.layer("silver"):
        if contract.name in load.tables:
            told = md.load_metadata(load, contract.name) | run.costs(contract.name)
            yield from _made(run, md.asset_key(contract), told)
            seen = kept_evidence(run.pipeline, contract, load)
            yield from (_evaluated(run, result) for result in load_check_results(contract, load, seen))
    for contract in written_tables(run.pipeline):
        yield from _made(run, md.asset_key(contract), {"engine": load.engine})
        yield from (_evaluated(run, result) for result in set_check_results(contract, load))


def _built(run: PastRun) -> Iterator[Event]:
    for contract in run.pipeline.layer("gold"):
        report = run.folder.report(model_piece(contract.name), ModelReport)
        if report is not None:
            told = md.model_metadata(report) | run.costs(contract.name)
            yield from _made(run, md.asset_key(contract), told, report.window)


def _called(run: PastRun) -> Iterator[Event]:
    """Yield what functions made, all of which were called in a run that went well."""
    archive = run.folder.report(ARCHIVE, ArchiveReport)
    moved = (
        {"moved": archive.moved, "bytes": archive.bytes, "refused": archive.refused, "left": len(archive.left)}
        if archive
        else {}
    )
    for asset in run.pipeline.assets:
        if not isinstance(asset, dg.AssetsDefinition) or run.pipeline.manifest_key in asset.keys:
            continue
        for spec in asset.specs:
            task = spec.metadata.get(TASK_METADATA)
            value: Any = getattr(task, "data", task) or {}
            if value.get("kind") == "function" and spec.key in _keys_of(run):
                told = moved if value["function"] == "Moves3Objects" else {}
                yield from _made(run, spec.key, told)


def _keys_of(run: PastRun) -> frozenset[dg.AssetKey]:
    """Return the assets of the job that the run was of."""
    for short in run.pipeline.short_runs:
        if short.job(run.pipeline) == run.job:
            return frozenset(short.keys(run.pipeline))
    return run.pipeline.keys


def _made(
    run: PastRun, key: dg.AssetKey, told: Mapping[str, Any], built: tuple[str, ...] = ()
) -> Iterator[dg.AssetMaterialization]:
    """Yield one materialization of an asset, or one for each day that the run was of or has built besides."""
    metadata = {**told, **run.facts}
    if run.pipeline.days is None or run.days is None:
        yield dg.AssetMaterialization(key, metadata=metadata)
        return
    days: list[date] = sorted({*run.days.days, *late_days(run.days, built, run.pipeline.days.first)})
    for day in days:
        yield dg.AssetMaterialization(key, partition=day.isoformat(), metadata=metadata)


def _evaluated(run: PastRun, result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """Return a result as an event that belongs to no step."""
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,  # type: ignore[arg-type] # ours always name it
        check_name=result.check_name,  # type: ignore[arg-type] # as above
        passed=result.passed,
        metadata={**(result.metadata or {}), **run.facts},
        severity=result.severity,
        description=result.description,
    )


def _judged(run: PastRun, check: JudgedCheck) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the evaluation of a check that a machine asked; none of one that no contract has any more."""
    found = next((c for c in run.pipeline.contracts.values() if c.name == check.table), None)
    rule = next((r for r in found.assertions if r.code == check.check), None) if found else None
    if found is None or rule is None:
        return
    measured = {"scanned_bytes": check.scanned_bytes, "seconds": check.seconds}
    yield dg.AssetCheckEvaluation(
        asset_key=md.asset_key(found),
        check_name=check.check,
        passed=check.passed,
        metadata={
            "failing": check.failing,
            "sample": md.preview(check.rows),
            **{name: value for name, value in measured.items() if value is not None},
            **run.facts,
        },
        severity=dg.AssetCheckSeverity.ERROR if check.is_blocking else dg.AssetCheckSeverity.WARN,
        description=found_by(check, rule) or None,
    )
