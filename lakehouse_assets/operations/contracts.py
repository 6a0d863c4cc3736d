"""Define `lakehouse contracts`: what changed since the release, a new release, and what is wrong before any run."""

from __future__ import annotations

from typing import Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import PipelineArgument, chosen_pipeline
from lakehouse_assets.operations.usage import PipelineCommand

contracts = typer.Typer(invoke_without_command=True)


@contracts.callback()
def show(
    context: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 unless the released state is current.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Make the contracts the released state.")] = False,
) -> None:
    """Compare the contracts with their released state; a breaking change without a new major version fails.

    A release notes what changed in the change log beside it. `lakehouse contracts check` looks for everything that a
    run would stumble over.

    Examples:
        lakehouse contracts check

        lakehouse contracts --check

        lakehouse contracts --release
    """
    if context.invoked_subcommand is not None:
        return
    from lakehouse_assets.contracts import released
    from lakehouse_assets.contracts.packages import pipelines

    if check and release:
        raise BadRequest(message="--check and --release exclude each other")
    due = [name for name in pipelines() if not released.is_current(name)]
    for pipeline in pipelines():
        changes = released.release(pipeline) if release else released.check_all(pipeline)
        rows = [(pipeline, name, change.kind, "; ".join(change.reasons)) for name, change in sorted(changes.items())]
        terminal.table(("pipeline", "contract", "change", "what"), rows)
    if release:
        terminal.say("released" if due else "released already")
        return
    terminal.say(
        f"release is due: {', '.join(due)} (`lakehouse contracts --release`)" if due else "released state is current"
    )
    raise typer.Exit(int(check and bool(due)))


@contracts.command("check", cls=PipelineCommand)
def check_command(pipeline: PipelineArgument = None) -> None:
    """Find what a run would stumble over, each with file, line and what is allowed; nothing is run or written.

    Contracts with unknown properties, types or verdicts; rules, checks and models that an engine does not take or that
    do not mean the same on every engine; SELECTs that ignore their window, windows that nobody touches; seeds that
    break their contract. A hint is odd and stops nothing. Exit code 1 when something is wrong.

    Examples:
        lakehouse contracts check
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.operations.check_contracts import assembled, findings
    from lakehouse_assets.settings import read_settings

    settings = read_settings()
    named = pipelines() if pipeline is None else [chosen_pipeline(pipeline)]
    found = [*assembled(), *(one for name in named for one in findings(name, settings.zone_of(name)))]
    for finding in found:
        terminal.say(finding.text)
    wrong = sum(not finding.is_hint for finding in found)
    terminal.say(f"{'✘' if wrong else '✔'} {_counted(wrong, 'problem')}, {_counted(len(found) - wrong, 'hint')}")
    raise typer.Exit(int(wrong > 0))


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
