"""A broken contract stops the commands of its own table, and says what is wrong; everything else works as ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.own_project import Project, open_project

COUNT = "SELECT count(*) AS n FROM {}"
BROKEN = "contract `daily_sales_0`: has an unknown field `versoin`; did you mean `version`?"
RUN = ("run", "--max-reject-ratio", "1")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose one gold contract is broken, after a run over a first drop."""
    project = open_project(tmp_path_factory.mktemp("broken"))
    project.contract("daily_sales_0", "version: 1.", "versoin: 1.")
    project.drop()
    ran = project.command(*RUN)
    (project.folder / "ran.txt").write_text(f"{ran.code}\n{ran.err}", "utf-8")
    return project


def test_a_run_loads_everything_else_fails_with_the_sentence_and_archives_nothing(broken: Project) -> None:
    """Silver is there, nothing is lost: the files are still in landing for the run after the contract was mended."""
    code, told = (broken.folder / "ran.txt").read_text("utf-8").split("\n", 1)
    assert code == "1"
    assert BROKEN in told
    asked = broken.command("sql", COUNT.format("delta_lakehouse.clean_orders"), "--format", "csv")
    assert (asked.code, asked.out) == (0, "n\n2\n")
    assert len(list((broken.folder / "landing").rglob("*.csv"))) == 3


def test_a_question_to_the_table_is_told_what_is_wrong(broken: Project) -> None:
    """The other tables are listed; this one's name is not called unknown."""
    asked = broken.command("sql", COUNT.format("ecommerce_gold.daily_sales_0"))
    assert (asked.code, asked.err) == (
        1,
        f"error: {BROKEN}\n",
    )
    shown = broken.command("sql", "SHOW TABLES", "--format", "csv")
    assert "daily_sales_0," not in shown.out
    assert "delta_lakehouse.clean_orders," in shown.out


@pytest.mark.parametrize("command", ["checks", "optimize", "vacuum"])
def test_a_command_on_all_tables_does_the_others_and_is_not_green(broken: Project, command: str) -> None:
    """Whoever looks at an exit code learns that a table was left out."""
    done = broken.command(command)
    assert done.code == 1
    assert "clean_orders" in done.out
    assert f"error: {BROKEN}; `lakehouse contracts check` tells more" in done.err


@pytest.mark.parametrize("arguments", [("emit", "--check"), ("contracts",)], ids=" ".join)
def test_what_is_made_of_all_contracts_is_refused(broken: Project, arguments: tuple[str, ...]) -> None:
    """A machine, a release or a dictionary without one table would be a wrong one."""
    done = broken.command(*arguments)
    assert (done.code, done.out) == (1, "")
    assert BROKEN in done.err


def test_a_key_that_stands_twice_breaks_its_table_alone(tmp_path: Path) -> None:
    """It is named with file and line; of two values nobody knows which one is meant."""
    project = open_project(tmp_path)
    project.contract("daily_sales_0_again", "version: 1.1.0\n", "version: 1.1.0\nversion: 2.0.0\n")
    lines = (project.package / "contracts" / "daily_sales_0_again.yaml").read_text("utf-8").splitlines()
    line = lines.index("version: 2.0.0") + 1
    said = f"has the key `version` twice, in line {line - 1} and in line {line}; keep one of them"
    checked = project.command("contracts", "check")
    assert f"daily_sales_0_again.yaml:{line}: gold.daily_sales_0_again: its file " in checked.out
    project.drop()
    ran = project.command(*RUN)
    assert (ran.code, said in ran.err) == (1, True)
    assert project.command("sql", "SELECT sum(amount) AS a FROM ecommerce_gold.daily_sales_0").code == 0


def test_the_next_run_after_mending_does_what_was_left(tmp_path: Path) -> None:
    """Also for the model that reads the broken table."""
    project = open_project(tmp_path)
    project.contract("daily_sales_0", "version: 1.", "versoin: 1.")
    project.drop()
    assert project.command(*RUN).code == 1
    project.contract("daily_sales_0", "versoin: 1.", "version: 1.")
    assert project.command(*RUN).code == 0
    for table in ("daily_sales_0", "daily_sales_0_again"):
        asked = project.command("sql", f"SELECT sum(amount) AS a FROM ecommerce_gold.{table}", "--format", "csv")
        assert asked.out == "a\n30.50\n"
    assert not list((project.folder / "landing").rglob("*.csv"))


def test_a_broken_silver_contract_stops_the_run_before_it_takes_a_file(tmp_path: Path) -> None:
    """Its files would be archived unread; the lake can still be asked about what it holds."""
    project = open_project(tmp_path)
    project.drop()
    project.contract("clean_orders_items", "kind: DataContract", "kind: [")
    ran = project.command(*RUN)
    assert ran.code == 1
    assert "contract `clean_orders_items.yaml`: is no YAML" in ran.err
    assert len(list((project.folder / "landing").rglob("*.csv"))) == 3
