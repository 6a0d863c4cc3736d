"""Define `lakehouse new`, which writes the files of a working model, rule, dataset or pipeline."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import PipelineOption, chosen_pipeline
from lakehouse_assets.operations.usage import PipelineCommand, help_alone

if TYPE_CHECKING:
    from lakehouse_assets.operations.scaffold.dataset import Dataset
    from lakehouse_assets.operations.scaffold.files import Draft
    from lakehouse_assets.operations.scaffold.project import Project

new = typer.Typer(help="Write the files of a working model, rule, dataset or pipeline.")

Name = Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and _.")]
Key = Annotated[str | None, typer.Option(help="Columns of the key, with commas.")]
Columns = Annotated[str | None, typer.Option(help="`name:TYPE, name:TYPE` as they land; STRING where no type is said.")]


@new.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Write the files of a working model, rule, dataset or pipeline.

    Example:
        lakehouse new model country_readings --from clean_readings --key country
    """
    help_alone(context)


@new.command("model", cls=PipelineCommand)
def new_model(
    name: Name,
    *,
    source: Annotated[str | None, typer.Option("--from", help="The table that it reads.")] = None,
    key: Key = None,
    columns: Annotated[str, typer.Option(help="Columns that are summed, with commas.")] = "",
    pipeline: PipelineOption = None,
) -> None:
    """Write a gold table that counts the rows of another one by some of its columns: SELECT, contract and unit test.

    Examples:
        lakehouse new model country_readings --from clean_readings --key country --columns amount
    """
    from lakehouse_assets.operations.scaffold.files import Draft
    from lakehouse_assets.operations.scaffold.project import Project, model_of

    wanted = asked(source, "from", "the table that it reads")
    project = Project(chosen_pipeline(pipeline, table=wanted))
    table = project.table(wanted)
    keys = listed(asked(key, "key", f"columns of {', '.join(c.name for c in table.content)}"))
    files = model_of(project, name, table, keys, listed(columns))
    sql = next(path for path in files if path.suffix == ".sql")
    edit = f"edit what it selects in `{sql}`, and its columns in the contract to match"
    # What the SELECT says of rows that it leaves out is said here too.
    remarks = (line[3:].rstrip(".") for line in files[sql].splitlines()[1:2] if line.startswith("-- "))
    _write(project, Draft(files, next=(edit, *remarks)))
    _say_next(
        name, f"lakehouse run {project.pipeline}", f'lakehouse sql "SELECT * FROM {project.table(name).catalog_name}"'
    )


@new.command("dataset", cls=PipelineCommand)
def new_dataset(
    name: Name,
    *,
    columns: Columns = None,
    key: Key = None,
    files: Annotated[str | None, typer.Option(help="Patterns of its files below landing, with commas.")] = None,
    records: Annotated[str | None, typer.Option(help="For JSON pages: the field with the array of records.")] = None,
    pipeline: PipelineOption = None,
) -> None:
    """Write a dataset of files and its silver table: both contracts, a rule for each column, and a unit test.

    Examples:
        lakehouse new dataset parcels --key id --columns "id:BIGINT, sent:DATE, weight:DECIMAL(8,3)"
    """
    from lakehouse_assets.operations.scaffold.dataset import drafted
    from lakehouse_assets.operations.scaffold.files import Draft
    from lakehouse_assets.operations.scaffold.project import Project

    project = Project(chosen_pipeline(pipeline))
    project.require_new(name, "landing")
    project.require_new(f"clean_{name}", "silver")
    facts = (project.database("silver"), project.owner, project.has_dates)
    data = _dataset(project.pipeline, name, columns, key, (files, records), facts)
    contract = project.contracts / f"{data.table}.yaml"
    draft = Draft(drafted(data, project.contracts, project.folder("tests")), next=(f"edit its rules in `{contract}`",))
    _write(project, draft)
    terminal.say(f"Drop files {data.files.split(',')[0]} with the columns {','.join(c.name for c in data.columns)}.")
    _say_next(data.table, f"lakehouse run {project.pipeline}")


@new.command("rule", cls=PipelineCommand)
def new_rule(  # noqa: PLR0913 - each is an option
    code: Annotated[str, typer.Argument(help="The code that rows carry which break it.")],
    *,
    table: Annotated[str | None, typer.Option("--from", "--table", help="The silver table that it judges.")] = None,
    when: Annotated[str | None, typer.Option(help="When a row breaks it: a condition on landing columns.")] = None,
    verdict: Annotated[Literal["reject", "warn"], typer.Option(help="What becomes of such a row.")] = "reject",
    description: Annotated[str | None, typer.Option(help="What is wrong with such a row, in words.")] = None,
    breaks: Annotated[
        list[str] | None, typer.Option(help="For a unit test: `column=text` of a row that breaks it; repeatable.")
    ] = None,
    pipeline: PipelineOption = None,
) -> None:
    """Add a rule to a silver table's contract, and a unit test where a row is given that breaks it.

    What it would do to the rows that are there says `lakehouse rules try`. A rule needs no new major version.

    Examples:
        lakehouse new rule rain_huge --table clean_readings --when "parse_amount(rain) > 9999" --verdict warn
    """
    from lakehouse_assets.operations.scaffold.columns import require_name
    from lakehouse_assets.operations.scaffold.project import Project
    from lakehouse_assets.operations.scaffold.rules import drafted

    require_name(code, "rule")
    wanted = asked(table, "table", "the silver table that it judges")
    project = Project(chosen_pipeline(pipeline, table=wanted))
    condition = asked(when, "when", "a condition on landing columns that is true of a row that breaks it")
    words = description or f"{' '.join(condition.split())}"
    _write(project, drafted(project, wanted, (code, verdict, words, condition), breaks or []))
    _say_next(code, "lakehouse contracts --release")


@new.command("pipeline")
def new_pipeline_command(  # noqa: PLR0913 - each is an option
    name: Name,
    *,
    columns: Columns = None,
    key: Key = None,
    sums: Annotated[str, typer.Option("--sum", help="Columns that the gold table sums, with commas.")] = "",
    files: Annotated[str | None, typer.Option(help="Patterns of its files below landing, with commas.")] = None,
    records: Annotated[str | None, typer.Option(help="For JSON pages: the field with the array of records.")] = None,
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "data@example.com",
    folder: Annotated[Path, typer.Option(help="Where the package is made.")] = Path(),
) -> None:
    """Write a package with a pipeline of its own: a dataset, its silver table, a gold table by day, unit tests.

    Examples:
        lakehouse new pipeline parcels --key id --columns "id:BIGINT, sent:DATE, weight:DECIMAL(8,3)" --sum weight
    """
    from lakehouse_assets.operations.scaffold.columns import require_name
    from lakehouse_assets.operations.scaffold.files import Draft
    from lakehouse_assets.operations.scaffold.project import Project, install, new_pipeline

    require_name(name, "pipeline")
    _require_free(name)
    data = _dataset(name, name, columns, key, (files, records), (f"{name}_lakehouse", owner, True))
    draft = Draft(new_pipeline(folder, name, data, listed(sums)), next=(f"edit what runs in `{folder / name}`",))
    project = Project(name)

    def problems() -> list[str]:
        if not (folder / name / "pipeline.py").exists():
            return []
        install(folder, name)
        return project.problems()

    _write(project, draft, problems)
    terminal.say(f"Drop files {data.files.split(',')[0]} with the columns {','.join(c.name for c in data.columns)}.")
    terminal.say(f"Next: export PYTHONPATH={folder.absolute()} LAKEHOUSE_PIPELINES={name}")
    _say_next("", f"lakehouse run {name} --landing drops --lake lake")


def asked(value: str | None, option: str, words: str) -> str:
    """Return what an option was given; ask for it where it is missing and a terminal is there.

    Raises:
        BadRequest: nobody can be asked.
    """
    if value and value.strip():
        return value.strip()
    if not sys.stdin.isatty():
        raise BadRequest(message=f"--{option} is missing: {words}")
    return str(typer.prompt(f"{option} ({words})")).strip()


def listed(text: str) -> list[str]:
    """Return the names that a text with commas between them lists."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _dataset(
    pipeline: str,
    name: str,
    columns: str | None,
    key: str | None,
    files: tuple[str | None, str | None],
    facts: tuple[str, str, bool],
) -> Dataset:
    from lakehouse_assets.operations.scaffold.columns import columns_of
    from lakehouse_assets.operations.scaffold.dataset import Dataset

    wanted = asked(columns, "columns", "`name:TYPE, name:TYPE` as they land")
    keys = listed(asked(key, "key", "columns that tell one record from another"))
    patterns, records = files
    pattern = patterns or (f"{name}/*.json" if records else f"{name}/*.csv, {name}/*.csv.gz")
    database, owner, windows = facts
    return Dataset(pipeline, name, columns_of(wanted, keys), keys, pattern, records, database, owner, windows)


def _require_free(name: str) -> None:
    from importlib.util import find_spec

    if find_spec(name) is not None:
        raise BadRequest(message=f"Python knows a module `{name}` already; take another name")


def _write(project: Project, draft: Draft, problems: Callable[[], list[str]] | None = None) -> None:
    from lakehouse_assets.operations.scaffold.files import write

    write(draft, problems or project.problems)
    for path in (*draft.files, *draft.edits):
        terminal.say(f"written: {path}")
    for sentence in draft.next:
        terminal.say(f"{sentence[0].upper()}{sentence[1:]}.")


def _say_next(name: str, *commands: str) -> None:
    tests = f"lakehouse test{f' {name}' if name else ''}"
    for command in (tests, *commands):
        terminal.say(f"Next: {command}")
