"""Nothing in a contract is decoration: every column is read, written or answered, every rule is decided somewhere."""

from __future__ import annotations

import pytest
from sqlglot import exp

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.definitions import defs
from lakehouse_assets.engines.delta import arrow_schema
from lakehouse_assets.load.report import COUNTS
from lakehouse_assets.sql import silver
from lakehouse_assets.sql.dialects import parse
from lakehouse_assets.sql.rejects import KEY

KNOWN = contracts("ecommerce")
SILVER = [c for c in KNOWN.values() if c.layer == "silver"]
GOLD = [c for c in KNOWN.values() if c.layer == "gold"]


def named(contract: Contract) -> str:
    """How a test of one contract is called."""
    return contract.name


@pytest.mark.parametrize("contract", SILVER, ids=named)
def test_every_silver_column_is_parsed_and_every_landing_column_is_read(contract: Contract) -> None:
    """The load's SELECT gives exactly the content columns, from exactly the landing columns."""
    select = parse(silver.parsed(contract))
    landing = KNOWN[f"landing.{contract.landing}"]
    assert {c.name for c in contract.content} < set(select.named_selects)
    read = {column.name for column in select.find(exp.Subquery).this.find_all(exp.Column)}
    assert {c.name for c in landing.columns} == read - {"_row", "_malformed"}


@pytest.mark.parametrize("contract", SILVER, ids=named)
def test_every_row_rule_is_in_the_loads_select(contract: Contract) -> None:
    """The codes in the SQL are those of the contract, the reader's own among them."""
    codes = {rule.code for rule in contract.rules_of("row", "reader")}
    literals = {
        text.this.rstrip(",") for text in parse(silver.parsed(contract)).find_all(exp.Literal) if text.is_string
    }
    assert codes <= literals


def test_every_other_rule_is_a_check_or_a_reference() -> None:
    """Set rules are checks of the graph; reference rules name a silver table of the pipeline."""
    checks = {(key.asset_key.path[-1], key.name) for key in defs.resolve_asset_graph().asset_check_keys}
    asked = {(c.name, r.code) for c in KNOWN.values() for r in (*c.rules_of("load"), *c.assertions)}
    assert asked <= checks
    parents = {r.reference.parent for c in SILVER for r in c.rules_of("reference") if r.reference}
    assert parents <= {c.catalog_name for c in SILVER}


@pytest.mark.parametrize("contract", GOLD, ids=named)
def test_a_model_answers_exactly_the_contracts_columns(contract: Contract) -> None:
    """Names and order of the SELECT are those of the contract."""
    assert parse(model_sql("ecommerce", contract.name)).named_selects == [c.name for c in contract.columns]


def test_side_tables_hold_what_the_load_writes() -> None:
    """Identity columns are the key of rejects and pending, the counts are columns of the ledger."""
    for kind in ("rejects", "pending"):
        assert KNOWN[f"control.ecommerce_{kind}"].key == KEY
    ledger = arrow_schema(KNOWN["control.ecommerce_run_ledger"]).names
    assert set(COUNTS) < set(ledger)
