"""What changed rows affect, as contracts say it: what is read, and what is refused when it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lakehouse_assets.contracts import Effect, contracts
from lakehouse_assets.contracts.affects import touched_columns
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import documents

Edit = Callable[[dict[str, Any]], object]


def property_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A custom property of a document."""
    return next(p for p in document["customProperties"] if p["property"] == name)


def edited(table: str, edit: Edit) -> list[dict[str, Any]]:
    """The pipeline's documents, one of them edited."""
    found = documents()
    edit(next(d for d in found if d["name"] == table))
    return found


def with_entry(*entries: Any) -> Edit:
    """An edit after which these are the table's entries."""
    return lambda document: property_of(document, "affects").update(value=list(entries))


def selecting(sql: str) -> Edit:
    """An edit after which the table affects the days of this SELECT."""
    return with_entry({"window": "days", "select": sql})


def test_entries_are_read_as_they_are_written() -> None:
    """Both forms of an entry, with what each may say besides."""
    known = parse_contracts(documents(), "kiosks")
    assert known["silver.clean_sales"].affects == (Effect("days", column="day"), Effect("kiosks", column="kiosk"))
    moved = known["silver.clean_refunds"].affects[1]
    assert (moved.window, moved.column, moved.when, moved.unless_first) == ("days", None, "update", "clean_sales")
    assert (
        moved.select
        == 'SELECT s."day" AS value FROM lake.clean_sales AS s JOIN changed AS c ON c._old_sale_id = s.sale_id'
    )


def test_windows_are_columns_of_the_run_ledger() -> None:
    """Name and type of a window come from `touched_<window> ARRAY<type>`; a pipeline without a ledger has none."""
    assert touched_columns(contracts("ecommerce")["control.ecommerce_run_ledger"]) == {
        "dates": "DATE",
        "users": "STRING",
        "products": "STRING",
    }
    assert touched_columns(None) == {}


def test_a_pipeline_without_windows_is_a_pipeline() -> None:
    """Silver that affects nothing needs no window column."""
    silver_only = [d for d in documents() if d["name"] in {"country", "sales", "clean_sales"}]
    table = next(d for d in silver_only if d["name"] == "clean_sales")
    table["customProperties"] = [p for p in table["customProperties"] if p["property"] != "affects"]
    assert parse_contracts(silver_only, "kiosks")["silver.clean_sales"].affects == ()


REFUSED: list[tuple[str, Edit]] = [
    ("has an unknown field `windw`; did you mean `window`", with_entry({"window": "days", "windw": "days"})),
    ("is a list of entries that each name a window, and holds `days`", with_entry("days")),
    ("window `days` needs either a column or a select", with_entry({"window": "days"})),
    (
        "needs either a column or a select",
        with_entry({"window": "days", "column": "day", "select": "SELECT 1 AS value"}),
    ),
    ("names the column `daay`, which there is not", with_entry({"window": "days", "column": "daay"})),
    ("`when` and `unless_first` belong to a select", with_entry({"window": "days", "column": "day", "when": "update"})),
    ("has no column `touched_weeks`; there are `days`, `kiosks`", with_entry({"window": "weeks", "column": "day"})),
    ("column `kiosk` is STRING, the window is DATE", with_entry({"window": "days", "column": "kiosk"})),
    ("has `when: insert`, allowed is `update`", with_entry({"window": "days", "select": "SELECT 1", "when": "insert"})),
    (
        "`unless_first: sales` is no silver table; there are `clean_refunds`, `clean_sales`",
        with_entry({"window": "days", "select": 'SELECT "day" AS value FROM changed', "unless_first": "sales"}),
    ),
    ("the SELECT is not usable: .*nope", selecting("SELECT c.nope AS value FROM changed AS c")),
    ("the SELECT is not usable", selecting('SELECT "day" AS value FROM changed WHERE (')),
    ("expected one SELECT of the one column `value`", selecting('SELECT "day" FROM changed')),
    ("expected one SELECT of the one column `value`", selecting('SELECT "day" AS value, kiosk FROM changed')),
    ("expected one SELECT of the one column `value`", selecting("DELETE FROM changed")),
    ("expected one SELECT of the one column `value`", selecting('SELECT "day" AS value FROM changed; SELECT 1')),
    ("reads `lake.sales`; it may read `changed`, `lake.country`", selecting('SELECT "day" AS value FROM lake.sales')),
    ("reads `kiosk_gold.daily_totals`", selecting('SELECT "day" AS value FROM kiosk_gold.daily_totals')),
    ("`value` is VARCHAR, the window is DATE", selecting("SELECT kiosk AS value FROM changed")),
    # A key has no old value: a row with another key is another row.
    (
        "the SELECT is not usable: .*_old_sale_id",
        selecting('SELECT "day" AS value FROM changed WHERE _old_sale_id IS NULL'),
    ),
]


@pytest.mark.parametrize(("sentence", "edit"), REFUSED, ids=[f"{n}: {s}" for n, (s, _) in enumerate(REFUSED)])
def test_an_entry_that_cannot_be_asked_is_refused(sentence: str, edit: Edit) -> None:
    """Windows, columns, tables and SQL of an entry are checked when the contracts are read."""
    with pytest.raises(ContractInvalid, match=f"clean_sales`: .*{sentence}"):
        parse_contracts(edited("clean_sales", edit), "kiosks")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT _old_day AS value FROM changed WHERE _verdict = 'update'",
        'WITH c AS (SELECT sale_id FROM changed) SELECT s."day" AS value FROM lake.clean_sales AS s, c',
        'SELECT add_days(c."day", 1) AS value FROM changed AS c JOIN lake.country AS l ON l.code = c.country',
        'SELECT "day" AS value FROM changed UNION ALL SELECT _old_day AS value FROM changed',
    ],
)
def test_a_select_may_use_macros_old_values_and_other_tables(sql: str) -> None:
    """Old values, verdicts, WITH, UNION, macros, silver and reference tables are all fine."""
    parse_contracts(edited("clean_sales", selecting(sql)), "kiosks")


@pytest.mark.parametrize("layer", ["landing", "gold", "reference"])
def test_only_silver_affects_windows(layer: str) -> None:
    """Rows of other layers do not change by a load that could ask."""
    with pytest.raises(ContractInvalid, match=f"has the property `affects`, which belongs to silver, not {layer}"):
        parse_contracts(edited("clean_sales", lambda d: property_of(d, "layer").update(value=layer)), "kiosks")


GOLD = [
    ("window_source", "touched_weeks", "`window_source: touched_weeks` is no column of the run ledger"),
    ("window_source", "touched_kiosks", "`window: day` is DATE, its source `touched_kiosks` is STRING"),
    ("window", "week", "window `week` is no column; there are day, "),
    ("window", None, "has window `None`; it takes a text"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), GOLD, ids=[sentence for *_, sentence in GOLD])
def test_a_gold_window_that_nothing_fills_is_refused(name: str, value: str, sentence: str) -> None:
    """A window needs a column of the table and a ledger column of its type."""
    with pytest.raises(ContractInvalid, match=f"daily_totals`: {sentence}"):
        parse_contracts(edited("daily_totals", lambda d: property_of(d, name).update(value=value)), "kiosks")
