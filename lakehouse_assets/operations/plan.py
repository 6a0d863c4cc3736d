"""Define `lakehouse plan`, which says what the next run would do, and why, without doing or writing anything."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.broken import tell_broken
from lakehouse_assets.operations.options import LakeOption, LandingOption, PipelineArgument, chosen_pipeline
from lakehouse_assets.operations.outlook import outlook_of, say_days

if TYPE_CHECKING:
    from lakehouse_assets.load.plan import ModelPlan, NextRun

NAMED = 10
"""How many files that are left alone are named."""
MARKS = {"make": "+", "rebuild": "~", "update": "~", "follow": " ", "none": " ", "refuse": "✘"}
SHOWN = {
    "make": "made",
    "rebuild": "rebuilt whole",
    "update": "brought up to date",
    "follow": "follows",
    "none": "stays",
    "refuse": "the run would fail",
}


def plan(
    pipeline: PipelineArgument = None,
    *,
    landing: LandingOption = None,
    lake: LakeOption = None,
    sql: Annotated[bool, typer.Option("--sql", help="Show the SELECT of each table that is behind, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON, and nothing else, on stdout.")] = False,
) -> None:
    """Say what the next run would do, and why: files, waiting rows, tables behind, changed models; nothing is done.

    A changed model is shown with the columns that its table gets, loses and changes. What the files will change is only
    known once they are loaded. Exit code 1 when the run would fail for a contract or a SELECT.

    Examples:
        lakehouse plan

        lakehouse plan --sql
    """
    from lakehouse_assets.contracts import contracts
    from lakehouse_assets.load.ledger import OpenLedger
    from lakehouse_assets.load.model_states import models_of
    from lakehouse_assets.load.plan import Asked, next_run
    from lakehouse_assets.load.soundness import require_sound
    from lakehouse_assets.operations.drop import strangers
    from lakehouse_assets.pipelines import pipeline_of
    from lakehouse_assets.settings import read_settings
    from lakehouse_assets.storage.lake import lake_of
    from lakehouse_assets.storage.landing import Landed, datasets, look
    from lakehouse_assets.storage.opening import no_landing, open_store

    name = chosen_pipeline(pipeline, lake)
    settings = read_settings(lake=lake)
    if landing is not None:
        settings = read_settings(lake=lake, landings={**settings.landings, name: landing})
    where = pipeline_of(name).landing_in(settings)
    store = open_store(where, create=False)
    if landing is not None and not store.exists:
        raise no_landing(where)
    lake_of(settings).require_here()
    there = look(name, store) if store.exists else Landed([], {})
    models = models_of(name, lake_of(settings))
    ledger = OpenLedger(models.ledger, models.lake)
    require_sound(contracts(name), name, models.lake, ledger)
    now, here = datetime.now(UTC), pipeline_of(name).here(settings)
    asked = Asked(name, datasets(name), here.zone_in(settings), now, is_pulled=here.outlook is not None)
    found = next_run(models, there, asked, ledger)
    strange = [table.label for table in strangers(models.lake)] if models.lake.exists else []
    if json:
        _print_json(name, found, strange)
    else:
        window = here.usual_window(now)
        if window is not None:
            coming = outlook_of(settings, here, window, now)
            say_days(name, window, here.zone_in(settings), coming)
            for note in coming.notes:
                terminal.say(note)
        show(name, found, where, sql=sql)
        for label in strange:
            terminal.say(f"Of no contract: {label}; `{terminal.command()} drop {label}` removes it")
    raise typer.Exit(int(tell_broken([name]) or found.is_refused))


def _print_json(pipeline: str, found: NextRun, strange: list[str]) -> None:
    import orjson

    document = {"pipeline": pipeline, "has_work": found.has_work, **asdict(found), "of_no_contract": strange}
    terminal.say(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def show(pipeline: str, found: NextRun, landing: str, *, sql: bool) -> None:
    """Print the plan for people."""
    landed = {name: count for name, count in found.files.items() if count}
    if landed:
        each = ", ".join(f"{name} {count}" for name, count in landed.items())
        terminal.say(f"Files: {_counted(sum(landed.values()), 'file')} in {landing} ({each}; {found.bytes:,} bytes)")
    elif not found.is_pulled:
        terminal.say(f"Files: none in {landing}")
    for key, why in list(found.left_alone.items())[:NAMED]:
        terminal.say(f"Left alone: {key}: {why}")
    if len(found.left_alone) > NAMED:
        terminal.say(f"Left alone: {len(found.left_alone) - NAMED} more")
    if found.pending:
        terminal.say(
            f"Waiting: {_counted(found.pending, 'row')} for a parent, {found.due} of them to be rejected by now"
        )
    for table in found.references:
        terminal.say(f"Reference table {table}: loaded from its seed, which changed")
    for model in found.models:
        _show_model(model, sql=sql)
    if not found.has_work:
        terminal.say(f"The next run of {pipeline} has nothing to do.")


def _show_model(model: ModelPlan, *, sql: bool) -> None:
    terminal.say(f"{MARKS[model.action]} {model.table}: {SHOWN[model.action]} ({model.why})")
    for words, columns in (("added", model.added), ("removed", model.removed), ("changed", model.changed)):
        for column in columns:
            terminal.say(f"    column {words}: {column}")
    if sql and model.statement:
        terminal.say("\n".join(f"    {line}" for line in model.statement.splitlines()))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
