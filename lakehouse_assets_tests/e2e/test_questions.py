"""What people ask of production: tables in a notebook, questions of the command, answered by Athena."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

import pytest
from pandas.testing import assert_frame_equal

from infrastructure.smoke import athena, executions, services
from lakehouse_assets import table
from lakehouse_assets_tests.e2e import breaking
from lakehouse_assets_tests.e2e.production import Production
from lakehouse_assets_tests.e2e.small import batch
from lakehouse_assets_tests.emulator.running import ROOT, variables_for

pytestmark = pytest.mark.e2e_all


@pytest.fixture(scope="module")
def loaded(production: Production) -> Production:
    """The installation with a batch in its tables."""
    production.land(batch(50))
    assert production.run("ecommerce").status == "SUCCEEDED"
    production.told()
    return production


@pytest.fixture(autouse=True)
def asking(loaded: Production, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whose settings name the installation."""
    own = {"LAKE": loaded.lake, "TARGET": "aws", "AWS__WORKGROUP": loaded.outputs["WorkGroup"]}
    given = variables_for(loaded.emulator.url) | {f"LAKEHOUSE_{name}": value for name, value in own.items()}
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "name", ["ecommerce_gold.daily_sales", "delta_lakehouse.clean_orders", "delta_lakehouse.ecommerce_run_ledger"]
)
def test_a_frame_of_athena_is_the_frame_of_the_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in the order of the key, decimals, moments (of Delta in milliseconds) and lists: whoever answers."""
    by_athena = table(name)
    monkeypatch.setenv("LAKEHOUSE_TARGET", "local")
    by_files = table(name)
    assert len(by_athena) > 0
    moments = [one for one, kind in by_files.dtypes.items() if kind.kind == "M" and name.startswith("delta_")]
    assert_frame_equal(by_athena, by_files.assign(**{one: by_files[one].dt.round("ms") for one in moments}))


def sql(statement: str) -> subprocess.CompletedProcess[str]:
    """How the command answers a question."""
    command = [str(ROOT / ".venv/bin/lakehouse"), "sql", statement, "--format", "csv"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)


def test_athena_explains_how_it_would_answer() -> None:
    """The plan is the engine's own, with the table that it would read."""
    done = sql("EXPLAIN SELECT count(*) FROM ecommerce_gold.daily_sales")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ecommerce_gold" in done.stdout
    assert "TableScan" in done.stdout


def test_a_table_is_described_from_the_lake() -> None:
    """Its columns, with what the contract says of them."""
    done = sql("DESCRIBE ecommerce_gold.daily_sales")
    assert (done.returncode, done.stderr) == (0, "")
    assert "date,date,,Date of the order" in done.stdout.splitlines()


def test_what_athena_cannot_answer_is_one_sentence() -> None:
    """The column that is not there is named, and nothing of the service's own form."""
    done = sql("SELECT nothing FROM ecommerce_gold.daily_sales")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "look",
    [
        athena.delta_is_read,
        athena.iceberg_is_merged,
        athena.ddl_is_accepted,
        athena.times_keep_their_zone,
        athena.rows_are_merged,
        services.a_limit_holds,
        services.a_condition_holds,
        executions.an_end_is_looked_at,
        executions.a_job_tells_its_error,
    ],
)
def test_what_is_looked_at_after_a_deployment_can_be_answered(
    loaded: Production, look: Callable[[Mapping[str, str]], None]
) -> None:
    """Columns and tables are those that there are, so that a failure on AWS is one of AWS."""
    look({**loaded.outputs, "FunctionPrefix": "", "JobPrefix": ""})
    loaded.told()


def test_names_of_failures_are_asked_of_a_machine_of_their_own(loaded: Production) -> None:
    """A query and a job that fail, and one that is late: a job that is not started as fast as on AWS is made slow."""
    outputs = {**loaded.outputs, "FunctionPrefix": "", "JobPrefix": ""}
    with breaking.job(loaded, "import time\ntime.sleep(5)\nraise SystemExit('BadRequest: no arguments')"):
        assert executions.failures_have_their_names(outputs).startswith("Glue ")
    machines = loaded.machines.list_state_machines()["stateMachines"]
    assert [one["name"] for one in machines if "smoke" in one["name"]] == []
