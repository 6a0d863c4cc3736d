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


FAILING = {
    "CAST(id AS INTEGER) > 3": "write TRY_CAST(id AS INTEGER) or parse_int(id), which are NULL there",
    "CAST(coalesce(id, '0') AS DATE) IS NULL": "`CAST(COALESCE(id, '0') AS DATE)` fails on a text that is no DATE",
    "id::double > 3E0": "or parse_double(id)",
    "CAST(CASE WHEN blank(id) THEN '1' ELSE parse_text(id) END AS BOOLEAN)": "fails on a text that is no BOOLEAN",
    "CAST(json_field(id, 'a') AS DECIMAL(9, 2)) > 1": "or parse_decimal(json_field(id, 'a'), 9, 2)",
}


@pytest.mark.parametrize(("text", "said"), FAILING.items(), ids=FAILING)
def test_a_cast_of_source_text_is_refused_with_what_to_write(text: str, said: str) -> None:
    """One row whose text is none of the type would stop the run."""
    assert said in str(predicate_problem(text))


@pytest.mark.parametrize(
    "text",
    [
        "TRY_CAST(id AS INTEGER) > 3",
        "parse_date(id) > DATE '2025-01-01'",
        "CAST(parse_int(id) AS BIGINT) * 2 > CAST(-7 AS BIGINT)",
        "CAST(id AS VARCHAR) = 'a'",
        "CAST(blank(id) AS INTEGER) + CAST(as_text(parse_int(id)) AS INTEGER) > 1",
        "CAST(CASE WHEN id = '1' THEN 0 END AS BIGINT) > 1",
    ],
)
def test_a_cast_that_cannot_fail_is_taken(text: str) -> None:
    """Of literals, to text, and of what a macro has read."""
    assert predicate_problem(text) is None


@pytest.mark.parametrize(("text", "said"), {"": "there is no condition", "id = '1'; id = '2'": "got 2"}.items())
def test_a_text_that_is_no_condition_is_told_so(text: str, said: str) -> None:
    """None at all, and several."""
    assert said in str(predicate_problem(text))
