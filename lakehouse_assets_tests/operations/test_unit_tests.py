"""Unit tests of models and rules: those that are shipped, and what a project's own say when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.unit_tests import read_tests, run_suite, suite_of
from lakehouse_assets_tests.operations.own_project import Project, open_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project without a lake, for all tests here."""
    return open_project(tmp_path_factory.mktemp("project"), models=1)


def written(project: Project, table: str, text: str) -> None:
    """Write the tests of a table."""
    folder = project.package / "tests"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    (folder / f"{table}.yaml").write_text(text, "utf-8")


@pytest.mark.parametrize("pipeline", ["ecommerce", "marketing"])
def test_what_is_shipped_passes(pipeline: str) -> None:
    """Every unit test of the product's own models and rules gives what it expects, and each table has one."""
    suite = suite_of(pipeline)
    wrong = [(one.table, one.name, one.problem, one.differences) for one in run_suite(suite, "UTC") if not one.passed]
    assert wrong == []
    assert suite.without == ()


def test_a_difference_is_told_by_row_and_column(project: Project) -> None:
    """A landed row that breaks no rule where one is expected is named with both, within 80 columns, and exit code 1."""
    good = "{order_id: a, user_id: u, date: '2025-04-01', order_timestamp: '2025-04-01T10:00:00Z', total_amount: '-1'}"
    written(project, "clean_orders", f"- name: refund\n  landed: [{good}]\n  expect: [{{codes: [amount_invalid]}}]\n")
    done = project.command("test", "clean_orders")
    assert done.code == 1
    assert done.out.splitlines()[1:4] == [
        "  row 1, codes:", "    expected amount_invalid", "    found    amount_not_positive",
    ]  # fmt: skip
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_rule_names_the_tests_of_its_table(project: Project) -> None:
    """The code of a rule selects the tests of the tables that have it, and what nobody has is refused."""
    written(project, "clean_products", "- {name: none, landed: [], expect: []}\n")
    assert project.command("test", "product_id_missing").out == "✔ clean_products: none\n✔ 1 passed\n"
    unknown = project.command("test", "no_such")
    assert (unknown.code, unknown.err) == (2, "error: there is no model, silver table or rule `no_such`\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b", "is no list of tests"),
        ("- {name: x}", "test 1 has a `name` and `expect`"),
        ("- {name: x, expect: [1]}", "rows are lists of mappings"),
        ("- [", "is no YAML"),
        ("- {name: x,\n   expect: [{a: 1, a: 2}]}", "daily.yaml` has the key `a` twice, in line 2 and in line 2"),
    ],
)
def test_a_file_that_holds_no_tests_is_refused(text: str, says: str) -> None:
    """What is no list of tests is refused in one sentence that names the file."""
    with pytest.raises(BadRequest, match=says):
        list(read_tests(text, "daily.yaml"))


def test_a_value_that_does_not_fit_is_named(project: Project) -> None:
    """A given value that its column cannot hold is told with table and column, and the other tests go on."""
    table = "delta_lakehouse.clean_products"
    text = f"- {{name: bad, given: {{{table}: [{{nope: 1}}]}}, landed: [], expect: []}}\n"
    written(project, "clean_products", text + "- {name: fine, landed: [], expect: []}\n")
    done = project.command("test")
    assert done.code == 1
    assert "✔ clean_products: fine" in done.out


def test_no_lake_is_made(project: Project) -> None:
    """Unit tests read and write no lake."""
    written(project, "clean_products", "- {name: none, landed: [], expect: []}\n")
    project.command("test")
    assert not Path(project.folder, "lake").exists()
