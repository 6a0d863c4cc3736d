"""Which tables a model reads, and the order that follows."""

from __future__ import annotations

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.contracts.layers import model_sql
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.sql.models import levels, sources, tables_read
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import MODELS, documents

KNOWN = parse_contracts(documents(), "kiosks")


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT 1 AS n", ()),
        ("SELECT a.n FROM lake.a AS a WHERE EXISTS (SELECT 1 FROM gold.b AS b WHERE b.n = a.n)", ("gold.b", "lake.a")),
        ("WITH b AS (SELECT n FROM lake.a) SELECT n FROM b UNION ALL SELECT n FROM lake.a", ("lake.a",)),
        ("SELECT n FROM lake.a WHERE :everything OR n IN (:touched)", ("lake.a",)),
    ],
)
def test_tables_are_found_wherever_they_are_read(sql: str, read: tuple[str, ...]) -> None:
    """In FROM, joins, subqueries and unions; what the statement names itself is no table."""
    assert tables_read(sql) == read


def test_levels_follow_what_models_read() -> None:
    """Tables of the first level read no gold; names decide within a level."""
    gold = {f"kiosk_gold.{name}": sql for name, sql in MODELS.items()}
    assert levels(gold) == (
        ("kiosk_gold.daily_regions", "kiosk_gold.load_health"),
        ("kiosk_gold.daily_totals", "kiosk_gold.region_totals"),
    )
    assert levels({}) == ()


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"g.a": "SELECT n FROM g.a"}, "`g.a` reads `g.a`"),
        (
            {
                "g.a": "SELECT n FROM g.b",
                "g.b": "SELECT n FROM g.c",
                "g.c": "SELECT n FROM g.a",
                "g.d": "SELECT n FROM g.a",
            },
            "`g.a` reads `g.b` reads `g.c` reads `g.a`",
        ),
    ],
)
def test_a_circle_is_refused_by_its_names(models: dict[str, str], words: str) -> None:
    """The sentence follows the circle, and leaves out who only reads from it."""
    with pytest.raises(ContractInvalid, match=f"models read each other in a circle: {words}$"):
        levels(models)


def test_sources_are_stored_tables_of_all_layers() -> None:
    """Silver, gold, control and reference tables by catalog name."""
    layers = {
        table.layer for name, sql in MODELS.items() for table in sources(KNOWN[f"gold.{name}"], sql, KNOWN).values()
    }
    assert layers == {"silver", "gold", "control", "reference"}


@pytest.mark.parametrize("table", ["lake.sales", "lake.nothing", "ecommerce_gold.daily_sales"])
def test_a_table_that_is_not_stored_is_refused(table: str) -> None:
    """What only landed, is nowhere, or belongs to another pipeline cannot be read; the sentence lists what can."""
    with pytest.raises(
        ContractInvalid, match=f"`gold.daily_totals`: its SELECT reads `{table}`; a model may read .*`lake.country`"
    ):
        sources(KNOWN["gold.daily_totals"], f"SELECT n FROM {table}", KNOWN)


def test_the_models_of_the_shop_read_silver_alone() -> None:
    """All of e-commerce's gold is on one level."""
    gold = [c for c in contracts("ecommerce").values() if c.layer == "gold"]
    models = {c.catalog_name: model_sql("ecommerce", c.name) for c in gold}
    assert levels(models) == (
        ("ecommerce_gold.daily_sales", "ecommerce_gold.product_daily", "ecommerce_gold.user_orders"),
    )
