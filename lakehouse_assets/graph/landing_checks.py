"""Make the checks on landing: what of the files that came was not taken, why, and where it is now.

`refused_files` tells files that were refused or empty, and where they went; `left_files` those that stay in landing.
What they say stands in the reports of a run, whoever made it.
"""

# No postponed annotations here: Dagster reads the type of the resource from the functions.
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import dagster as dg

from lakehouse_assets.compute.reports import LOAD, PLAN, PlanReport
from lakehouse_assets.compute.services import Services
from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.archive import archive_key, quarantine_key
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.shown import MOST_NAMES, visible
from lakehouse_assets.graph import metadata as md
from lakehouse_assets.graph.check_history import KNOWN, evaluation_of, latest_record
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.resource import Lakehouse, performing
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.landing import WRITTEN
from lakehouse_assets.storage.runs import RunFolder

REFUSED, LEFT = "refused_files", "left_files"
"""Name the two checks."""
TAKEN = "every file that came was read and held something"
STAYS = "no file stays in landing"
EMPTY = "it is empty"
CAME = "files_came"
"""Names the metadata of how many files of a dataset a run has had."""
Row = dict[str, str]
"""Holds key, reason and place of one file."""


def landing_checks(pipeline: Pipeline) -> list[dg.AssetChecksDefinition]:
    """Return the checks on a pipeline's landing; a run answers them by the way (`tell`), and they may be asked alone.

    They are of no job: landing is made by nobody, so no step of a run is theirs.
    """
    specs = [
        dg.AssetCheckSpec(name, asset=md.asset_key(dataset), description=words)
        for dataset in pipeline.layer("landing")
        for name, words in ((REFUSED, TAKEN), (LEFT, STAYS))
    ]
    if not specs:
        return []

    @dg.multi_asset_check(specs=specs, name=f"{pipeline.name}_landing_files", can_subset=True)
    def files(
        context: dg.AssetCheckExecutionContext, lakehouse: dg.ResourceParam[Lakehouse]
    ) -> Iterator[dg.AssetCheckResult]:
        services = lakehouse.services(pipeline, context.run)
        with performing(lakehouse, services, "landing files", context.log):
            asked = context.selected_asset_check_keys
            yield from (one for one in _now(pipeline, lakehouse, context.instance) if key_of(one) in asked)

    return [files]


def _now(pipeline: Pipeline, lakehouse: Lakehouse, instance: dg.DagsterInstance) -> Iterator[dg.AssetCheckResult]:
    """Yield what stays in landing at this moment, and of what was refused the latest that is known."""
    found = lakehouse.look(pipeline).left_alone
    for dataset in pipeline.layer("landing"):
        yield _result(dataset, LEFT, left(pipeline, dataset, found))
        past = evaluation_of(latest_record(instance, dg.AssetCheckKey(md.asset_key(dataset), REFUSED)))
        if past is None:
            yield _result(dataset, REFUSED, [])
            continue
        yield dg.AssetCheckResult(
            passed=past.passed,
            asset_key=past.asset_key,
            check_name=REFUSED,
            severity=past.severity,
            description=past.description,
            metadata=past.metadata,
        )


def tell(pipeline: Pipeline, context: dg.AssetExecutionContext, services: Services) -> None:
    """Answer the checks on landing in a run that has loaded, or has found nothing to do."""
    for result in landing_results(pipeline, services.run):
        past = evaluation_of(latest_record(context.instance, key_of(result), apart=context.run.run_id))
        if past is None or is_found(result):
            context.log_event(as_event(result, past))


def is_found(result: dg.AssetCheckResult) -> bool:
    """Say whether a run has found a result: nothing was refused of a dataset of which nothing came."""
    came: Any = (result.metadata or {}).get(CAME)
    return came is None or bool(getattr(came, "value", came))


def news_of_landing(
    instance: dg.DagsterInstance, pipeline: Pipeline, stays: Mapping[str, str] | None
) -> list[dg.AssetCheckEvaluation]:
    """Return what a look at landing says of it that the latest results of its checks do not say.

    Args:
        instance: the history.
        pipeline: whose landing it is.
        stays: key of a file that no run is asked for -> why; None where that is not known.
    """
    found = list[dg.AssetCheckEvaluation]()
    for dataset in pipeline.layer("landing") if stays is not None else ():
        result = _result(dataset, LEFT, left(pipeline, dataset, stays or {}))
        past = evaluation_of(latest_record(instance, key_of(result)))
        if result.description != (past.description if past else None):
            found.append(as_event(result, past))
    return found


def as_event(result: dg.AssetCheckResult, past: dg.AssetCheckEvaluation | None) -> dg.AssetCheckEvaluation:
    """Return a result as an event of no step; one that is as bad as the past one, with the same words, is no news."""
    is_known = past is not None and not past.passed and past.description == result.description
    key = key_of(result)
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata={**(result.metadata or {}), **({KNOWN: "an earlier run"} if is_known else {})},
    )


def landing_results(pipeline: Pipeline, folder: RunFolder) -> Iterator[dg.AssetCheckResult]:
    """Yield what became of the files of each dataset in a run that was planned; without a load only what was left."""
    plan, load = folder.report(PLAN, PlanReport), folder.report(LOAD, LoadReport)
    if plan is None:
        return
    manifest = folder.manifest() if load is not None else None
    for dataset in pipeline.layer("landing"):
        if manifest is not None and load is not None:
            came = {CAME: len(manifest.of(dataset.name))}
            yield _result(dataset, REFUSED, refused(manifest, dataset, load), came)
        yield _result(dataset, LEFT, left(pipeline, dataset, plan.left_alone))


def refused(manifest: Manifest, dataset: Contract, load: LoadReport) -> list[Row]:
    """Return the files of one dataset that were refused or empty, with where they are archived."""
    found = list[Row]()
    for entry in manifest.of(dataset.name):
        why = load.refused_files.get(entry.key) or (EMPTY if not entry.size_bytes else None)
        if why and entry.archived is None:
            found.append(
                {
                    "key": visible(entry.key),
                    "why": why,
                    "where": _place(manifest, entry, entry.key in load.refused_files),
                }
            )
    return found


def _place(manifest: Manifest, entry: FileEntry, is_refused: bool) -> str:  # noqa: FBT001 - one private call
    made = quarantine_key if is_refused else archive_key
    return made(manifest.pipeline, entry, manifest.run_id, manifest.as_of)


def left(pipeline: Pipeline, dataset: Contract, left_alone: Mapping[str, str]) -> list[Row]:
    """Return the files that stay in landing and are told with one dataset; one that is being written is none of them.

    Args:
        pipeline: whose landing it is.
        dataset: one of its landing contracts.
        left_alone: key of a file -> why it is not taken.
    """
    kept = {key: why for key, why in left_alone.items() if why != WRITTEN}
    datasets = pipeline.layer("landing")
    return [
        {"key": visible(key), "why": why, "where": "it stays in landing"}
        for key, why in sorted(kept.items())
        if nearest(key, datasets) == dataset.name
    ]


def nearest(key: str, datasets: Sequence[Contract]) -> str:
    """Return the one dataset with which a file is told that is of none: in whose folder it lies, else the first."""
    folder = PurePosixPath(key).parent
    for dataset in datasets:
        if any(PurePosixPath(glob).parent == folder for glob in dataset.files if folder != PurePosixPath(".")):
            return dataset.name
    return datasets[0].name


def _result(
    dataset: Contract, name: str, rows: Sequence[Row], known: Mapping[str, int] | None = None
) -> dg.AssetCheckResult:
    first = f"first: {_words(rows[0])}" if rows else ""
    said = f"{_counted(rows)} {'not taken' if name == REFUSED else 'left in landing'}"
    facts: dict[str, Any] = {
        **(known or {}),
        "failing": len(rows),
        **({"files": md.preview(rows[:MOST_NAMES])} if rows else {}),
    }
    return dg.AssetCheckResult(
        passed=not rows,
        asset_key=md.asset_key(dataset),
        check_name=name,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{said}; {first}" if rows else None,
        metadata=facts,
    )


def _counted(rows: Sequence[Row]) -> str:
    """Count files and folders, with the verb; a folder that is not looked into ends with a slash."""
    folders = sum(row["key"].endswith("/") for row in rows)
    counts = ((len(rows) - folders, "file"), (folders, "folder"))
    said = " and ".join(f"{n} {what}" if n == 1 else f"{n} {what}s" for n, what in counts if n)
    return f"{said} was" if len(rows) == 1 else f"{said} were"


def _words(row: Row) -> str:
    """Say of a file why it was not taken and where it is; most reasons name it."""
    why = row["why"] if row["key"] in row["why"] else f"{row['key']}: {row['why']}"
    return f"{why}; {row['where']}"


def key_of(result: dg.AssetCheckResult) -> dg.AssetCheckKey:
    """Return the check that a result of this module is of."""
    return dg.AssetCheckKey(dg.AssetKey.from_coercible(result.asset_key or []), result.check_name or "")
