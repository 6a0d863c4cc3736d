"""Define `lakehouse affise`, what a person asks of an Affise account outside of a run."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.usage import help_alone

if TYPE_CHECKING:
    from lakehouse_assets.affise.probe import Finding

PIPELINE = "marketing"
"""Names the pipeline whose zone is the account's."""
MARKS = {"ok": "✔", "note": "!", "problem": "✘"}
affise = typer.Typer(help="Look at an Affise account.")


@affise.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Look at an Affise account.

    Example:
        lakehouse affise probe --affise-url https://api-acme.affise.com
    """
    help_alone(context)


@affise.command()
def probe(
    *,
    affise_url: Annotated[
        str | None, typer.Option(help="Base URL of the account's API (LAKEHOUSE_AFFISE__URL).")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of the account (LAKEHOUSE_ZONES__MARKETING).")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="The moment that counts as now; for a simulated account.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON, and nothing else.")] = False,
) -> None:
    """Ask an account what its API leaves open: rights of the key, zone, pages, how long it remembers clicks.

    Only GET is used, and nothing is kept. The key is read from the environment or `.env`, under the name
    AFFISE_API_KEY. Exit code 1 when something has to be done before a run.

    Examples:
        lakehouse affise probe

        lakehouse affise probe --affise-url https://api-acme.affise.com --zone Europe/Berlin
    """
    from lakehouse_assets.affise.opening import open_api, present_secrets
    from lakehouse_assets.affise.probe import probe as answers
    from lakehouse_assets.operations.sql import parse_moment
    from lakehouse_assets.progress import Progress
    from lakehouse_assets.settings import read_settings

    now = datetime.now(UTC) if as_of is None else parse_moment(as_of)
    settings = read_settings(affise=affise_url and {"url": affise_url}, zones=zone and {PIPELINE: zone})
    api, progress = open_api(settings.affise, present_secrets()), Progress()
    with terminal.shown(progress):
        found = list(answers(api, settings.zone_of(PIPELINE), now, progress))
    _show(found, as_json=json)
    raise typer.Exit(int(any(one.verdict == "problem" for one in found)))


def _show(found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        import orjson

        terminal.data(orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2).decode())
        return
    rows = [(MARKS[one.verdict], one.question, one.answer) for one in found]
    terminal.table(["", "question", "answer"], rows)
