"""`lakehouse rules try` counts what a rule would do to the rows of silver, shows some, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse_assets.contracts import Rule
from lakehouse_assets.engines.trial import try_rule
from lakehouse_assets.errors import BadRequest
from lakehouse_assets_tests import every_type
from lakehouse_assets_tests.lake import LakeDriver, csv_file
from lakehouse_assets_tests.operations.conftest import Cli, Shop

TRY = ("rules", "try")
ORDERS = ("--table", "clean_orders")


def files_of(lake: Path) -> dict[Path, bytes]:
    """Every file of a lake with what it holds."""
    return {path: path.read_bytes() for path in lake.rglob("*") if path.is_file()}


def test_a_new_rule_is_counted_shown_and_compared_with_the_ceiling(cli: Cli, shown: Shop) -> None:
    """Of the orders of 10.00 and 20.50 one is above 15; half is more than a twentieth."""
    before = files_of(shown.lake)
    tried = cli(*TRY, "amount_high", "parse_amount(total_amount) > 15", *ORDERS, *shown.at)
    assert tried.code == 0
    first, *_ = tried.out.splitlines()
    assert first == "Rule `amount_high` (reject): 1 of 2 rows of delta_lakehouse.clean_orders would break it (50.0%)."
    (row,) = [line.split() for line in tried.out.splitlines() if "20.50" in line]
    assert row == ["101", "2025-04-01", "2025-04-01", "11:00:00", "8", "2", "20.50"]
    assert "A load with as large a share of such rows would stop: at most 5.0%" in tried.out
    assert files_of(shown.lake) == before


def test_a_rule_that_there_is_is_compared_with_what_it_would_become(cli: Cli, shown: Shop) -> None:
    """Its verdict stays unless another one is asked; one that warns stops no load."""
    tried = cli(*TRY, "amount_not_positive", "parse_amount(total_amount) < 15", *ORDERS, *shown.at)
    assert "Rule `amount_not_positive` (warn): 1 of 2 rows" in tried.out
    assert "As it is now, 0 of them do." in tried.out
    assert "would stop" not in tried.out


def test_only_so_many_rows_are_shown(cli: Cli, shown: Shop) -> None:
    """The sentence says how many there are."""
    tried = cli(*TRY, "any", "NOT blank(order_id)", *ORDERS, *shown.at, "--limit", "1")
    assert "1 of 2 rows are shown (--limit)." in tried.out
    assert "101" not in tried.out


WRONG = {
    "there is no landing column `amount`; there are order_id, date, order_timestamp": ("x", "amount > 1"),
    "this is no SQL that Athena knows": ("x", "order_id >"),
    "`round` is not portable between engines; use integer arithmetic in cents": ("x", "round(order_id) > 1"),
    "is of kind keys_unique; only rows can be tried": ("keys_unique", "blank(order_id)"),
    "an explicit cast is required; landing columns are text, so write `parse_int(user_id) > 20`": ("x", "user_id > 20"),
    "so write `parse_amount(total_amount) BETWEEN -1 AND 2.5`": ("x", "total_amount BETWEEN -1 AND 2.5"),
    "`SELECT` is no part of its condition; a rule of kind row asks the landing columns of its own row": (
        "x",
        "order_id IN (SELECT order_id FROM delta_lakehouse.clean_orders)",
    ),
    "`count` is no part of its condition": ("x", "count(*) > 1"),
    "`o.order_id` is no part of its condition": ("x", "blank(o.order_id)"),
    "there is no condition; write when a row breaks the rule": ("x", " "),
    "`` is no code of a rule: lower-case letters, digits and _": ("", "blank(order_id)"),
    "`amount,invalid` is no code of a rule": ("amount,invalid", "blank(order_id)"),
    "is true or false; this one gives decimal128(18, 2)": ("x", "parse_amount(total_amount)"),
}


@pytest.mark.parametrize(("sentence", "arguments"), WRONG.items(), ids=WRONG)
def test_a_predicate_that_cannot_be_asked_is_bad_input(
    cli: Cli, shown: Shop, sentence: str, arguments: tuple[str, str]
) -> None:
    """One sentence each, with what is allowed, and no generated SQL."""
    tried = cli(*TRY, *arguments, *ORDERS, *shown.at)
    assert (tried.code, tried.out) == (2, "")
    assert sentence in tried.err
    assert not [word for word in ("text__", "__raw", "delta_lakehouse__", "duckdb", "Error:") if word in tried.err]


def test_an_unknown_table_or_a_lake_without_it_is_bad_input(cli: Cli, shown: Shop, tmp_path: Path) -> None:
    """The tables that there are, or the command that makes them."""
    tried = cli(*TRY, "x", "blank(id)", "--table", "orders", *shown.at)
    assert "`orders` is no silver table; there are: clean_orders, clean_orders_items, clean_products" in tried.err
    (tmp_path / "lake").mkdir()
    tried = cli(*TRY, "x", "blank(order_id)", *ORDERS, "--lake", tmp_path / "lake")
    assert (tried.code, "`lakehouse run` creates it" in tried.err) == (2, True)
    assert not list((tmp_path / "lake").iterdir())


def test_local_moments_are_judged_as_they_landed(tmp_path: Path) -> None:
    """02:00 in Berlin is the day before in UTC; the rule on the local date finds no row of silver wrong."""
    driver = LakeDriver(tmp_path, zone="Europe/Berlin")
    head = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
    driver.load(csv_file("orders", "orders/1.csv", head + "1,100,7,2025-04-02T01:00:00,10.00,2025-04-02\n"))
    contract = driver.known["silver.clean_orders"]
    (rule,) = [rule for rule in contract.rules if rule.code == "date_mismatch"]
    tried = try_rule(driver.value, contract, rule, limit=1, zone="Europe/Berlin")
    assert (tried.seen, tried.broken) == (1, 0)
    elsewhere = try_rule(driver.value, contract, rule, limit=1, zone="UTC")
    assert elsewhere.broken == 1


@pytest.fixture(scope="module")
def every_lake(tmp_path_factory: pytest.TempPathFactory) -> LakeDriver:
    """A lake whose one silver table has a column of every type, and a row."""
    lake = every_type.hold(LakeDriver(tmp_path_factory.mktemp("every")), every_type.silver_contract())
    lake.load(every_type.dropped(1, every_type.texts()))
    return lake


@pytest.mark.parametrize("name", every_type.SINGLE)
def test_a_value_of_any_single_type_is_read_from_its_own_text(every_lake: LakeDriver, name: str) -> None:
    """No row of silver breaks the rule that its text is a value of its type."""
    contract = every_lake.known["silver.things"]
    cast = {"word": "parse_text(word)", "exact": "parse_decimal(exact, 18, 6)", "wide": "parse_decimal(wide, 38, 0)"}
    kinds = {"small": "int", "big": "bigint", "ratio": "double", "flag": "bool", "day": "date", "at": "instant"}
    parsed = cast.get(name) or f"parse_{kinds[name]}({name})"
    rule = Rule("x", "row", "reject", "", f"{parsed} IS NULL")
    tried = try_rule(every_lake.value, contract, rule, limit=0, zone="UTC")
    assert (tried.seen, tried.broken) == (1, 0)


def test_an_array_or_a_record_cannot_be_tried_and_the_sentence_says_so(every_lake: LakeDriver) -> None:
    """Its text is not what landed."""
    contract = every_lake.known["silver.things"]
    rule = Rule("x", "row", "reject", "", "blank(day_list)")
    with pytest.raises(BadRequest, match="`day_list` is an array or a record"):
        try_rule(every_lake.value, contract, rule, limit=0, zone="UTC")
