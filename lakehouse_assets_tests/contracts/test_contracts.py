"""What must hold for every contract of every pipeline. What a malformed one is told: `test_refusals`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lakehouse_assets.contracts import Contract, contract, contracts
from lakehouse_assets.contracts.checks import assertion_sql
from lakehouse_assets.contracts.model import PROVENANCE
from lakehouse_assets.contracts.packages import pipelines
from lakehouse_assets.errors import ContractInvalid

FOLDER = Path(__file__).parents[2] / "lakehouse_assets" / "contracts"
FILES = sorted(file for file in FOLDER.glob("*/*.yaml") if file.parent.name != "control")
ALL = [(pipeline, c) for pipeline in pipelines() for c in contracts(pipeline).values()]
TABLES = [pytest.param(c, id=c.catalog_name) for _, c in ALL]
SILVER = [pytest.param(pipeline, c, id=c.catalog_name) for pipeline, c in ALL if c.layer == "silver"]
NUMERIC = ("INT", "BIGINT", "DOUBLE", "DECIMAL")
UNITLESS = {
    "_line": "an ordinal within its file",
    "ref": "the number of the affiliate who brought another one",
    "sub_number": "says which sub value is meant",
    "status_code": "the API's number of a state",
}
GLUE_COMMENT_CHARACTERS = 255
"""https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html"""


def landing_of(pipeline: str, silver: Contract) -> Contract:
    """The landing contract that feeds a silver table."""
    return contract(pipeline, f"landing.{silver.landing}")


def test_the_ecommerce_tables_are_all_there() -> None:
    """The pipeline has its three landing, three silver, three side and three gold tables."""
    assert set(contracts("ecommerce")) == {
        *("landing.products", "landing.orders", "landing.order_items"),
        *("silver.clean_products", "silver.clean_orders", "silver.clean_orders_items"),
        *("control.ecommerce_rejects", "control.ecommerce_pending", "control.ecommerce_run_ledger"),
        *("gold.daily_sales", "gold.product_daily", "gold.user_orders"),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_standard_accepts_the_file(file: Path) -> None:
    """Every file is valid by the Open Data Contract Standard's own linter."""
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_file=str(file)).lint()
    assert run.result == "passed", [check.reason for check in run.checks]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_file_is_named_like_its_table(file: Path) -> None:
    """File name, contract name and id agree, so that a table is found by its name."""
    document = yaml.safe_load(file.read_text("utf-8"))
    layer, name = document["id"].split(".")[1:]
    assert document["name"] == name == document["schema"][0]["name"]
    assert file.stem == (f"landing_{name}" if layer == "landing" else name)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_words_and_an_owner(table: Contract) -> None:
    """Meaning, grain and owner of every table are written down."""
    assert all(text.strip() for text in (table.description, table.grain, table.owner))


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_unique_and_described(table: Contract) -> None:
    """No column name occurs twice, and each meaning fits into a catalog comment."""
    assert len({c.name for c in table.columns}) == len(table.columns)
    assert all(0 < len(c.description) <= GLUE_COMMENT_CHARACTERS for c in table.columns)


@pytest.mark.parametrize("table", TABLES)
def test_names_are_lower_case(table: Contract) -> None:
    """Athena folds names to lower case, so no name may depend on case."""
    names = [table.database, table.name, *(c.name for c in table.columns)]
    assert names == [name.lower() for name in names]


@pytest.mark.parametrize("table", TABLES)
def test_a_number_has_a_unit(table: Contract) -> None:
    """Every numeric column says its unit, but for keys, numbers of other things, and those listed as having none."""
    numbers = [c for c in table.columns if c.type.startswith(NUMERIC) and not c.key and not c.name.endswith("_id")]
    assert [c.name for c in numbers if not c.unit and c.name not in UNITLESS] == []


@pytest.mark.parametrize("table", TABLES)
def test_a_moment_says_its_zone(table: Contract) -> None:
    """Every timestamp says that it is UTC."""
    assert all((c.unit or "").startswith("UTC") for c in table.columns if c.type == "TIMESTAMP")


@pytest.mark.parametrize("table", TABLES)
def test_money_is_decimal(table: Contract) -> None:
    """Nothing in the shop's currency is a binary fraction; gold's sums have room for any number of orders."""
    kind = "DECIMAL(38,2)" if table.layer == "gold" else "DECIMAL(18,2)"
    assert all(c.type == kind for c in table.columns if c.unit == "shop currency")


@pytest.mark.parametrize("table", TABLES)
def test_key_columns_are_required(table: Contract) -> None:
    """A key is counted from 1 without gaps, and none of its columns may be null."""
    keys = sorted((c for c in table.columns if c.key), key=lambda c: c.key)
    assert [c.key for c in keys] == list(range(1, len(keys) + 1))
    assert all(c.required for c in keys)


@pytest.mark.parametrize(("pipeline", "silver"), SILVER)
def test_content_of_silver_comes_from_landing(pipeline: str, silver: Contract) -> None:
    """Every content column of a silver table names a column of its landing contract."""
    landing = {c.name for c in landing_of(pipeline, silver).columns}
    assert {c.source for c in silver.content} <= landing


@pytest.mark.parametrize(("pipeline", "silver"), SILVER)
def test_every_landing_column_is_used(pipeline: str, silver: Contract) -> None:
    """No landing column is read for nothing."""
    landing = {c.name for c in landing_of(pipeline, silver).columns}
    assert landing - {c.source for c in silver.content} == set()


@pytest.mark.parametrize(("pipeline", "silver"), SILVER)
def test_silver_keeps_its_provenance(pipeline: str, silver: Contract) -> None:
    """Every silver row can say which record of which file it came from; no landing column uses these names."""
    assert [c.name for c in silver.columns if c.name in PROVENANCE] == list(PROVENANCE)
    assert not {c.name for c in landing_of(pipeline, silver).columns} & set(PROVENANCE)


@pytest.mark.parametrize("table", TABLES)
def test_rule_codes_are_unique_and_have_words(table: Contract) -> None:
    """A code means one thing in its table, and every rule can be read by a person."""
    assert len({r.code for r in table.rules}) == len(table.rules)
    assert all(r.description.strip() and assertion_sql(table, r) for r in table.rules)


@pytest.mark.parametrize(("pipeline", "silver"), SILVER)
def test_references_lead_somewhere(pipeline: str, silver: Contract) -> None:
    """A reference goes from a column of the table to the whole key of a table of the same pipeline."""
    tables = {c.catalog_name: c for c in contracts(pipeline).values()}
    for rule in silver.rules_of("reference"):
        assert rule.reference is not None
        assert rule.reference.column in {c.name for c in silver.columns}
        assert tables[rule.reference.parent].key == (rule.reference.parent_column,)


def test_the_stable_codes_of_orders() -> None:
    """Codes of orders are an interface: these row rules reject, in this order, and a refund only warns."""
    rules = contract("ecommerce", "silver.clean_orders").rules_of("reader", "row")
    assert [f"{r.code} {r.verdict}" for r in rules] == [
        "row_malformed reject",
        "order_id_missing reject",
        "user_id_missing reject",
        "date_missing reject",
        "timestamp_invalid reject",
        "date_invalid reject",
        "date_mismatch reject",
        "amount_invalid reject",
        "amount_not_positive warn",
    ]


def test_the_types_of_silver() -> None:
    """Identifiers are text, amounts exact, and the typed columns are those that the pipeline promises."""
    items = contract("ecommerce", "silver.clean_orders_items")
    orders = contract("ecommerce", "silver.clean_orders")
    assert {name: items.column(name).type for name in ("id", "reordered", "days_since_prior_order")} == {
        "id": "STRING",
        "reordered": "BOOLEAN",
        "days_since_prior_order": "INT",
    }
    assert {name: orders.column(name).type for name in ("order_num", "order_timestamp", "date", "total_amount")} == {
        "order_num": "STRING",
        "order_timestamp": "TIMESTAMP",
        "date": "DATE",
        "total_amount": "DECIMAL(18,2)",
    }


def test_an_unknown_contract_names_those_that_exist() -> None:
    """A name that does not exist is answered with the names that do."""
    with pytest.raises(
        ContractInvalid, match=r"contract `silver.nope`: there is none in `ecommerce`; there are .*gold"
    ):
        contract("ecommerce", "silver.nope")
