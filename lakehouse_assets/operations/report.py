"""Define `lakehouse report`, which writes one page of a pipeline's state for people who look rather than read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import LakeOption, PipelineArgument, chosen_pipeline, reading


def report(
    pipeline: PipelineArgument = None,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the page is written (default: PIPELINE-report.html).")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days back the page looks.")] = 30,
    lake: LakeOption = None,
) -> None:
    """Write a page that shows how a pipeline does: arrivals, rejects, freshness, run times, figures of its gold by day.

    It is one HTML file that needs nothing else: no network and no script; it can be mailed. Nothing else is written.

    Examples:
        lakehouse report

        lakehouse report PIPELINE --days 90 --out report.html
    """
    from lakehouse_assets.operations.report_data import gather
    from lakehouse_assets.operations.report_page import to_html
    from lakehouse_assets.pipelines import pipeline_of

    settings = reading(lake)
    name = chosen_pipeline(pipeline, lake)
    file = out or Path(f"{name}-report.html")
    if not file.absolute().parent.is_dir():
        raise BadRequest(message=f"--out `{file}`: its folder does not exist")
    page = to_html(gather(settings, pipeline_of(name), datetime.now(UTC), days))
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        raise BadRequest(message=f"--out `{file}` cannot be written: {error.strerror}") from error
    terminal.say(f"written: {file}")
