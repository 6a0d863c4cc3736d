"""A rule of kind row is a condition on its own row; what goes beyond that is named, with where it belongs."""

from __future__ import annotations

import pytest

from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.sql.predicates import predicate_problem
from lakehouse_assets.sql.silver import parsed
from lakehouse_assets_tests.contracts.documents import rule, silver

BEYOND = {
    "id IN (SELECT id FROM lake.others)": "SELECT",
    "EXISTS (SELECT 1)": "SELECT",
    "SELECT 1": "SELECT",
    "count(*) > 1": "count",
    "row_number() OVER (ORDER BY id) > 1": "OVER",
    "blank(t.id)": "t.id",
    "*": "*",
    "blank(id) AS wrong": "blank(id) AS wrong",
}


@pytest.mark.parametrize(("text", "found"), BEYOND.items(), ids=BEYOND)
def test_what_goes_beyond_a_row_is_named(text: str, found: str) -> None:
    """Whatever an engine would make of it; a run is told the same, with contract and rule."""
    said = str(predicate_problem(text))
    assert said.lower().startswith(f"`{found}` is no part of its condition; a rule of kind row asks".lower())
    with pytest.raises(
        ContractInvalid, match=r"contract `silver.things`: rule `odd`: `.*` is no part of its condition"
    ):
        parsed(parse_contract(silver(rules=(rule("odd", "row", "warn", text),))))


@pytest.mark.parametrize(
    "text", ["blank(id) -- or what is none", "NOT (id = '1' OR blank(id))", "parse_int(id) IN (1, 2)"]
)
def test_a_condition_on_a_row_is_one(text: str) -> None:
    """Also one that ends with a comment."""
    assert predicate_problem(text) is None


@pytest.mark.parametrize(("text", "said"), {"": "there is no condition", "id = '1'; id = '2'": "got 2"}.items())
def test_a_text_that_is_no_condition_is_told_so(text: str, said: str) -> None:
    """None at all, and several."""
    assert said in str(predicate_problem(text))
