"""`lakehouse contracts check` finds before any run what a run would, each with file, line and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets_tests.operations.conftest import Cli
from lakehouse_assets_tests.operations.own_project import Project, open_project
from scripts.bench.small_files import ORDERS


def line_with(file: Path, marker: str) -> int:
    """The number, from 1, of the first line that has the marker."""
    return next(number for number, line in enumerate(file.read_text("utf-8").splitlines(), 1) if marker in line)


def found(out: str, project: Project, part: str, file: str, marker: str) -> str:
    """What is said about the line of that file that has the marker."""
    path = project.package / part / file
    start = f"{file}:{line_with(path, marker)}: "
    told = [line.partition(start)[2] for line in out.splitlines() if start in line]
    assert told, f"nothing about {start}in:\n{out}"
    return "\n".join(told)


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A project whose contracts can all be read, with a mistake of each other kind, and what the command says of it."""
    project = open_project(tmp_path_factory.mktemp("readable"), models=6)
    project.select("daily_sales_0", 'WHERE :everything OR "date" IN (:touched_dates)', "")
    project.select("daily_sales_0_again", "SELECT *", "SELECT *, 1 AS more")
    project.select("product_daily_1", "count(i.id) AS items", "avg(i.add_to_cart_order) AS items")
    (project.package / "sql" / "product_daily_1_again.sql").unlink()
    project.select("user_orders_2", "count(order_id)", "count(ordr_id)")
    project.select("user_orders_2_again", "SELECT *", "SELECT user_id, orders > 1 AS orders")
    project.contract("clean_orders", "      - window: users\n        column: user_id\n", "")
    project.contract("clean_orders", "blank(user_id)", "blank(usr_id)")
    project.contract("clean_orders_items", "blank(product_id)", "rand() > 0.5")
    project.contract("clean_products", "blank(product_name)", "parse_int(product_name)")
    project.contract("daily_sales_0", "delta_lakehouse.clean_orders ", "delta_lakehouse.dirty_orders ")
    told = project.command("contracts", "check")
    assert told.code == 1
    return project, told.out


SQL = [
    ("daily_sales_0.sql", "-- Sales", "its SELECT ignores its window: it does not name `:touched_dates`; write WHERE"),
    ("daily_sales_0_again.sql", "SELECT", "gives a column `more`, which the contract does not have"),
    ("product_daily_1.sql", "avg(", "`avg` is not portable between engines; use ratio(sum(x), count(x))"),
    ("user_orders_2.sql", "ordr_id", "there is no column `ordr_id`; near to it: `order_id`"),
    ("user_orders_2_again.sql", "SELECT", "gives no column `first_order_at`; it gives `user_id`, `orders`"),
    ("user_orders_2_again.sql", "SELECT", "gives column `orders` as bool, the contract says BIGINT"),
]
RULES = [
    (
        "clean_orders.yaml",
        "blank(usr_id)",
        "rule `user_id_missing`: there is no column `usr_id`; near to it: `user_id`",
    ),
    ("clean_orders_items.yaml", "rand()", "rule `product_id_missing`: `rand` is not portable between engines"),
    (
        "clean_products.yaml",
        "parse_int(",
        "rule `product_name_missing`: a rule says when a row breaks it",
    ),
    ("daily_sales_0.yaml", "SELECT coalesce(", "it reads `delta_lakehouse.dirty_orders`, which is no table of this"),
    (
        "user_orders_2.yaml",
        "property: window_source",
        "no silver contract has a window `users` under `affects`",
    ),
]


@pytest.mark.parametrize(("file", "marker", "sentence"), SQL, ids=[sentence[:40] for *_, sentence in SQL])
def test_a_model_is_bound_before_any_run(readable: tuple[Project, str], file: str, marker: str, sentence: str) -> None:
    """Against tables without rows, with and without its window; the line is that of the word that is wrong."""
    project, out = readable
    assert sentence in found(out, project, "sql", file, marker)


@pytest.mark.parametrize(("file", "marker", "sentence"), RULES, ids=[file for file, *_ in RULES])
def test_rules_and_windows_are_tried_before_any_run(
    readable: tuple[Project, str], file: str, marker: str, sentence: str
) -> None:
    """Each rule by itself; the line is that of its SQL, which begins below the word `implementation`."""
    project, out = readable
    path = project.package / "contracts" / file
    above = line_with(path, marker) - (0 if "property" in marker else 1)
    assert sentence in "\n".join(line for line in out.splitlines() if f"{file}:{above}: " in line)


def test_what_stops_nothing_is_a_hint(readable: tuple[Project, str]) -> None:
    """The sum tells problems from hints, and a file that is not there has no line."""
    _, out = readable
    assert "hint: gold.daily_sales_0_again: its SELECT gives a column `more`" in out
    assert "gold.product_daily_1_again: its SELECT is missing: `sql/product_daily_1_again.sql`" in out
    # Four columns of five are lacking in one SELECT, two tables have the window that nobody touches, and two required
    # columns have lost the rule that looked at them.
    assert out.endswith("✘ 17 problems, 1 hint\n")


def test_unknown_properties_and_verdicts_and_broken_yaml_are_told_with_their_lines(tmp_path: Path) -> None:
    """What follows from a broken contract is one short line, and hides nothing of its own."""
    project = open_project(tmp_path)
    project.contract("daily_sales_0_again", "property: window\n", "property: windw\n")
    project.contract("clean_orders", "severity: warn\n", "severity: shout\n")
    project.contract("landing_products", "name: products\n", "name: [\n")
    told = project.command("contracts", "check")
    assert told.code == 1
    unknown = found(told.out, project, "contracts", "daily_sales_0_again.yaml", "property: windw")
    assert "gold.daily_sales_0_again: has an unknown property `windw`; did you mean `window`?" in unknown
    verdict = found(told.out, project, "contracts", "clean_orders.yaml", "severity: shout")
    assert "rule `amount_not_positive` has verdict `shout`; a rule of kind row has reject or warn" in verdict
    assert "landing_products.yaml:" in told.out
    assert "is no YAML" in told.out
    assert "silver.clean_orders_items: needs `silver.clean_orders`, whose contract is broken\n" in told.out
    assert "its SELECT reads `delta_lakehouse.clean_orders`, which is broken\n" in told.out


def test_a_rule_that_asks_more_than_its_row_is_told_before_any_run(tmp_path: Path) -> None:
    """Its table is there, so an engine without rows would take it; a run has the row and nothing else."""
    project = open_project(tmp_path)
    project.contract(
        "clean_orders", "blank(user_id)", "user_id NOT IN (SELECT user_id FROM delta_lakehouse.clean_orders)"
    )
    project.contract("clean_products", "blank(product_name)", "blank(p.product_name)")
    project.contract("clean_orders_items", "blank(product_id)", "blank(product_id); SELECT 1")
    told = project.command("contracts", "check")
    assert (told.code, told.err) == (1, "")
    for table, rule, said in (
        ("clean_orders", "user_id_missing", "`SELECT` is no part of its condition; a rule of kind row asks"),
        ("clean_products", "product_name_missing", "`p.product_name` is no part of its condition"),
        ("clean_orders_items", "product_id_missing", "expected one SQL statement, got 2"),
    ):
        (line,) = [line for line in told.out.splitlines() if f"silver.{table}: rule `{rule}`: {said}" in line]
        assert int(line.partition(f"{table}.yaml:")[2].partition(":")[0]) > 1


VALUES = {
    "user_id IN (1, 2)": "'' cannot be cast to INTEGER, in `user_id`; read text by TRY_CAST or a parse_* macro",
    "parse_amount(user_id) - parse_amount(order_num) > 1": "the subtraction has no room in a DECIMAL of 18",
    "NOT user_id": "'' cannot be cast to BOOLEAN, in `user_id`",
    "parse_int(user_id) + parse_int(order_num) > 3": "the addition `2147483647 + 1` has no room in INTEGER",
    "add_days(parse_date(date), parse_int(user_id)) IS NULL": "Date and time not in timestamp range",
    "json_field(user_id, 'a') = 'b'": "it reads a field of JSON where there is none",
    "parse_date(date) > 'soon'": 'invalid date field format: "soon"',
}


@pytest.mark.parametrize(("predicate", "said"), VALUES.items(), ids=VALUES)
def test_a_rule_that_fails_on_a_value_is_told_before_any_run(tmp_path: Path, predicate: str, said: str) -> None:
    """Whatever fails: the rule is asked of awkward texts in every two of its columns."""
    project = open_project(tmp_path)
    project.contract("clean_orders", "blank(user_id)", predicate)
    told = project.command("contracts", "check")
    assert told.code == 1
    assert f"rule `user_id_missing`: it fails on values that may land: {said}" in told.out


REFUSED = {
    "CAST(user_id AS INTEGER) > 3": "contract `silver.clean_orders`: rule `user_id_missing`: `CAST(",
    "user_id IN (1, 2)": "rule `user_id_missing` of `delta_lakehouse.clean_orders` ",
    "json_field(user_id, 'a') = 'b'": "rule `user_id_missing` of `delta_lakehouse.clean_orders` ",
}


@pytest.mark.parametrize(("predicate", "said"), REFUSED.items(), ids=REFUSED)
def test_a_run_names_the_rule_that_fails_on_a_value(tmp_path: Path, predicate: str, said: str) -> None:
    """With table, file and line, in one sentence; a cast is refused before anything is read."""
    project = open_project(tmp_path)
    project.contract("clean_orders", "blank(user_id)", predicate)
    project.drop({"orders/1.csv": f"{ORDERS}1,o1,u1,2025-04-01T10:00,1,2025-04-01\n"})
    ran = project.command("run")
    line = line_with(project.package / "contracts" / "clean_orders.yaml", predicate) - 1
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(f"error: {said}")
    assert f"(`clean_orders.yaml`, line {line})" in ran.err


def test_a_required_column_needs_a_rule_that_rejects(tmp_path: Path) -> None:
    """The check names the column's line; a run that meets a row without a value says which, and writes nothing."""
    project = open_project(tmp_path)
    rule = "- name: user_id_missing\n        type: custom\n        engine: lakehouse\n        severity: "
    project.contract("clean_orders", f"{rule}reject", f"{rule}warn")
    told = project.command("contracts", "check")
    problem = "silver.clean_orders: column `user_id` is required, and no rule with verdict reject looks at `user_id`"
    place, said, _ = told.out.partition(f": {problem}")
    lines = (project.package / "contracts" / "clean_orders.yaml").read_text("utf-8").splitlines()
    line = int(place.rpartition("clean_orders.yaml:")[2])
    assert (told.code, bool(said), lines[line - 1].strip()) == (1, True, "required: true")
    project.drop(
        {"orders/1.csv": f"{ORDERS}1,o1,u1,2025-04-01T10:00,1,2025-04-01\n2,o2,,2025-04-01T10:00,1,2025-04-01\n"}
    )
    ran = project.command("run")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    words = "rows without a value in `user_id`, which is required, and that no rule rejects: 1, the first in line 3 of "
    assert f"`delta_lakehouse.clean_orders` stays as it was: {words}`orders/1.csv`;" in ran.err
    assert (project.folder / "landing" / "orders" / "1.csv").exists()


def test_the_products_own_contracts_pass(cli: Cli) -> None:
    """Nor is there a hint, so that whoever gets one can believe it."""
    told = cli("contracts", "check")
    assert (told.code, told.out) == (0, "✔ no problems, no hints\n")


def test_a_window_that_no_condition_asks_for_is_ignored(tmp_path: Path) -> None:
    """To name its parameter anywhere is not enough."""
    project, condition = open_project(tmp_path), 'WHERE :everything OR "date" IN (:touched_dates)'
    project.select("daily_sales_0", condition, "WHERE :everything")
    project.select("daily_sales_0", "count(i.reordered) AS known", "count(1 IN (:touched_dates)) AS known")
    told = project.command("contracts", "check")
    said = "its SELECT ignores its window: no WHERE asks for what is IN (:touched_dates); write WHERE :everything"
    assert said in told.out


def test_a_pipeline_that_there_is_not_is_bad_input(cli: Cli) -> None:
    """The sentence lists those that there are."""
    told = cli("contracts", "check", "shoop")
    assert (told.code, told.err) == (2, "error: there is no pipeline `shoop`; there are: ecommerce, marketing\n")
