"""What `--select` names: a table, what it is made of and what is made of it, groups, tags, Dagster's own syntax."""

from __future__ import annotations

import pytest

from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.selection import selected_tables
from lakehouse_assets.pipelines import pipeline_of

SHOP = ["daily_sales", "product_daily", "user_orders"]


def selected(pipeline: str, *texts: str) -> list[str]:
    """Bare names of what is selected."""
    return [key.path[-1] for key in selected_tables(pipeline_of(pipeline), texts)]


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("daily_sales", ["daily_sales"]),
        ("gold/daily_sales", ["daily_sales"]),
        ("ecommerce_gold.user_orders", ["user_orders"]),
        ("group:gold", SHOP),
        ("tag:layer=gold", SHOP),
        ('group:"gold" and not key:"gold/user_orders"', ["daily_sales", "product_daily"]),
        ('key:"gold/*_*s"', ["daily_sales", "user_orders"]),
        ("*", SHOP),
    ],
)
def test_of_a_shop(text: str, tables: list[str]) -> None:
    """By name, group and tag; silver that a group or tag selects as well is left as it is."""
    assert selected("ecommerce", text) == tables


def test_what_a_table_is_made_of_and_what_is_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the one gold table here that reads another one; several selections are put together, in building order."""
    monkeypatch.setenv("LAKEHOUSE_PIPELINES", "lakehouse_assets_tests.returns")
    assert selected("returns", "+region_returns") == ["daily_returns", "region_returns"]
    assert selected("returns", "daily_returns+") == ["daily_returns", "region_returns"]
    assert selected("returns", "+daily_returns") == ["daily_returns"]
    assert selected("returns", "region_returns", "daily_returns") == ["daily_returns", "region_returns"]


@pytest.mark.parametrize("text", ["nothing", "+nothing", "group:silver", "tag:layer=none", "key:", "and", "", "+"])
def test_what_selects_no_gold_table_is_refused(text: str) -> None:
    """The sentence names those that there are."""
    with pytest.raises(BadRequest, match=r"is no gold table of `ecommerce`; there are: gold/daily_sales"):
        selected("ecommerce", text)
