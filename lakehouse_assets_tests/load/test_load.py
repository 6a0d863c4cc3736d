"""The load on the embedded engine against the plain-Python oracle, on dirty input of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import md5
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lakehouse_assets.contracts.model import Column
from lakehouse_assets.ecommerce.sample import SampleSpec, write_demo, write_sample
from lakehouse_assets.engines import delta
from lakehouse_assets.errors import FenceLost, ReconciliationFailed, RejectRatioExceeded
from lakehouse_assets_tests import oracle
from lakehouse_assets_tests.lake import LakeDriver, counts_of, csv_file, folder_files
from lakehouse_assets_tests.oracle import File
from lakehouse_assets_tests.oracle.loading import SOME_DAY, State

ORDERS = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ITEMS = "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
PRODUCTS = "product_id,department_id,department,product_name\n"
PRODUCT = csv_file("products", "products.csv", PRODUCTS + "1,4,Books,Atlas\n")
ORDER = csv_file("orders", "orders/a.csv", ORDERS + "1,o1,u1,2025-04-01T10:00:00,12.50,2025-04-01\n")
ITEM = csv_file("order_items", "order_items/a.csv", ITEMS + "i1,o1,u1,,1,1,0,2025-04-01T10:00:00,2025-04-01\n")


@pytest.fixture
def lake(tmp_path: Path) -> LakeDriver:
    """An empty lake."""
    return LakeDriver(tmp_path)


def silver_of(state: State) -> dict[str, dict[str, dict[str, object]]]:
    """The oracle's silver in the shape of `Lake.silver`."""
    return {name: {key: row.values for key, row in rows.items()} for name, rows in state.silver.items()}


def same_as_oracle(lake: LakeDriver, state: State) -> None:
    """Silver, rejects and pending rows are what the oracle says."""
    assert lake.silver() == silver_of(state)
    assert lake.rejects() == {i: (r.raw, r.codes) for i, r in state.rejects.items()}
    assert lake.pending() == {i: (p.raw, p.codes) for i, p in state.pending.items()}


def test_the_demo_drop_loads_as_the_oracle_says(lake: LakeDriver, tmp_path: Path) -> None:
    """Rows of every rule code, superseded versions and an unreadable file end where the oracle puts them."""
    write_demo(tmp_path / "drop")
    files = folder_files(tmp_path / "drop")
    expected = oracle.load(files)
    report = lake.load(*files)
    assert counts_of(report) == expected.counts
    assert report.rejects == expected.rejects
    assert sorted(report.refused_files) == expected.refused
    same_as_oracle(lake, expected.state)


def test_dirty_and_quoted_samples_load_as_the_oracle_says(lake: LakeDriver, tmp_path: Path) -> None:
    """One percent bad rows, five percent duplicates, quoted fields and gzip change nothing about exactness."""
    spec = SampleSpec(
        days=3, orders_per_day=200, products=100, bad_ratio=0.01, duplicate_ratio=0.05, quoted_ratio=0.01, gzip=True
    )
    write_sample(spec, tmp_path / "drop")
    files = folder_files(tmp_path / "drop")
    expected = oracle.load(files)
    assert counts_of(lake.load(*files)) == expected.counts
    same_as_oracle(lake, expected.state)


def test_the_same_files_again_write_no_data_file(lake: LakeDriver, tmp_path: Path) -> None:
    """A second pass over dirty input finds everything unchanged and leaves silver, rejects and pending alone."""
    write_demo(tmp_path / "drop")
    files = folder_files(tmp_path / "drop")
    lake.load(*files)
    before = lake.data_files()
    again = lake.load(*files)
    assert lake.data_files() == before
    assert {t.counts.inserted + t.counts.updated for t in again.tables.values()} == {0}


def test_days_in_any_order_end_in_the_same_tables(tmp_path: Path) -> None:
    """Day by day, backwards, or at once: the business columns of silver are equal."""
    write_sample(SampleSpec(days=4, orders_per_day=50, products=40, duplicate_ratio=0.1), tmp_path / "drop")
    files = folder_files(tmp_path / "drop")
    at_once, forward, backward = (LakeDriver(tmp_path / name) for name in ("once", "forward", "backward"))
    at_once.load(*files)
    for file in files:
        forward.load(file)
    for file in reversed(files):
        backward.load(file)
    assert forward.silver() == at_once.silver() == backward.silver()
    assert not backward.pending()


def test_a_late_parent_frees_its_pending_item(lake: LakeDriver) -> None:
    """An item waits while its order is missing, and is valid in the run that brings the order."""
    first = lake.load(PRODUCT, ITEM)
    assert first.tables["clean_orders_items"].counts.pending == 1
    assert [codes for _, codes in lake.pending().values()] == [("unknown_order",)]
    second = lake.load(ORDER, as_of=SOME_DAY + timedelta(days=1))
    counts = second.tables["clean_orders_items"].counts
    assert (counts.read, counts.retried, counts.valid, counts.inserted) == (0, 1, 1, 1)
    assert lake.pending() == {}


def test_an_item_whose_parent_never_comes_is_rejected_after_seven_days(lake: LakeDriver) -> None:
    """Six days later the row still waits, seven days later it is a reject with its reference codes."""
    lake.load(ITEM)
    lake.load(as_of=SOME_DAY + timedelta(days=6))
    assert len(lake.pending()) == 1
    report = lake.load(as_of=SOME_DAY + timedelta(days=7))
    assert report.rejects == {"unknown_order": 1, "unknown_product": 1}
    assert lake.pending() == {}
    assert [codes for _, codes in lake.rejects().values()] == [("unknown_order", "unknown_product")]


def test_an_older_version_that_arrives_later_changes_nothing(lake: LakeDriver) -> None:
    """The newer event wins whatever the order of the files, and the older row is counted as superseded."""
    newer = csv_file("orders", "orders/b.csv", ORDERS + "1,o1,u1,2025-04-01T11:00:00,99.00,2025-04-01\n")
    lake.load(newer)
    report = lake.load(ORDER)
    assert report.tables["clean_orders"].counts.superseded == 1
    assert str(lake.silver()["orders"]["o1"]["total_amount"]) == "99.00"


def test_a_newer_file_decides_between_versions_of_one_moment(lake: LakeDriver) -> None:
    """With equal event times the later file wins, in one run or in two."""
    text = ORDERS + "1,o1,u1,2025-04-01T10:00:00,{},2025-04-01\n"
    early, late = (
        csv_file("orders", f"orders/{n}.csv", text.format(a), s) for n, a, s in (("z", "1.00", 0), ("a", "2.00", 1))
    )
    lake.load(late, early)
    assert str(lake.silver()["orders"]["o1"]["total_amount"]) == "2.00"
    other = LakeDriver(lake.root.parent / "two")
    other.load(late)
    assert other.load(early).tables["clean_orders"].counts.superseded == 1


def test_waiting_is_counted_from_the_first_day_even_when_one_parent_comes(lake: LakeDriver) -> None:
    """The product arrives on day six, the order never: on day seven the item is rejected for its order."""
    lake.load(ITEM)
    lake.load(PRODUCT, as_of=SOME_DAY + timedelta(days=6))
    assert [codes for _, codes in lake.pending().values()] == [("unknown_order",)]
    assert lake.load(as_of=SOME_DAY + timedelta(days=7)).rejects == {"unknown_order": 1}


def test_a_commit_that_does_not_add_what_was_counted_fails_the_run(
    lake: LakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of the table is held against the counts, so that a row that an engine drops is noticed."""
    real = delta.measured
    monkeypatch.setattr(delta, "measured", lambda *a: replace(real(*a), rows=real(*a).rows - 1))
    with pytest.raises(ReconciliationFailed, match="inserted 1, but its log says that it grew by 0 rows"):
        lake.load(ORDER)


def test_a_table_grows_by_a_nullable_column_with_its_contract(lake: LakeDriver) -> None:
    """Silver and gold of an existing lake hold NULL for what came before."""
    lake.load(ORDER)
    lake.gold("user_orders")
    lake.known = dict(lake.known)
    for name in ("silver.clean_orders", "gold.user_orders"):
        contract = lake.known[name]
        lake.known[name] = replace(contract, columns=(*contract.columns, Column("coupon", "STRING", "a new one")))
    engine = lake.query()
    engine.show(lake.known["gold.user_orders"])
    for table in ("delta_lakehouse.clean_orders", "ecommerce_gold.user_orders"):
        assert engine.rows(f"SELECT coupon FROM {table}") == [{"coupon": None}]
    engine.close()


def test_a_column_that_came_later_is_null_for_files_without_it(lake: LakeDriver) -> None:
    """An optional column of the grown contract: old files, plain and quoted ones, load on beside new ones."""
    lake.known = dict(lake.known)
    orders = lake.known["silver.clean_orders"]
    coupon = Column("coupon", "STRING", "what was redeemed", source="coupon", optional=True)
    lake.load(ORDER)
    lake.known["silver.clean_orders"] = replace(orders, columns=(*orders.columns, coupon))
    row = "2025-04-01T10:00:00,1.00,2025-04-01"
    lake.load(
        csv_file("orders", "orders/b.csv", f"{ORDERS}1,o2,u1,{row}\n"),
        csv_file("orders", "orders/c.csv", f'{ORDERS}1,o3,"u1",{row}\n'),
        csv_file("orders", "orders/d.csv", f"{ORDERS.strip()},coupon\n1,o4,u1,{row},TEN\n"),
    )
    rows = lake.rows("SELECT order_id, coupon FROM delta_lakehouse.clean_orders ORDER BY order_id")
    assert [(r["order_id"], r["coupon"]) for r in rows] == [("o1", None), ("o2", None), ("o3", None), ("o4", "TEN")]


@pytest.mark.parametrize("days", [[[1, 2], [3]], [[2, 1, 2], [3]], [[3], [1], [2]]])
def test_a_data_file_is_sorted_by_date(lake: LakeDriver, days: list[list[int]]) -> None:
    """However dates are spread over the files of a drop, so that a reader of one day skips the rest."""
    rows = [
        [f"1,o{n}{day}{k},u1,2025-04-0{day}T10:00,1.00,2025-04-0{day}\n" for k, day in enumerate(some)]
        for n, some in enumerate(days)
    ]
    lake.load(*(csv_file("orders", f"orders/{n}.csv", ORDERS + "".join(some)) for n, some in enumerate(rows)))
    (file,) = (lake.root / "lakehouse-dwh" / "clean_orders").rglob("*.parquet")
    held = [day.day for day in pq.read_table(file, columns=["date"])["date"].to_pylist()]
    assert held == sorted(day for some in days for day in some)


def test_a_data_file_is_sorted_by_date_whichever_reader_took_which_file(lake: LakeDriver) -> None:
    """A quoted first day and a plain second one, which the engine has sooner."""
    quoted, plain = '1,"o1",u1,2025-04-01T10:00,1.00,2025-04-01\n', "1,o2,u1,2025-04-02T10:00,1.00,2025-04-02\n"
    lake.load(*(csv_file("orders", f"orders/{n}.csv", ORDERS + row) for n, row in enumerate((quoted, plain))))
    (file,) = (lake.root / "lakehouse-dwh" / "clean_orders").rglob("*.parquet")
    assert [day.day for day in pq.read_table(file, columns=["date"])["date"].to_pylist()] == [1, 2]


def test_a_rejected_row_supersedes_nothing(lake: LakeDriver) -> None:
    """A newer version that breaks a rule leaves the older one in silver."""
    lake.load(ORDER)
    lake.load(csv_file("orders", "orders/b.csv", ORDERS + "1,o1,u1,2025-04-02T10:00:00,abc,2025-04-02\n"))
    assert str(lake.silver()["orders"]["o1"]["total_amount"]) == "12.50"
    assert [codes for _, codes in lake.rejects().values()] == [("amount_invalid",)]


def test_too_many_rejects_merge_nothing_but_keep_the_rejects(lake: LakeDriver) -> None:
    """Above the ratio and from ten rejects on the run fails; an override for one run lets it through."""
    bad = "".join(f"1,x{n},,2025-04-01T10:00:00,1,2025-04-01\n" for n in range(10))
    drop = csv_file("orders", "orders/b.csv", ORDERS + bad + "1,ok,u1,2025-04-01T10:00:00,1,2025-04-01\n")
    with pytest.raises(RejectRatioExceeded, match=r"10 of 11 rows .* more than the 5.0% allowed"):
        lake.load(drop)
    assert (len(lake.rejects()), lake.silver()["orders"]) == (10, {})
    lake.load(drop, max_reject_ratio=1.0)
    assert list(lake.silver()["orders"]) == ["ok"]


def test_a_reject_of_a_file_that_is_listed_twice_is_kept_once(lake: LakeDriver) -> None:
    """In each of two datasets, whose files are numbered one after the other."""
    product = csv_file("products", "products.csv", PRODUCTS + ",4,Books,Atlas\n")
    order = csv_file("orders", "orders/a.csv", ORDERS + "1,o1,u1,2025-04-01T10:00:00,ten,2025-04-01\n")
    lake.load(product, product, order, order, max_reject_ratio=1.0)
    held = lake.rows("SELECT dataset, count(*) AS n FROM delta_lakehouse.ecommerce_rejects GROUP BY dataset")
    assert {row["dataset"]: row["n"] for row in held} == {"products": 1, "orders": 1}


def test_nine_rejects_are_too_few_to_stop_a_load(lake: LakeDriver) -> None:
    """The ratio is not applied below ten rejects."""
    bad = "".join(f"1,x{n},,2025-04-01T10:00:00,1,2025-04-01\n" for n in range(9))
    report = lake.load(csv_file("orders", "orders/b.csv", ORDERS + bad))
    assert report.tables["clean_orders"].counts.rejected == 9


def test_a_corrected_file_marks_its_rejects_as_replayed(lake: LakeDriver) -> None:
    """A reject that is read again and found good stays in the table, marked with the run that took it."""
    lake.load(ITEM, as_of=SOME_DAY)
    lake.load(as_of=SOME_DAY + timedelta(days=8))
    assert len(lake.rejects()) == 1
    lake.load(PRODUCT, ORDER, as_of=SOME_DAY + timedelta(days=9))
    lake.load(as_of=SOME_DAY + timedelta(days=9), mode="replay", selection={"code": "unknown_order"})
    rows = lake.rows("SELECT status, replayed_by FROM delta_lakehouse.ecommerce_rejects")
    assert rows == [{"status": "replayed", "replayed_by": "run-4"}]
    assert list(lake.silver()["order_items"]) == ["i1"]


def order_line(number: int, **changes: str) -> str:
    """One order as it stands in a file."""
    row = {"num": str(number), "id": f"o{number}", "user": "u1", "at": "2025-04-01T10:00:00", "amount": f"{number}.00"}
    return ",".join((row | {"date": "2025-04-01"} | changes).values())


BROKEN = {
    "amount": order_line(1, amount="x"),
    "key": order_line(2, id=""),
    "bytes": order_line(3, user="caf\ufffd"),
    "fields": order_line(4) + ",more",
    "quoted": order_line(5, id='"o5"', user='"u"5'),
}


def version(lines: list[str], second: int) -> File:
    """A file of orders, last changed that late; one letter of it is no UTF-8."""
    file = csv_file("orders", "orders/a.csv", ORDERS + "\n".join(lines) + "\n", second)
    return replace(file, content=file.content.replace("\ufffd".encode(), b"\xe9"))


VERSIONS: dict[str, tuple[list[str], int, list[str]]] = {
    "put right line by line": ([order_line(n) for n in range(1, 6)], 1, []),
    "in another order": ([order_line(n) for n in (2, 3, 4, 5, 1)], 1, ["key", "bytes", "fields", "quoted"]),
    "one line less": ([order_line(n) for n in range(2, 6)], 1, ["amount", "key", "bytes", "fields", "quoted"]),
    "still wrong": ([order_line(1, amount="y"), order_line(2)], 1, ["bytes", "fields", "quoted"]),
    "as wrong, and a row more": ([*BROKEN.values(), order_line(9)], 1, []),
    "as wrong, in another order": ([*reversed(BROKEN.values())], 1, []),
    "without a key, but with other values": ([order_line(9), order_line(2, id="", user="u2")], 1, [*BROKEN]),
    "other values beside the key": ([order_line(1), order_line(2, user="u2")], 1, [*list(BROKEN)[1:]]),
    "rows of another day": ([order_line(n) for n in range(11, 16)], 1, list(BROKEN)),
    "an earlier version": ([order_line(n) for n in range(1, 6)], 0, list(BROKEN)),
}
"""A later version of a file, whether it is later, and which rejects it leaves open."""


@pytest.mark.parametrize(("lines", "second", "left"), VERSIONS.values(), ids=VERSIONS)
def test_a_reject_is_closed_by_a_later_version_that_corrects_it(
    lake: LakeDriver, lines: list[str], second: int, left: list[str]
) -> None:
    """By its key, or on its line by what could be read of it, or by the key within a malformed record."""
    first, later = version(list(BROKEN.values()), 1), version(lines, second * 2)
    state = oracle.load([first]).state
    lake.load(first)
    expected = oracle.load([later], state).state
    lake.load(later, as_of=SOME_DAY + timedelta(days=1))
    assert {i: codes for i, (_, codes) in lake.rejects().items()} == {i: r.codes for i, r in expected.rejects.items()}
    rows = lake.rows("SELECT status, line, replayed_by, etag FROM delta_lakehouse.ecommerce_rejects")
    etag = md5(first.content, usedforsecurity=False).hexdigest()
    of_first = {row["line"]: row for row in rows if row["etag"] == etag}
    assert [name for number, name in enumerate(BROKEN, 2) if of_first[number]["status"] == "open"] == left
    assert {row["replayed_by"] for row in of_first.values() if row["status"] != "open"} <= {"run-2"}


def test_a_record_that_is_rejected_again_is_open_once(lake: LakeDriver) -> None:
    """Of three versions of a file the last reject is open; an earlier version that comes again changes nothing."""
    first, second, third = (version([order_line(1, amount=amount)], n) for n, amount in enumerate(("x", "y", "z"), 1))
    for file in (first, second, third, first):
        lake.load(file)
    rows = lake.rows(
        "SELECT status, replayed_by, etag FROM delta_lakehouse.ecommerce_rejects ORDER BY rejected_at, run_id"
    )
    assert [row["status"] for row in rows] == ["superseded", "superseded", "open"]
    assert [row["replayed_by"] for row in rows] == ["run-2", "run-3", None]


def test_a_corrected_reject_stays_closed_when_its_version_comes_again(lake: LakeDriver) -> None:
    """The bytes of before prove nothing about a correction that silver holds."""
    first, later = version([BROKEN["amount"]], 1), version([order_line(1)], 2)
    for file in (first, later, first):
        lake.load(file)
    assert lake.rejects() == {}


def test_a_refused_run_corrects_nothing(lake: LakeDriver) -> None:
    """What is right in a version of which nothing was merged is not in silver."""
    lake.load(version([BROKEN["amount"]], 1))
    bad = [order_line(n, amount="x") for n in range(2, 14)]
    with pytest.raises(RejectRatioExceeded):
        lake.load(version([order_line(1), *bad], 2))
    assert len(lake.rejects()) == 13


def test_a_key_that_looks_like_a_known_one_is_hinted_at(lake: LakeDriver) -> None:
    """Blanks, case, leading zeros and `.0`; parents of before and of this run; nothing is said once no row waits."""
    products = [f"{key},2,Toys,Kite" for key in ("104", "aB-7", "1 5")]
    lake.load(csv_file("products", "products.csv", PRODUCTS + "\n".join(products) + "\n"))
    orders = csv_file("orders", "orders/a.csv", ORDERS + order_line(7) + "\n")
    pairs = [
        ("o7", " 104"),
        ("o7", "00104"),
        ("O7", "AB-7"),
        ("o7", "105"),
        ("o7", "1\t5 "),
        ("o8", "104"),
        ("o7", "104.0"),
    ]
    at = "2025-04-01T10:00:00,2025-04-01"
    lines = [f"i{n},{order},u1,,{product},1,0,{at}" for n, (order, product) in enumerate(pairs)]
    report = lake.load(orders, csv_file("order_items", "order_items/a.csv", ITEMS + "\n".join(lines) + "\n"))
    assert sorted(report.hints) == [
        "clean_orders_items: unknown_order: `O7` is not there, but `o7` is in clean_orders",
        "clean_orders_items: unknown_product: ` 104` is not there, but `104` is in clean_products",
        "clean_orders_items: unknown_product: `00104` is not there, but `104` is in clean_products",
        "clean_orders_items: unknown_product: `104.0` is not there, but `104` is in clean_products",
        "clean_orders_items: unknown_product: `1\\u00095 ` is not there, but `1 5` is in clean_products",
        "clean_orders_items: unknown_product: `AB-7` is not there, but `aB-7` is in clean_products",
    ]
    assert sorted(lake.load().hints) == sorted(report.hints)
    assert lake.load(as_of=SOME_DAY + timedelta(days=8)).hints == []


@pytest.mark.parametrize("quoted", ["Drum", '"Drum"'])
def test_files_that_were_joined_load_without_their_second_header(lake: LakeDriver, quoted: str) -> None:
    """Its line is malformed and names no product; a mark before a key is no part of it, so nobody waits for 104."""
    joined = f"{PRODUCTS}\ufeff104,2,Toys,Kite\n\ufeff{PRODUCTS}1,2,Toys,{quoted}\n"
    order = ORDER.content.decode() + ORDERS + "2,\u00a0o2\u200b,u1\ufeff,2025-04-01T10:00:00,1.00,2025-04-01\n"
    item = ITEMS + "i1,o2,u1,,104,1.0,0,2025-04-01T10:00:00,2025-04-01\n" + ITEMS
    drops = (("products", joined), ("orders", order), ("order_items", item))
    files = [csv_file(name, f"{name}/a.csv", text) for name, text in drops]
    expected = oracle.load(files)
    report = lake.load(*files)
    assert report.rejects == expected.rejects == {"row_malformed": 3}
    assert (counts_of(report), set(lake.silver()["products"])) == (expected.counts, {"104", "1"})
    assert lake.silver()["orders"]["o2"]["user_id"] == "u1"
    same_as_oracle(lake, expected.state)


def test_a_lost_fence_stops_every_commit(lake: LakeDriver) -> None:
    """A run whose lease was taken over writes no data file at all."""

    def lost() -> None:
        raise FenceLost(run_id="run-1", pipeline="ecommerce", holder="run-2")

    with pytest.raises(FenceLost):
        lake.load(PRODUCT, ORDER, ITEM, guard=lost)
    assert lake.data_files() == set()


def test_the_local_date_is_taken_in_the_source_time_zone(tmp_path: Path) -> None:
    """Half past midnight in Berlin is the evening before in UTC, and keeps its local date."""
    text = ORDERS + "1,o1,u1,2025-04-02T00:30:00,1,2025-04-02\n1,o2,u1,2025-03-30T02:30:00,1,2025-03-30\n"
    lake = LakeDriver(tmp_path, zone="Europe/Berlin")
    report = lake.load(csv_file("orders", "orders/a.csv", text))
    assert lake.silver()["orders"]["o1"]["order_timestamp"].isoformat() == "2025-04-01T22:30:00+00:00"
    assert report.rejects == {"timestamp_invalid": 1}
