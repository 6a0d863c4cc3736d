"""Reference tables as contracts: their rules, who may refer to them, and what makes a seed another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lakehouse_assets.contracts.layers import seeds, silver_tables, table_location
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import documents, rule

KNOWN = parse_contracts(documents(), "kiosks")
COUNTRY = KNOWN["reference.country"]
SEED = Seed(COUNTRY, b"code,region\nDE,Europe\n")


def with_rule(table: str, added: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents with one rule more."""
    found = documents()
    next(d for d in found if d["name"] == table)["schema"][0]["quality"].append(added)
    return found


@pytest.mark.parametrize(
    ("kind", "severity", "sql"),
    [("row", "warn", "blank(region)"), ("reference", "pending", "region REFERENCES lake.country (code)")],
)
def test_a_rule_that_keeps_a_bad_row_is_refused(kind: str, severity: str, sql: str) -> None:
    """Nobody looks after rows of a seed that wait or only warn, so they are rejected."""
    with pytest.raises(
        ContractInvalid, match=f"rule `odd` is {kind}/{severity}; a row of a seed is rejected, or is good"
    ):
        parse_contracts(with_rule("country", rule("odd", kind, severity, sql)), "kiosks")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (
            "country REFERENCES lake.countries (code)",
            "refers to `lake.countries`, which is no silver or reference table",
        ),
        ("country REFERENCES lake.country (region)", "refers to `region`, the key is `code`"),
        (
            "country REFERENCES kiosk_gold.region_totals (region)",
            "refers to `kiosk_gold.region_totals`, which is no silver or reference table",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(sql: str, sentence: str) -> None:
    """A parent is a silver or reference table of the pipeline, by its whole key."""
    with pytest.raises(ContractInvalid, match=f"rule `lost` {sentence}".replace("(", r"\(")):
        parse_contracts(with_rule("clean_sales", rule("lost", "reference", "pending", sql)), "kiosks")


def test_silver_waits_for_silver_parents_only() -> None:
    """A reference table is there before any silver table, so it decides nothing about their order."""
    assert [contract.name for contract in silver_tables(KNOWN)] == ["clean_sales", "clean_refunds"]


def test_silver_tables_in_a_circle_are_refused_by_their_names() -> None:
    """Two tables that refer to each other cannot be loaded one after the other."""
    back = rule("refund_unknown", "reference", "pending", "kiosk REFERENCES lake.clean_refunds (refund_id)")
    with pytest.raises(ContractInvalid, match="`clean_refunds` and `clean_sales` refer to each other in a circle"):
        silver_tables(parse_contracts(with_rule("clean_sales", back), "kiosks"))


def test_a_reference_table_lies_in_the_warehouse() -> None:
    """It is a Delta table beside silver."""
    assert table_location(COUNTRY, "s3://lake/") == "s3://lake/lakehouse-dwh/country"


def test_a_seed_that_is_not_there_is_named() -> None:
    """A reference table without its file is one sentence."""
    sentence = r"`reference.country`: .* there is no `seeds/country.csv` in the package of `ecommerce`"
    with pytest.raises(ContractInvalid, match=sentence):
        seeds(KNOWN, "ecommerce")


def test_a_pipeline_without_reference_tables_has_no_seeds() -> None:
    """Nothing is looked for."""
    assert seeds({name: c for name, c in KNOWN.items() if c.layer != "reference"}, "ecommerce") == ()


SAME = {
    "line ends": replace(SEED, content=b"code,region\r\nDE,Europe\r\n"),
    "words": replace(SEED, contract=replace(COUNTRY, description="Where we are", owner="me", version="1.0.1")),
}
OTHER = {
    "a value": replace(SEED, content=b"code,region\nDE,Asia\n"),
    "a type": replace(
        SEED, contract=replace(COUNTRY, columns=(*COUNTRY.columns[:2], replace(COUNTRY.columns[2], type="DATE")))
    ),
    "a rule": replace(SEED, contract=replace(COUNTRY, rules=COUNTRY.rules[1:])),
}


@pytest.mark.parametrize("seed", SAME.values(), ids=SAME)
def test_what_means_the_same_is_the_same_seed(seed: Seed) -> None:
    """Neither words nor the line ends of a checkout make a table another one."""
    assert seed.fingerprint == SEED.fingerprint


@pytest.mark.parametrize("seed", OTHER.values(), ids=OTHER)
def test_what_means_something_else_is_another_seed(seed: Seed) -> None:
    """Rows, types and rules all count, since each decides what the table holds."""
    assert seed.fingerprint != SEED.fingerprint
