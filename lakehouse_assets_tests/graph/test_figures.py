"""What pipelines say their reports show is there."""

from __future__ import annotations

import pytest

from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.graph.figures import Figure
from lakehouse_assets.pipelines import all_pipelines, pipeline_of


def test_every_figure_is_of_a_gold_table_and_its_columns() -> None:
    """Days are dates, and measures can be added up; the Sub5 report is shown by affiliate."""
    found = {one.title: (one, one.contract(p.contracts)) for p in all_pipelines() for one in p.figures}
    for one, contract in found.values():
        assert contract.column(one.day).type == "DATE"
        assert all(contract.column(name).type.startswith(("BIGINT", "INT", "DECIMAL")) for name in one.measures)
    assert found["Sub5 report by affiliate"][0].by == "affiliate_name"


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure("Sales", "weekly_sales", "date", ("amount",)), "the figure `Sales` is of no gold table"),
        (Figure("Sales", "daily_sales", "date", ("sum",)), "shows `sum`, which is no column of it"),
        (Figure("Sales", "daily_sales", "date", ("amount",), by="shop"), "shows `shop`, which is no column of it"),
    ],
)
def test_a_figure_of_something_else_is_refused(figure: Figure, said: str) -> None:
    """The sentence names the figure and what is not there."""
    with pytest.raises(ContractInvalid, match=said):
        figure.contract(pipeline_of("ecommerce").contracts)
