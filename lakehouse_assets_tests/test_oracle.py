"""The oracle against values worked out by hand, and against what is known about the recorded data."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets_tests.oracle import (
    COLUMNS,
    File,
    Loaded,
    Refused,
    State,
    codes_for,
    daily_sales,
    load,
    parse,
    product_daily,
    read_records,
    user_orders,
)
from lakehouse_assets_tests.oracle.gold import split_cents

NOON = datetime(2025, 4, 1, 12, tzinfo=UTC)
ORDER = {
    "order_num": "1",
    "order_id": "o1",
    "user_id": "u1",
    "order_timestamp": "2025-04-01T10:00:00",
    "total_amount": "10.00",
    "date": "2025-04-01",
}
ITEM = {
    "id": "i1",
    "order_id": "o1",
    "user_id": "u1",
    "days_since_prior_order": "3",
    "product_id": "p1",
    "add_to_cart_order": "1",
    "reordered": "1",
    "order_timestamp": "2025-04-01T10:00:00",
    "date": "2025-04-01",
}
PRODUCT = {"product_id": "p1", "department_id": "1", "department": "Toys", "product_name": "Kite"}


def a_file(dataset: str, *rows: dict[str, str], key: str = "", hours: int = 0) -> File:
    """A landed file of these rows, last changed some hours after noon."""
    lines = [",".join(COLUMNS[dataset]), *(",".join(row.values()) for row in rows)]
    content = "\n".join([*lines, ""]).encode()
    return File(dataset, key or f"{dataset}.csv", NOON + timedelta(hours=hours), content)


def order(**changes: str) -> dict[str, str]:
    """A good order with changes."""
    return {**ORDER, **changes}


def item(**changes: str) -> dict[str, str]:
    """A good item with changes."""
    return {**ITEM, **changes}


def counts(loaded: Loaded, table: str) -> dict[str, int]:
    """The counts of one table that are not zero."""
    return {name: count for name, count in loaded.counts[table].items() if count}


def records(text: str) -> list[Any]:
    """The records of a file with columns a and b."""
    return list(read_records(text.encode(), ["a", "b"]))


def test_reading_numbers_records_by_their_first_physical_line() -> None:
    """A quoted newline makes a record two lines long; the next record's number counts both."""
    assert records('a,b\n1,"x\ny"\n2,z\n') == [
        (2, {"a": "1", "b": "x\ny"}, '1,"x\ny"'),
        (4, {"a": "2", "b": "z"}, "2,z"),
    ]


def test_reading_finds_columns_by_name_behind_a_byte_order_mark() -> None:
    """Order and extra columns of a file do not matter, nor do its line ends."""
    assert [values for _, values, _ in records("\ufeffb,more,a\r\n2,x,1\r\n")] == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("record", ["1", "1,2,3", '1,"x"y', '"1'])
def test_reading_marks_a_malformed_record(record: str) -> None:
    """Too few or many fields, text after a quote, and a quote that never closes."""
    assert records(f"a,b\n{record}\n")[0][1] is None


def test_reading_goes_on_after_broken_quoting() -> None:
    """Only the record with the broken quoting is lost."""
    assert [values for _, values, _ in records('a,b\n"1"x,2\n3,4\n')] == [None, {"a": "3", "b": "4"}]


def test_reading_marks_bytes_that_are_no_utf8() -> None:
    """A Latin-1 letter makes its record malformed, not its neighbour."""
    found = [values for _, values, _ in read_records(b"a,b\n1,\xe9\n3,4\n", ["a", "b"])]
    assert found == [None, {"a": "3", "b": "4"}]


@pytest.mark.parametrize("text", ["", "\n", "a,b\n", "\ufeff"])
def test_reading_finds_nothing_in_a_file_without_records(text: str) -> None:
    """Empty, blank and header-only files have no records."""
    assert records(text) == []


@pytest.mark.parametrize("text", ["a\n1\n", "a,b,a\n1,2,3\n", '"a"x,b\n'])
def test_reading_refuses_a_file_without_its_columns(text: str) -> None:
    """A column that is missing or twice there, or a header with broken quoting."""
    with pytest.raises(Refused, match="header"):
        records(text)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"order_id": "", "user_id": "\u00a0\u3000"}, ["order_id_missing", "user_id_missing"]),
        ({"user_id": "\u200b"}, ["user_id_missing"]),
        ({"order_id": "\ufeff \u00a0"}, ["order_id_missing"]),
        ({name: name for name in COLUMNS["orders"]}, ["row_malformed"]),
        ({name: name for name in COLUMNS["orders"]} | {"order_num": "\ufefforder_num"}, ["row_malformed"]),
        ({"date": " "}, ["date_missing"]),
        ({"date": "2025-4-1"}, ["date_invalid"]),
        ({"date": "2025-02-29"}, ["date_invalid"]),
        ({"date": "2025-04-02"}, ["date_mismatch"]),
        ({"date": "2025-04-02", "order_timestamp": ""}, ["timestamp_invalid"]),
        ({"total_amount": " "}, ["amount_invalid"]),
        ({"total_amount": "-3"}, ["amount_not_positive"]),
        ({"total_amount": "0.00", "order_id": ""}, ["amount_not_positive", "order_id_missing"]),
    ],
)
def test_codes_of_an_order(changes: dict[str, str], codes: list[str]) -> None:
    """Each rule fires alone, independent rules together, dependent ones not."""
    assert codes_for("orders", order(**changes)) == codes


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"add_to_cart_order": "", "reordered": " ", "days_since_prior_order": "\u00a0"}, []),
        ({"add_to_cart_order": "+1", "reordered": "TRUE", "days_since_prior_order": "-0"}, []),
        ({"add_to_cart_order": "0"}, ["cart_position_invalid"]),
        ({"add_to_cart_order": "2147483648"}, ["cart_position_invalid"]),
        ({"days_since_prior_order": "-1"}, ["days_invalid"]),
        ({"days_since_prior_order": "1.0", "add_to_cart_order": "3."}, []),
        ({"days_since_prior_order": "1.5"}, ["days_invalid"]),
        ({"add_to_cart_order": ".0"}, ["cart_position_invalid"]),
        ({"days_since_prior_order": "9" * 5000}, ["days_invalid"]),
        ({"reordered": "yes"}, ["reordered_invalid"]),
        ({"id": "", "product_id": ""}, ["item_id_missing", "product_id_missing"]),
    ],
)
def test_codes_of_an_item(changes: dict[str, str], codes: list[str]) -> None:
    """Blank numbers are fine; integers are whole and in range."""
    assert codes_for("order_items", item(**changes)) == codes


def test_codes_of_a_product() -> None:
    """Number and name are owed, the department is not."""
    assert codes_for("products", {**PRODUCT, "department_id": "", "department": ""}) == []
    assert codes_for("products", {**PRODUCT, "product_id": "", "product_name": ""}) == [
        "product_id_missing",
        "product_name_missing",
    ]


@pytest.mark.parametrize("text", ["1", "1.", ".5", "+1.25", "-0", "9999999999999999.99", "0" * 40 + "1"])
def test_amounts_that_are_numbers(text: str) -> None:
    """Signs, bare points and leading zeros are fine up to DECIMAL(18,2)."""
    assert parse("orders", order(total_amount=text))["total_amount"] == Decimal(text)


@pytest.mark.parametrize("text", ["", ".", "+", "1e3", "1.000", "1,5", " 1", "10000000000000000", "NaN", "\u0661"])
def test_amounts_that_are_not(text: str) -> None:
    """Exponents, blanks around, a third decimal even when zero, and 10^16."""
    assert codes_for("orders", order(total_amount=text)) == ["amount_invalid"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-04-01T10:00", datetime(2025, 4, 1, 10, tzinfo=UTC)),
        ("2025-04-01 10:00:05,1234567", datetime(2025, 4, 1, 10, 0, 5, 123456, tzinfo=UTC)),
        ("2025-04-01T10:00:00Z", datetime(2025, 4, 1, 10, tzinfo=UTC)),
        ("2025-04-01T10:00:00+0230", datetime(2025, 4, 1, 7, 30, tzinfo=UTC)),
        ("2025-04-01T10:00-23", datetime(2025, 4, 2, 9, tzinfo=UTC)),
    ],
)
def test_moments_that_are_read(text: str, moment: datetime) -> None:
    """T or space, seconds and fraction optional, fraction cut to microseconds, offsets of three forms."""
    assert parse("orders", order(order_timestamp=text))["order_timestamp"] == moment


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-01",
        "2025-04-01t10:00",
        "2025-04-01T24:00",
        "2025-04-01T10:00:60",
        "2025-04-31T10:00",
        "2025-04-01T10:00:00.",
        "2025-04-01T10:00+24:00",
        "2025-04-01T10:00+01:60",
        "2025-04-01T10:00\n",
        "0000-12-31T10:00",
        "0001-01-01T00:00+01:00",
        "9999-12-31T23:00-02:00",
    ],
)
def test_moments_that_are_not(text: str) -> None:
    """Wrong form, no such moment, or outside the years 1 to 9999 in UTC."""
    assert "timestamp_invalid" in codes_for("orders", order(order_timestamp=text))


@pytest.mark.parametrize(
    ("text", "key"),
    [("\ufeff104", "104"), ("104\u00a0\u200b", "104"), (" 104", " 104"), ("1\u200b4", "1\u200b4"), ("\u200b", None)],
)
def test_keys_end_where_something_is_seen(text: str, key: str | None) -> None:
    """A byte order mark, a no-break or zero-width character at an end is no part of a key; a plain blank is."""
    assert parse("products", {**PRODUCT, "product_id": text})["product_id"] == key
    assert parse("products", {**PRODUCT, "product_name": f"{text}x\u200b"})["product_name"] == f"{text}x\u200b"


def test_repeated_local_hour_takes_the_earlier_offset() -> None:
    """On 2025-10-26 Berlin has 02:30 twice; the first is at +02:00."""
    row = order(order_timestamp="2025-10-26T02:30:00", date="2025-10-26")
    assert parse("orders", row, "Europe/Berlin")["order_timestamp"] == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_skipped_local_hour_is_no_moment() -> None:
    """On 2025-03-30 Berlin goes from 02:00 to 03:00."""
    row = order(order_timestamp="2025-03-30T02:30:00", date="2025-03-30")
    assert codes_for("orders", row, "Europe/Berlin") == ["timestamp_invalid"]


def test_date_is_compared_with_the_local_date() -> None:
    """23:30 UTC is the next day in Berlin."""
    row = order(order_timestamp="2025-04-01T23:30:00Z", date="2025-04-02")
    assert codes_for("orders", row, "Europe/Berlin") == []
    assert codes_for("orders", row, "UTC") == ["date_mismatch"]


def test_load_keeps_the_newest_event_of_a_key() -> None:
    """An older version in a later file and line loses."""
    newer = a_file("orders", order(total_amount="2"), key="orders/a.csv")
    older = a_file("orders", order(total_amount="1", order_timestamp="2025-04-01T09:00"), key="orders/b.csv", hours=1)
    loaded = load([newer, older])
    assert loaded.state.silver["orders"]["o1"].values["total_amount"] == 2
    assert counts(loaded, "clean_orders") == {"read": 2, "valid": 1, "superseded": 1, "inserted": 1}


def test_load_breaks_ties_by_file_time_then_name_then_line() -> None:
    """Products have no event time: file time first, then the later name, then the later line."""
    files = [
        a_file("products", {**PRODUCT, "product_name": "A"}, key="products/z.csv"),
        a_file("products", {**PRODUCT, "product_name": "B"}, key="products/a.csv", hours=1),
        a_file(
            "products",
            {**PRODUCT, "product_name": "C"},
            {**PRODUCT, "product_name": "D"},
            key="products/b.csv",
            hours=1,
        ),
    ]
    assert load(files).state.silver["products"]["p1"].values["product_name"] == "D"


def test_load_leaves_equal_content_alone() -> None:
    """The same content from a later file is unchanged and keeps its place in the order."""
    first = load([a_file("orders", ORDER)])
    second = load([a_file("orders", ORDER, hours=1)], first.state)
    assert counts(second, "clean_orders") == {"read": 1, "valid": 1, "unchanged": 1}
    assert second.state == first.state


def test_load_updates_by_newer_and_ignores_older_events() -> None:
    """A newer event replaces what silver holds, an older one is superseded."""
    first = load([a_file("orders", ORDER)])
    later = order(order_timestamp="2025-04-01T11:00", total_amount="3")
    second = load([a_file("orders", later)], first.state)
    third = load([a_file("orders", ORDER, hours=9)], second.state)
    assert counts(second, "clean_orders") == {"read": 1, "valid": 1, "updated": 1}
    assert counts(third, "clean_orders") == {"read": 1, "superseded": 1}


def test_load_does_not_update_from_the_same_place() -> None:
    """Other content at an equal event time, file time, name and line is not newer."""
    first = load([a_file("orders", ORDER)])
    second = load([a_file("orders", order(total_amount="3"))], first.state)
    assert counts(second, "clean_orders") == {"read": 1, "superseded": 1}


def test_rejected_row_supersedes_nothing_and_orphans_its_items() -> None:
    """The broken newer order is kept with all its codes; items of an order that is only broken wait."""
    broken = order(order_timestamp="2025-04-01T11:00", total_amount="x", user_id="")
    loaded = load(
        [a_file("orders", order(order_id="o2"), {**broken}), a_file("products", PRODUCT), a_file("order_items", ITEM)]
    )
    assert counts(loaded, "clean_orders") == {"read": 2, "valid": 1, "rejected": 1, "inserted": 1}
    assert [reject.codes for reject in loaded.state.rejects.values()] == [("amount_invalid", "user_id_missing")]
    assert loaded.pending == Counter(unknown_order=1)


def test_pending_row_is_retried_and_found_when_its_parents_come() -> None:
    """Read and pending first, retried and valid when order and product have arrived."""
    first = load([a_file("order_items", ITEM)])
    second = load([a_file("orders", ORDER), a_file("products", PRODUCT)], first.state)
    assert counts(first, "clean_orders_items") == {"read": 1, "pending": 1}
    assert counts(second, "clean_orders_items") == {"retried": 1, "valid": 1, "inserted": 1}
    assert second.state.pending == {}


@pytest.mark.parametrize(("days", "fate"), [(6.9, "pending"), (7, "rejected")])
def test_pending_row_is_rejected_after_seven_days(days: float, fate: str) -> None:
    """Seven days after it was first seen, however often it was tried in between."""
    first = load([a_file("order_items", ITEM)], as_of=NOON)
    between = load([], first.state, as_of=NOON + timedelta(days=3))
    last = load([], between.state, as_of=NOON + timedelta(days=days))
    assert counts(last, "clean_orders_items") == {"retried": 1, fate: 1}


def test_pending_row_that_is_read_again_keeps_its_age() -> None:
    """The same record from the same file was first seen then, not now, and waits only once."""
    first = load([a_file("order_items", ITEM)], as_of=NOON)
    again = load([a_file("order_items", ITEM)], first.state, as_of=NOON + timedelta(days=3))
    assert counts(again, "clean_orders_items") == {"read": 1, "retried": 1, "pending": 2}
    assert [row.first_seen for row in again.state.pending.values()] == [NOON]


def test_reject_beats_pending() -> None:
    """A broken row without parents is rejected, with all its codes, and not kept waiting."""
    loaded = load([a_file("order_items", item(reordered="maybe"))])
    assert loaded.rejects == Counter(reordered_invalid=1, unknown_order=1, unknown_product=1)
    assert loaded.pending == Counter()


def test_pending_row_supersedes_nothing() -> None:
    """A newer version with an unknown product leaves the older one in silver."""
    newer = item(order_timestamp="2025-04-01T11:00", product_id="p9")
    loaded = load([a_file("orders", ORDER), a_file("products", PRODUCT), a_file("order_items", ITEM, newer)])
    assert counts(loaded, "clean_orders_items") == {"read": 2, "valid": 1, "pending": 1, "inserted": 1}


def test_unreadable_file_is_refused_and_the_others_go_on() -> None:
    """A file without a column, and one that is no gzip, are outside `read`."""
    files = [
        File("orders", "orders/a.csv", NOON, b"order_num\n1\n"),
        File("orders", "orders/b.csv.gz", NOON, b"no gzip"),
        File("orders", "orders/c.csv.gz", NOON, gzip.compress(a_file("orders", ORDER).content)),
    ]
    loaded = load(files)
    assert loaded.refused == ["orders/a.csv", "orders/b.csv.gz"]
    assert counts(loaded, "clean_orders") == {"read": 1, "valid": 1, "inserted": 1}


def test_warnings_are_counted_and_reject_nothing() -> None:
    """A refund and a department id with two names."""
    two_names = a_file("products", PRODUCT, {**PRODUCT, "product_id": "p2", "department": "Home"})
    loaded = load([two_names, a_file("orders", order(total_amount="-1"))])
    assert loaded.warnings == Counter(amount_not_positive=1, department_ambiguous=1)
    assert loaded.state.rejects == {}


@pytest.mark.parametrize(
    ("cents", "shares"),
    [(1000, [333, 667]), (1001, [333, 668]), (-1001, [-333, -668]), (2, [0, 2]), (0, [0, 0])],
)
def test_cents_are_split_by_item_share(cents: int, shares: list[int]) -> None:
    """One item against two: of 1001, q = 333 and r = 2, the first gets 333 + 2*1 div 3, the second 666 + 2."""
    assert list(split_cents(cents, {("1", "Toys"): 1, ("2", "Home"): 2}).values()) == shares


@pytest.fixture
def shop() -> State:
    """Three orders of two users: o1 with three items, o2 without items, o3 two days later with one."""
    products = a_file(
        "products",
        PRODUCT,
        {**PRODUCT, "product_id": "p2", "department_id": "", "department": "", "product_name": "Gift"},
    )
    third = {"order_timestamp": "2025-04-03T01:00", "date": "2025-04-03"}
    orders = a_file(
        "orders", ORDER, order(order_id="o2", user_id="u2", total_amount="-5"), order(order_id="o3", **third)
    )
    items = a_file(
        "order_items",
        ITEM,
        item(id="i2", add_to_cart_order="2", reordered="0"),
        item(id="i3", product_id="p2", add_to_cart_order="", reordered=""),
        item(id="i4", order_id="o3", **third),
    )
    return load([products, orders, items]).state


def test_daily_sales_of_a_small_shop(shop: State) -> None:
    """10.00 over two toys and one unknown: 3.33 comes first by name `(unknown)`, toys get 6.67."""
    first, third = date(2025, 4, 1), date(2025, 4, 3)
    assert [tuple(row.values()) for row in daily_sales(shop)] == [
        (first, "(none)", "(none)", 1, 1, 0, None, Decimal("-5.00")),
        (first, "(unknown)", "(unknown)", 1, 1, 1, None, Decimal("3.33")),
        (first, "1", "Toys", 1, 1, 2, 0.5, Decimal("6.67")),
        (third, "1", "Toys", 1, 1, 1, 1.0, Decimal("10.00")),
    ]


def test_product_daily_of_a_small_shop(shop: State) -> None:
    """Kite: two items of one order at positions 1 and 2, one of them reordered."""
    first, third = date(2025, 4, 1), date(2025, 4, 3)
    assert [tuple(row.values()) for row in product_daily(shop)] == [
        (first, "p1", 2, 1, 0.5, 1.5),
        (first, "p2", 1, 1, None, None),
        (third, "p1", 1, 1, 1.0, 1.0),
    ]


def test_user_orders_of_a_small_shop(shop: State) -> None:
    """From April 1 to 3 are two whole days, though the moments lie 39 hours apart."""
    ten = datetime(2025, 4, 1, 10)  # noqa: DTZ001 - gold's moments are zone-less
    assert [tuple(row.values()) for row in user_orders(shop)] == [
        ("u1", ten, datetime(2025, 4, 3, 1), 2, Decimal("20.00"), 2.0),  # noqa: DTZ001
        ("u2", ten, ten, 1, Decimal("-5.00"), None),
    ]


@pytest.fixture(scope="module")
def recorded(real_data: Path) -> Loaded:
    """The recorded data, loaded at once."""
    return load(_landed(real_data))


def _landed(folder: Path) -> Iterator[File]:
    for path in sorted(folder.rglob("*.csv")):
        key = path.relative_to(folder).as_posix()
        yield File(key.split("/")[0].removesuffix(".csv"), key, NOON, path.read_bytes())


def test_recorded_data_has_no_rejects_and_known_counts(recorded: Loaded) -> None:
    """1,000 products, 2,500 orders, 13,719 items, all of them inserted."""
    expected = {"clean_products": 1_000, "clean_orders": 2_500, "clean_orders_items": 13_719}
    for table, rows in expected.items():
        assert counts(recorded, table) == {"read": rows, "valid": rows, "inserted": rows}
    assert recorded.warnings["department_ambiguous"] == 6


def test_recorded_data_has_known_totals(recorded: Loaded) -> None:
    """640,666.01 over all orders and over all departments, and 6,863 items bought before."""
    silver = recorded.state.silver
    assert sum(row.values["total_amount"] for row in silver["orders"].values()) == Decimal("640666.01")
    assert sum(row["amount"] for row in daily_sales(recorded.state)) == Decimal("640666.01")
    assert sum(row.values["reordered"] for row in silver["order_items"].values()) == 6_863
