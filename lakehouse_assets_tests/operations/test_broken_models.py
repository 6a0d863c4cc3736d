"""A SELECT that no engine takes is told by every command that leaves its table out, as a broken contract is."""

from __future__ import annotations

import json

import pytest

from lakehouse_assets_tests.operations.conftest import SECOND, put
from lakehouse_assets_tests.operations.own_project import Project, open_project

RUN = ("run", "--max-reject-ratio", "1")
NEXT_DAY = {"orders/2025-04-02.csv": SECOND["orders/2025-04-02.csv"]}


@pytest.fixture(scope="module")
def unparsed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose gold was built, before one of its two SELECTs was made no SQL."""
    project = open_project(tmp_path_factory.mktemp("unparsed"))
    project.drop()
    assert project.command(*RUN).code == 0
    project.select("daily_sales_0", "SELECT", "SELECT FROM FROM")
    return project


@pytest.fixture(scope="module")
def unbound(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose gold was built, before one of its two SELECTs was given a column that there is not."""
    project = open_project(tmp_path_factory.mktemp("unbound"))
    project.drop()
    assert project.command(*RUN).code == 0
    assert project.command("checks").code == 0
    project.select("daily_sales_0", "s.buyers", "nosuch AS buyers")
    return project


@pytest.mark.parametrize("command", ["plan", "run", "checks", "optimize", "vacuum"])
def test_a_select_that_is_no_sql_is_told_and_the_exit_code_is_not_zero(unparsed: Project, command: str) -> None:
    """The table itself, and the one that reads it; no file has landed since it was spoilt."""
    done = unparsed.command(command)
    assert done.code == 1
    assert "error: contract `gold.daily_sales_0`: its SELECT is not usable: " in done.err
    assert "contract `gold.daily_sales_0_again`: its SELECT reads `ecommerce_gold.daily_sales_0`" in done.err
    assert "gold is up to date" not in done.out


def test_a_plan_says_beforehand_that_a_select_does_not_bind(unbound: Project) -> None:
    """It names the table and the column, and ends as the run would."""
    planned = unbound.command("plan", "--json")
    assert planned.code == 1
    models = {model["table"]: model for model in json.loads(planned.out)["models"]}
    table = models["ecommerce_gold.daily_sales_0"]
    assert table["action"] == "refuse"
    assert "nosuch" in table["why"]


def test_a_run_names_the_table_whose_select_does_not_bind(unbound: Project) -> None:
    """The sentence says table and column; silver is loaded, and the files wait for the run that builds gold."""
    put(unbound.folder / "landing", NEXT_DAY)
    ran = unbound.command(*RUN)
    assert ran.code == 1
    assert "error: gold table `ecommerce_gold.daily_sales_0` cannot be built: " in ran.err
    assert "nosuch" in ran.err
    assert len(list((unbound.folder / "landing").rglob("*.csv"))) == 1


def test_checks_are_not_ok_until_a_table_that_failed_is_built(unbound: Project) -> None:
    """The results of the run before still stand, but they are of an older table than the one that was asked for."""
    assert unbound.command(*RUN).code == 1
    failed = unbound.command("checks", "--format", "json")
    states = {(check["table"], check["check"]): check for check in json.loads(failed.out)["checks"]}
    assert failed.code == 1
    assert states["gold/daily_sales_0", "built"]["status"] == "errored"
    assert "nosuch" in states["gold/daily_sales_0", "built"]["description"]
    unbound.select("daily_sales_0", "nosuch AS buyers", "s.buyers")
    assert unbound.command(*RUN).code == 0
    mended = unbound.command("checks").code
    unbound.select("daily_sales_0", "s.buyers", "nosuch AS buyers")
    assert mended == 0
