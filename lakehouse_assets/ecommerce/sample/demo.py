"""Make the demo's drops: five clean days and a handful of realistic hand-made rows, each with its known fate.

This module holds the hand-made rows and what a load makes of them; `clean` makes the clean days, `write` the files.
Keys from 900001 on are hand-made, those below are generated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lakehouse_assets.ecommerce.sample.spec import TABLES, Expectation, SampleSpec, TableAnswer
from lakehouse_assets.ecommerce.sample.write import File, make_files

DEMO = SampleSpec(days=5, orders_per_day=500)
DAY = "2025-04-03"
"""The hand-made orders and items are added to the drop of this day."""

Fate = Literal["valid", "rejected", "superseded", "pending"]


@dataclass(frozen=True)
class HandMade:
    """Hold one record as it stands in its file, its fate, the codes behind it, and its cents in the orders' total."""

    record: str
    fate: Fate
    codes: tuple[str, ...] = ()
    cents: int = 0


PRODUCTS = (
    HandMade(",5,Sports,Product_without_number", "rejected", ("product_id_missing",)),
    HandMade("900001,5,Sports, ", "rejected", ("product_name_missing",)),
    HandMade("900002,5,Sports", "rejected", ("row_malformed",)),
    HandMade('900003,5,Outdoor,"Tent ""Fjäll"", 2 persons\nwith pegs"', "valid", ("department_ambiguous",)),
    HandMade("900004,,,Gift card", "valid"),
)

ORDERS = (
    HandMade(f"1,,5001,{DAY}T10:00:00,19.90,{DAY}", "rejected", ("order_id_missing",)),
    HandMade(f"2,900002,,{DAY}T10:01:00,19.90,{DAY}", "rejected", ("user_id_missing",)),
    HandMade(f"3,900003,5003,{DAY}T10:02:00,19.90,", "rejected", ("date_missing",)),
    HandMade(f"4,900004,5004,{DAY}T25:00:00,19.90,{DAY}", "rejected", ("timestamp_invalid",)),
    HandMade(f"5,900005,5005,{DAY}T10:04:00,19.90,03.04.2025", "rejected", ("date_invalid",)),
    HandMade(f"6,900006,5006,{DAY}T10:05:00,19.90,2025-04-02", "rejected", ("date_mismatch",)),
    HandMade(f"7,900007,5007,{DAY}T10:06:00,19.905,{DAY}", "rejected", ("amount_invalid",)),
    HandMade(f'8,900008,"5008"x,{DAY}T10:07:00,19.90,{DAY}', "rejected", ("row_malformed",)),
    HandMade(f"9,900009,5009,{DAY}T10:08:00,-15,{DAY}", "valid", ("amount_not_positive",), -1_500),
    HandMade(f"10,900010,5010,{DAY} 09:30,24.5,{DAY}", "valid", (), 2_450),
    HandMade(f"10,900010,5010,{DAY}T08:00:00Z,99.99,{DAY}", "superseded"),
    HandMade(f'11,"900011",5011,{DAY}T23:59:59.999+00:00,12.34,{DAY}', "valid", (), 1_234),
)

ITEMS = (
    HandMade(f",900010,5010,1,1,1,0,{DAY}T09:30:00,{DAY}", "rejected", ("item_id_missing",)),
    HandMade(f"900002,,5010,1,1,1,0,{DAY}T09:30:00,{DAY}", "rejected", ("order_id_missing",)),
    HandMade(f"900003,900010,,1,1,1,0,{DAY}T09:30:00,{DAY}", "rejected", ("user_id_missing",)),
    HandMade(f"900004,900010,5010,1,,1,0,{DAY}T09:30:00,{DAY}", "rejected", ("product_id_missing",)),
    HandMade(f"900005,900010,5010,1,1,1,0,{DAY}T09:30:00,", "rejected", ("date_missing",)),
    HandMade(f"900006,900010,5010,1,1,1,0,soon,{DAY}", "rejected", ("timestamp_invalid",)),
    HandMade(f"900007,900010,5010,1,1,1,0,{DAY}T09:30:00,2025-04-31", "rejected", ("date_invalid",)),
    HandMade(f"900008,900010,5010,1,1,1,0,{DAY}T09:30:00,2025-04-04", "rejected", ("date_mismatch",)),
    HandMade(f"900009,900010,5010,1,1,0,0,{DAY}T09:30:00,{DAY}", "rejected", ("cart_position_invalid",)),
    HandMade(f"900010,900010,5010,1,1,1,maybe,{DAY}T09:30:00,{DAY}", "rejected", ("reordered_invalid",)),
    HandMade(f"900011,900010,5010,-1,1,1,0,{DAY}T09:30:00,{DAY}", "rejected", ("days_invalid",)),
    HandMade(f"900012,900010,5010,1,1,1,0,{DAY}T09:30:00,{DAY},?", "rejected", ("row_malformed",)),
    HandMade(
        f"900013,900010,5010,1.5,1,first,0,{DAY}T09:30:00,{DAY}", "rejected", ("cart_position_invalid", "days_invalid")
    ),
    HandMade(f"900014,900007,5007,1,1,1,0,{DAY}T10:06:00,{DAY}", "pending", ("unknown_order",)),
    HandMade(f"900015,900010,5010,1,900099,1,0,{DAY}T09:30:00,{DAY}", "pending", ("unknown_product",)),
    HandMade(f"900016,900099,5010,1,900099,1,0,{DAY}T09:30:00,{DAY}", "pending", ("unknown_order", "unknown_product")),
    HandMade(f"900017,900010,5010,,900003,,,{DAY} 09:30,{DAY}", "valid"),
    HandMade(f"900018,900010,5010,3,900004,2,TRUE,{DAY} 09:30,{DAY}", "valid"),
    HandMade(f"900018,900010,5010,3,900004,2,False,{DAY}T08:00:00Z,{DAY}", "superseded"),
)

ADDED = {
    "products.csv": ("products", PRODUCTS),
    f"orders/{DAY}.csv": ("orders", ORDERS),
    f"order_items/{DAY}.csv": ("order_items", ITEMS),
}

UNREADABLE = "orders/2025-04-05-export.csv"
"""This file is an export of the wrong report: it lacks `order_id`, so the file is refused as a whole."""


def make_demo_files() -> Iterator[File]:
    """Yield the clean days with the hand-made records at the end of three files, then the unreadable file."""
    for key, content, expectation in make_files(DEMO):
        dataset, rows = ADDED.get(key, ("", ()))
        added = "".join(f"{row.record}\n" for row in rows).encode()
        yield key, content + added, expectation + _answer(dataset, rows) if rows else expectation
    header = b"order_num,customer,order_timestamp,total_amount,date\n"
    yield (
        UNREADABLE,
        header + b"1,5001,2025-04-05T10:00:00,19.90,2025-04-05\n",
        Expectation(refused_files=(UNREADABLE,)),
    )


def _answer(dataset: str, rows: tuple[HandMade, ...]) -> Expectation:
    fates = Counter[str](row.fate for row in rows)
    codes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        codes[row.fate].update(row.codes)
    return Expectation(
        tables={TABLES[dataset]: TableAnswer(read=len(rows), **fates)},
        rejects=codes["rejected"],
        pending=codes["pending"],
        warnings=codes["valid"],
        amount_cents=sum(row.cents for row in rows),
    )
