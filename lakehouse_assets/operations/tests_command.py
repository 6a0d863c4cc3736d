"""Define `lakehouse test`, which runs the unit tests of models and rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations import terminal
from lakehouse_assets.operations.options import PipelineOption, chosen_pipeline

if TYPE_CHECKING:
    from lakehouse_assets.operations.unit_tests import Answer, Suite

SHOWN = 20
"""How many differences of one test are shown."""


def run_tests(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL|RULE]...", help="Tables or rules; all when none is named.")
    ] = None,
    *,
    pipeline: PipelineOption = None,
) -> None:
    """Run the unit tests of models and rules: rows that are given, and rows that are expected; no lake is touched.

    They are in `tests/<table>.yaml` of the pipeline's package; `lakehouse new` writes a first one. A model is asked as
    a whole and, where it has a window, by what was touched. Exit code 1 when something is not as expected.

    Examples:
        lakehouse test

        lakehouse test daily_weather
    """
    from lakehouse_assets.contracts.packages import pipelines
    from lakehouse_assets.operations.unit_tests import run_suite, suite_of
    from lakehouse_assets.settings import read_settings

    settings = read_settings()
    named = pipelines() if pipeline is None else [chosen_pipeline(pipeline)]
    suites = [suite_of(name, names or ()) for name in named]
    _require_tests(suites, names or [])
    done = [one for suite in suites for one in _told(run_suite(suite, settings.zone_of(suite.pipeline)))]
    failed = sum(not one.passed for one in done)
    passed = f"{len(done) - failed} passed"
    terminal.say(f"✘ {failed} failed, {passed}" if failed else f"✔ {passed}")
    raise typer.Exit(int(failed > 0))


def _require_tests(suites: list[Suite], names: list[str]) -> None:
    """Refuse to say that all is well where nothing is tested.

    Raises:
        BadRequest: a name is that of no table or rule, or there is no test at all.
    """
    if any(suite.tests for suite in suites):
        return
    without = [name for suite in suites for name in suite.without]
    if names and not without:
        raise BadRequest(message=f"there is no model, silver table or rule {', '.join(f'`{one}`' for one in names)}")
    files = ", ".join(f"`tests/{name}.yaml`" for name in without[:3])
    raise BadRequest(message=f"there are no unit tests; they would be in {files} of the pipeline's package")


def _told(results: Iterable[Answer]) -> list[Answer]:
    """Say of each test as it ends what came of it."""
    done: list[Answer] = []
    for one in results:
        terminal.say(f"{'✔' if one.passed else '✘'} {one.table}: {one.name}")
        if one.problem:
            terminal.say(f"  {one.problem}")
        for difference in one.differences[:SHOWN]:
            at = f"  {difference.row}"
            terminal.say(f"{at}, {difference.column}:" if difference.column else f"{at}:")
            terminal.say(f"    expected {difference.expected}\n    found    {difference.found}")
        if len(one.differences) > SHOWN:
            terminal.say(f"  and {len(one.differences) - SHOWN} differences more")
        done.append(one)
    return done
