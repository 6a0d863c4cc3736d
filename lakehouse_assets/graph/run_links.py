"""Lead from a run's page to everything about it: report, what it worked on, rejects, logs and cost.

It is said as the last event of a run, whatever its end, so it stands at the foot of its log and in its timeline.
"""

from __future__ import annotations

import shlex
from typing import Any

import dagster as dg
from dagster._core.events import EngineEventData

from lakehouse_assets.compute.costs import cost_lines
from lakehouse_assets.compute.reports import LINKS, LOAD, REPORT
from lakehouse_assets.compute.usage import usage_of
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.runs import REQUEST, RunFolder

MANIFEST = "manifest"
SAID = "Everything about this run: its report, what it worked on, what it rejected, its logs and its cost."


def say_where(instance: dg.DagsterInstance, run: dg.DagsterRun, folder: RunFolder, settings: Settings) -> None:
    """Say in a run's log where everything about it is.

    Args:
        instance: the history.
        run: whose log it is.
        folder: of the run, or of the one that it repeats.
        settings: of the installation.
    """
    instance.report_engine_event(SAID, run, EngineEventData(metadata=run_facts(folder, settings)))


def run_facts(folder: RunFolder, settings: Settings) -> dict[str, Any]:
    """Return as metadata where everything about a run is; what the run has not come to is left out.

    Args:
        folder: of the run.
        settings: of the installation; where its target is AWS, objects are links to the console.
    """
    asked, load = folder.read(REQUEST) or {}, folder.report(LOAD, LoadReport)
    about = f"--run {folder.run_id} --pipeline {folder.pipeline} --lake {shlex.quote(settings.lake_root)}"
    facts: dict[str, Any] = {"report": _object(folder, REPORT, settings)}
    if folder.store.has(folder.key_of(MANIFEST)):
        facts["manifest"] = _object(folder, MANIFEST, settings)
    if asked.get("window"):
        facts["window"] = f"{asked['window']['start']} to {asked['window']['end']}"
    if load is not None:
        facts["rejected_rows"] = sum(part.counts.rejected for part in load.tables.values())
        facts["rejects"] = f"lakehouse rejects list {about}"
        facts["refused_files"] = len(load.refused_files)
    links = folder.read(LINKS) if settings.target == "aws" else None  # logs on this machine have no address
    logs = {f"log_of_{name}": dg.MetadataValue.url(link) for name, link in (links or {}).items()}
    costs = cost_lines(usage_of(folder))
    paid = {"cost_usd": round(sum(line.usd for line in costs), 6)} if costs else {"cost_usd": 0.0}
    return facts | logs | paid | {"folder": md.place(folder.store.location(folder.key))}


def _object(folder: RunFolder, piece: str, settings: Settings) -> dg.MetadataValue[Any]:
    where = folder.store.location(folder.key_of(piece))
    if settings.target != "aws":
        return md.place(where)
    # What talks to AWS is imported where AWS is the target.
    from lakehouse_assets.compute.aws.links import object_link
    from lakehouse_assets.storage.aws import region

    return dg.MetadataValue.url(object_link(region(), where))
