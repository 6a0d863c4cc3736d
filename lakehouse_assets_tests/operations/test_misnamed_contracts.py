"""Names that nothing can be called, and two contracts of one table: told with file and line, no other table stops."""

from __future__ import annotations

import shutil

import pytest

from lakehouse_assets_tests.operations.own_project import Project, open_project

COPY = "a_copy.yaml"


@pytest.fixture(scope="module")
def misnamed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after a run: one gold contract says no name, one has an odd rule, and one is there twice."""
    project = open_project(tmp_path_factory.mktemp("misnamed"), models=6)
    project.drop()
    assert project.command("run", "--max-reject-ratio", "1").code == 0
    project.contract("daily_sales_0_again", "\nname: ", "\nnam: ")
    project.contract("product_daily_1_again", "- name: keys_unique", "- name: keys unique!")
    contracts = project.package / "contracts"
    shutil.copy(contracts / "user_orders_2_again.yaml", contracts / COPY)
    return project


def line(project: Project, file: str, marker: str) -> str:
    """The beginning of what is said of the first line of a contract that has the marker."""
    lines = (project.package / "contracts" / file).read_text("utf-8").splitlines()
    return f"{file}:{next(number for number, text in enumerate(lines, 1) if marker in text)}: "


TOLD = [
    (
        "daily_sales_0_again.yaml",
        "nam: ",
        "gold.daily_sales_0_again: has an unknown field `nam`; did you mean `name`?",
    ),
    ("product_daily_1_again.yaml", "keys unique!", "rule `keys unique!` has name `keys unique!`; it takes lower-case"),
    (COPY, "name: ", f"{COPY}: is of `gold.user_orders_2_again`, as `user_orders_2_again.yaml` is; a table has one"),
    (
        "user_orders_2_again.yaml",
        "name: ",
        f"is of `gold.user_orders_2_again`, as `{COPY}` is; a table has one contract",
    ),
]


@pytest.mark.parametrize(("file", "marker", "sentence"), TOLD, ids=[file for file, *_ in TOLD])
def test_the_check_names_file_line_and_what_is_allowed(
    misnamed: Project, file: str, marker: str, sentence: str
) -> None:
    """Both files of one table are told, each with the other one."""
    told = misnamed.command("contracts", "check")
    assert told.code == 1
    assert any(line(misnamed, file, marker) in said and sentence in said for said in told.out.splitlines()), told.out


@pytest.mark.parametrize("command", ["plan", "checks", "run"])
def test_a_command_on_all_tables_names_them_and_goes_on(misnamed: Project, command: str) -> None:
    """No name reaches a library that would refuse it for all tables."""
    done = misnamed.command(command)
    assert (done.code, "did you mean `name`?" in done.out + done.err) == (1, True)


def test_the_state_of_the_pipeline_is_still_told(misnamed: Project) -> None:
    """What a contract is called is no matter of the last run."""
    assert misnamed.command("status").code == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("daily_sales_0_again", "did you mean `name`?"),
        ("user_orders_2_again", f"is in several files, `{COPY}` and `user_orders_2_again.yaml`; a table has one"),
    ],
)
def test_a_question_to_such_a_table_is_told_why_and_to_another_is_answered(
    misnamed: Project, table: str, said: str
) -> None:
    """The one without a name is known by the name of its file."""
    asked = misnamed.command("sql", f"SELECT count(*) AS n FROM ecommerce_gold.{table}")
    assert (asked.code, said in asked.err) == (1, True)
    assert misnamed.command("sql", "SELECT count(*) AS n FROM ecommerce_gold.daily_sales_0").code == 0
