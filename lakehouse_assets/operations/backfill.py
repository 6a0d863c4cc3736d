"""Define `lakehouse backfill`, which runs a pipeline over days of the past in one run, and says first what it means."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from lakehouse_assets.core.outlook import Outlook
from lakehouse_assets.core.request import Window, parse_request, require_few_days, words
from lakehouse_assets.errors import BadRequest, TableMissing
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import (
    AffiseUrlOption,
    EngineOption,
    LakeOption,
    PipelineArgument,
    Verbose,
    chosen_pipeline,
    use_affise_url,
    writing,
)
from lakehouse_assets.operations.outlook import outlook_of, say_days
from lakehouse_assets.operations.run import exit_code, print_json, run_visibly
from lakehouse_assets.operations.running import Asked
from lakehouse_assets.operations.sql import parse_moment
from lakehouse_assets.settings import Settings, read_settings

if TYPE_CHECKING:
    from lakehouse_assets.contracts import Contract
    from lakehouse_assets.graph.pipeline import Pipeline


@dataclass(frozen=True)
class BackfillPlan:
    """Say what a backfill is about.

    Attributes:
        window: its days.
        zone: in which they begin.
        outlook: what would be pulled.
        rows: how many rows each table holds of each of these days, by table.
    """

    window: Window
    zone: str
    outlook: Outlook
    rows: dict[str, dict[date, int]]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan in JSON-ready form."""
        return {
            "days": {str(day): self.outlook.days.get(day, "") for day in self.window.days},
            "zone": self.zone,
            "slices": dict(self.outlook.slices),
            "rows": {one: {str(day): count for day, count in found.items()} for one, found in self.rows.items()},
            "notes": list(self.outlook.notes),
        }


def backfill(  # noqa: PLR0913 - one parameter per option
    pipeline: PipelineArgument = None,
    *,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day, such as 2025-04-01.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day, such as 2025-04-07.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what the run would do.")] = False,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help=words("as_of"))] = None,
    affise_url: AffiseUrlOption = None,
    lake: LakeOption = None,
    engine: EngineOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")] = False,
    verbose: Verbose = False,
) -> None:
    """Run a pipeline over days of the past, in one run: pull them again, rebuild silver and gold.

    First it says which days these are, what would be pulled, how many rows are there already, and what cannot be pulled
    any more. Exit code 1 when the run failed.

    Examples:
        lakehouse backfill --from 2025-04-01 --to 2025-04-07 --dry-run
    """
    name = chosen_pipeline(pipeline, lake)
    use_affise_url(name, affise_url)
    now = datetime.now(UTC) if as_of is None else parse_moment(as_of)
    settings = read_settings(lake=lake, engine=engine) if dry_run else writing(name, lake, engine=engine)
    found = _plan(settings, name, _window(settings, name, first, last, now), now)
    if not json:
        show(name, found)
    if dry_run:
        if json:
            _print_plan(name, found)
        return
    window = {"start": str(found.window.start), "end": str(found.window.end)}
    asked, started = Asked(name, parse_request({"window": window, "as_of": as_of} | _again(name))), time.perf_counter()
    outcome = run_visibly(settings, asked, verbose=verbose)
    if json:
        print_json([outcome.report], plan=found.to_dict())
    else:
        from lakehouse_assets.operations import run_text

        run_text.show(outcome, settings, time.perf_counter() - started)
    raise typer.Exit(exit_code(outcome))


def _window(settings: Settings, name: str, first: str, last: str, now: datetime) -> Window:
    """Return the days that were asked for.

    Raises:
        BadRequest: they are no days, not in order, not all begun, more than a run may have, or the pipeline does not
            work on days.
    """
    from lakehouse_assets.pipelines import pipeline_of

    pipeline = pipeline_of(name)
    if pipeline.days is None:
        way = f"`lakehouse run {name} --reprocess DATE` loads archived files again"
        raise BadRequest(message=f"`{name}` works on files, not on days; {way}")
    start, end, zone = _day("--from", first), _day("--to", last), pipeline.zone_in(settings)
    if start > end:
        raise BadRequest(message=f"--from is {start}, which is after --to, {end}")
    today = now.astimezone(ZoneInfo(zone)).date()
    if end > today:
        raise BadRequest(
            message=f"--to is {end}, and today is {today} in {zone}: a day that has not begun holds nothing"
        )
    if start < pipeline.days.first:
        raise BadRequest(message=f"--from is {start}, and the first day of `{name}` is {pipeline.days.first}")
    window = Window(start=start, end=end)
    require_few_days(window, pipeline.days.most)
    return window


def _again(name: str) -> dict[str, str]:
    """Return what asks a pipeline to pull its days again; nothing of one that pulls nothing."""
    from lakehouse_assets.pipelines import pipeline_of

    return {"pull": "again"} if "pull" in pipeline_of(name).asked else {}


def _day(option: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise BadRequest(message=f"{option} is `{text}`, allowed is a date such as 2025-04-03") from error


def _plan(settings: Settings, name: str, window: Window, now: datetime) -> BackfillPlan:
    from lakehouse_assets.pipelines import pipeline_of

    pipeline = pipeline_of(name)
    found = outlook_of(settings, pipeline, window, now, again=True)
    return BackfillPlan(window, pipeline.zone_in(settings), found, dict(_rows(settings, pipeline, window)))


def _rows(settings: Settings, pipeline: Pipeline, window: Window) -> Iterable[tuple[str, dict[date, int]]]:
    """Yield each table of days, with how many rows it holds of each day of a window."""
    from lakehouse_assets.engines.query import ask
    from lakehouse_assets.operations.sql import query_scope

    scope = query_scope(settings)
    for contract, column in _tables_of_days(pipeline):
        span = f"{column} BETWEEN DATE '{window.start}' AND DATE '{window.end}'"
        sql = f"SELECT {column}, count(*) FROM {contract.catalog_name} WHERE {span} GROUP BY {column}"
        try:
            yield contract.name, {row[0]: row[1] for batch in ask(scope, sql).batches for row in batch}
        except TableMissing:
            yield contract.name, {}


def _tables_of_days(pipeline: Pipeline) -> Iterable[tuple[Contract, str]]:
    """Yield tables of silver and gold that are partitioned by a day, with that column."""
    for contract in (*pipeline.layer("silver"), *pipeline.layer("gold")):
        column = contract.date_column if contract.layer == "silver" else contract.window
        if column is not None and column in contract.partition_by:
            yield contract, column


def show(name: str, plan: BackfillPlan) -> None:
    """Print the plan for people: a line per day, then a line per table.

    A table of silver that holds nothing of these days has no column, and is named below: its zeros would only make the
    lines wide.
    """
    from lakehouse_assets.pipelines import pipeline_of

    days = plan.window.days
    say_days(name, plan.window, plan.zone, plan.outlook)
    silver = [c.name for c in pipeline_of(name).layer("silver") if c.name in plan.rows]
    filled, empty = [one for one in silver if plan.rows[one]], [one for one in silver if not plan.rows[one]]
    said = ("clicks to pull",) if plan.outlook.days else ()
    lines = [(day, *(plan.rows[one].get(day, 0) for one in filled), *_said(plan, day)) for day in days]
    terminal.table(("day", *filled, *said), lines, right=filled, close=True)
    if empty:
        terminal.say(f"No rows of these days: {', '.join(empty)}")
    gold = [(one, len(found), sum(found.values())) for one, found in plan.rows.items() if one not in silver]
    if gold:
        terminal.table(("gold", "days there", "rows there"), gold, right=("days there", "rows there"))
    for note in plan.outlook.notes:
        terminal.say(note)


def _said(plan: BackfillPlan, day: date) -> tuple[str, ...]:
    return (plan.outlook.days.get(day, ""),) if plan.outlook.days else ()


def _print_plan(name: str, plan: BackfillPlan) -> None:
    import orjson

    document = {"pipeline": name, **plan.to_dict()}
    terminal.data(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
