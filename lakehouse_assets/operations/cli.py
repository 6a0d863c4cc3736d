"""Define the `lakehouse` command: put its commands together and turn errors into one sentence and an exit code.

Exit codes: 0 done, 1 the work failed, 2 bad input, 130 interrupted. Commands live in modules of their own and import
what is slow inside functions, so that `lakehouse --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.completion import completion_init  # type: ignore[attr-defined] # it has no other public name
from typer.exceptions import TyperException

from lakehouse_assets.errors import BadRequest, LakehouseError, SettingsInvalid, UnportableSql
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.affise import affise
from lakehouse_assets.operations.affise_simulator import affise_simulator
from lakehouse_assets.operations.alerts import alerts
from lakehouse_assets.operations.backfill import backfill
from lakehouse_assets.operations.checks import checks
from lakehouse_assets.operations.clone import clone
from lakehouse_assets.operations.completion import InstallOption, ShowOption
from lakehouse_assets.operations.contracts import contracts
from lakehouse_assets.operations.cost import cost
from lakehouse_assets.operations.demo import demo
from lakehouse_assets.operations.dev import dev
from lakehouse_assets.operations.diff import diff
from lakehouse_assets.operations.drop import drop
from lakehouse_assets.operations.emit import emit
from lakehouse_assets.operations.export import export
from lakehouse_assets.operations.foreign_errors import known_error
from lakehouse_assets.operations.forget import forget
from lakehouse_assets.operations.lineage import lineage
from lakehouse_assets.operations.maintenance import optimize, vacuum
from lakehouse_assets.operations.new import new
from lakehouse_assets.operations.plan import plan
from lakehouse_assets.operations.rebuild import rebuild
from lakehouse_assets.operations.rejects import rejects
from lakehouse_assets.operations.relocate import relocate
from lakehouse_assets.operations.report import report
from lakehouse_assets.operations.restore import restore
from lakehouse_assets.operations.rules import rules
from lakehouse_assets.operations.run import run
from lakehouse_assets.operations.runs import runs
from lakehouse_assets.operations.sample import sample_command
from lakehouse_assets.operations.sql import sql
from lakehouse_assets.operations.status import status
from lakehouse_assets.operations.tests_command import run_tests
from lakehouse_assets.operations.usage import PipelineCommand, fold_help, problem_of

NAME = "lakehouse"
"""The name of the command, whatever the file is called that starts it; completion of words goes by it."""
BAD_INPUT = (BadRequest, SettingsInvalid, UnportableSql)


def application() -> typer.Typer:
    """Return `lakehouse` with all its commands; the options of `sample` are those that the pipelines' samples have.

    Raises:
        LakehouseError: the settings name pipelines that cannot be read.
    """
    completion_init()
    app = typer.Typer(
        name=NAME, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    usual = (demo, run, backfill, plan, sql, export, checks, alerts, cost, lineage, dev, sample_command())
    care = (optimize, vacuum, rebuild, relocate, restore, forget)
    daily = (status, runs, report, diff, clone, drop)
    for command in (*usual, *daily, *care, emit, affise_simulator):
        app.command(cls=PipelineCommand)(command)
    app.command("test", cls=PipelineCommand)(run_tests)
    app.add_typer(new, name="new")
    app.add_typer(rejects, name="rejects")
    app.add_typer(contracts, name="contracts")
    app.add_typer(rules, name="rules")
    app.add_typer(affise, name="affise")
    app.callback(invoke_without_command=True)(root)
    fold_help(app)
    return app


def _version(context: typer.Context, value: bool) -> None:  # noqa: FBT001 - as Typer calls it
    from importlib.metadata import version

    if value and not context.resilient_parsing:
        terminal.say(f"{NAME} {version('lakehouse-assets')}")
        raise typer.Exit


def root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version; then end.")
    ] = False,
    install_completion: InstallOption = None,
    show_completion: ShowOption = None,
) -> None:
    """A lakehouse on this machine: load, look, check, repair. Begin with `lakehouse demo`.

    Examples:
        lakehouse demo

        lakehouse run PIPELINE --landing drops --lake lake

        lakehouse sql "SHOW TABLES" --lake lake
    """
    del version, install_completion, show_completion  # their callbacks have answered
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words, app = list(sys.argv[1:] if arguments is None else arguments), None
    try:
        app = application()
        code = app(words, prog_name=NAME, standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        terminal.complain(problem_of(error, app, words) if app else str(error))
        return 2
    except KeyboardInterrupt:
        terminal.complain("interrupted")
        return 130
    except (BrokenPipeError, SystemExit) as ended:
        if isinstance(ended, SystemExit) and not isinstance(ended.__context__, BrokenPipeError):
            raise
        terminal.forget_stdout()  # nobody reads any more; Typer makes another error of that
        return 0
    except BaseException as error:  # a Rust library that gives up raises what is no Exception
        known = error if isinstance(error, (LakehouseError, OSError)) else known_error(error)
        if known is None:
            raise
        return told(known)
    return code if isinstance(code, int) else 0


def told(error: LakehouseError | OSError) -> int:
    """Tell an error in one sentence and return the exit code that belongs to it."""
    if isinstance(error, OSError):  # a folder that cannot be made, an output that cannot be written
        terminal.complain(f"{error.strerror or error}: `{error.filename or 'output'}`")
        return 2
    terminal.complain(str(error))
    return 2 if isinstance(error, BAD_INPUT) else 1
