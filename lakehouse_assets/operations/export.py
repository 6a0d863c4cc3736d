"""Define `lakehouse export`, which writes the reports of a pipeline again for the days that end with a date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, PipelineArgument, chosen_pipeline, reading

if TYPE_CHECKING:
    from lakehouse_assets.compute.tasks import FunctionTask
    from lakehouse_assets.graph.pipeline import Pipeline

LAYER = "report"
"""Names the layer of the assets that are reports."""


def export(
    pipeline: PipelineArgument = None,
    *,
    date: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="The last day of the report, such as 2025-04-07; today when none is named."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
    lake: LakeOption = None,
) -> None:
    """Write the reports of a pipeline for the days that end with a date, from gold as it is.

    As many days as a run covers. The report of that date is replaced, a copy with an id of its own is kept, and the
    newest report stays the newest: nothing but a run replaces `latest`.

    Examples:
        lakehouse export --date 2025-04-07

        lakehouse export PIPELINE --date 2025-04-07 --lake lake --json
    """
    from lakehouse_assets.compute.functions import handler_of
    from lakehouse_assets.compute.tasks import fill
    from lakehouse_assets.pipelines import pipeline_of

    chosen, settings = pipeline_of(chosen_pipeline(pipeline, lake)), reading(lake)
    zone, root = chosen.zone_in(settings), settings.lake_root
    last = _day(date, zone)
    facts = {
        "run_id": str(uuid4()),
        "pipeline": chosen.name,
        "lake": root,
        "landing": chosen.landing_in(settings),
        "source_timezone": zone,
        "as_of": datetime.now(UTC).isoformat(),
        "window": {"start": str(last - timedelta(days=_days(chosen) - 1)), "end": str(last)},
    }
    answers = list[dict[str, Any]]()
    for name, task in _reports(chosen):
        try:
            event = fill(task.payload, facts)
        except KeyError as error:
            raise BadRequest(message=f"only a run can write `{name}`: it needs {error}, which no date tells") from error
        answers.append(handler_of(task.function, chosen.functions)(event | {"date": str(last)}, None))
    if json:
        terminal.data("".join(terminal.json_list(answers)))
        return
    for answer in answers:
        terminal.say(_line(answer))


def _reports(pipeline: Pipeline) -> Iterator[tuple[str, FunctionTask]]:
    """Yield the reports of a pipeline, by name, with the tasks that write them.

    Raises:
        BadRequest: it has none.
    """
    import dagster as dg

    from lakehouse_assets.compute.tasks import TASK_METADATA, FunctionTask, from_metadata

    assets = [asset for asset in pipeline.assets if isinstance(asset, dg.AssetsDefinition)]
    found = [(asset, key) for asset in assets for key in asset.keys if key.path[0] == LAYER]
    if not found:
        raise BadRequest(message=f"pipeline `{pipeline.name}` has no report")
    for asset, key in found:
        task = from_metadata(asset.metadata_by_key[key][TASK_METADATA].data)
        if isinstance(task, FunctionTask):
            yield key.to_user_string(), task


def _day(text: str | None, zone: str) -> date:
    """Return the day that a text names, today in the zone if there is none.

    Raises:
        BadRequest: it is no date.
    """
    from zoneinfo import ZoneInfo

    if text is None:
        return datetime.now(ZoneInfo(zone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(message=f"--date `{text}` is no day such as 2025-04-07") from error


def _days(pipeline: Pipeline) -> int:
    return pipeline.days.window_days if pipeline.days is not None else 1


def _line(answer: dict[str, Any]) -> str:
    """Say what was written.

    >>> _line({"report": "reports/Returns-2025-04-07.csv", "rows": 3})
    'report: reports/Returns-2025-04-07.csv, rows: 3'
    """
    return ", ".join(
        f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}" for name, value in answer.items()
    )
