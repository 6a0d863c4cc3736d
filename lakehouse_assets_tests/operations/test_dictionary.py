"""The data dictionary: the committed page is current and shows what a reader looks for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from lakehouse_assets.contracts import contract
from lakehouse_assets.operations.dictionary import current, render, write

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"
ITEMS = contract("ecommerce", "silver.clean_orders_items")


def test_the_committed_page_is_current() -> None:
    """The page in docs is the one that the contracts give; `write` renews it."""
    assert PAGE.read_text("utf-8") == current()


def test_writing_makes_the_page(tmp_path: Path) -> None:
    """The page is written where it is asked for, in folders that need not exist."""
    write(tmp_path / "docs" / "page.md")
    assert (tmp_path / "docs" / "page.md").read_text("utf-8") == current()


def test_a_table_says_grain_key_owner_and_freshness() -> None:
    """The facts of a table stand below its heading."""
    page = render([ITEMS])
    assert "\n## delta_lakehouse.clean_orders_items\n\nOrder items, latest version of each.\n" in page
    for fact in (
        "Grain: one row per order item",
        "Key: `id`",
        "Owner: data-platform@",
        "Freshness: at most 26 hours old",
    ):
        assert f"\n- {fact}" in page


def test_a_table_without_promise_says_so() -> None:
    """A table without a freshness promise does not look like one with it."""
    assert "\n- Freshness: nothing is promised\n" in render([replace(ITEMS, freshness_hours=None)])


def test_a_column_is_one_line() -> None:
    """Type, unit, nullability, key, source and meaning of a column stand in one line."""
    lines = render([ITEMS]).splitlines()
    source = "`days_since_prior_order`"
    assert f"| {source} | INT | days | yes |  | {source} | Days since the buyer's previous order |" in lines
    assert "| `id` | STRING |  | no | 1 | `id` | Identifier of the order item |" in lines


def test_a_rule_is_one_line() -> None:
    """Code, kind, verdict and words of a rule stand in one line."""
    line = "| `days_invalid` | row | reject | days_since_prior_order is not blank and negative or no integer |"
    assert line in render([ITEMS]).splitlines()


def test_a_table_without_rules_has_no_list_of_them() -> None:
    """No empty table of rules is shown."""
    assert "Rules:" not in render([replace(ITEMS, rules=())])


def test_tables_come_from_landing_to_gold() -> None:
    """The page follows the data, whatever order the contracts come in."""
    named = ("gold.daily_sales", "control.ecommerce_pending", "silver.clean_orders", "landing.orders")
    headings = re.findall(r"^## (\S+)$", render(contract("ecommerce", name) for name in named), re.MULTILINE)
    assert [heading.split(".")[1] for heading in headings] == [
        "orders",
        "clean_orders",
        "ecommerce_pending",
        "daily_sales",
    ]


def test_links_lead_to_headings() -> None:
    """Each link of the overview is the anchor of a heading: lower case, without the dot."""
    links = re.findall(r"\]\(#([^)]+)\)", current())
    headings = re.findall(r"^## (\S+)$", current(), re.MULTILINE)
    assert links == [heading.replace(".", "") for heading in headings]


def test_a_bar_in_words_does_not_end_a_cell() -> None:
    """A bar in a description is escaped."""
    column = replace(ITEMS.columns[0], description="a | b")
    assert r"a \| b |" in render([replace(ITEMS, columns=(column,))])
