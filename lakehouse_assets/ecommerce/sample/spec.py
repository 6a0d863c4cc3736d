"""Define what a sample is asked for and what a load of it must answer, as plain values without files or numpy.

This module holds `SampleSpec`, `TableAnswer` and `Expectation`; `clean` and `dirt` make rows, `write` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lakehouse_assets.errors import BadRequest

TABLES = {"products": "clean_products", "orders": "clean_orders", "order_items": "clean_orders_items"}
"""Each landing dataset is mapped to the silver table that it fills."""

FIRST_YEAR, LAST_YEAR = 1000, 9998
"""Every day of these years can be shifted by a day and its year still be written with four digits."""


def _asked(default: Any, words: str) -> Any:  # noqa: ANN401 - a field of any type
    """Declare a field that `lakehouse sample` has an option for, with the option's help text."""
    return field(default=default, metadata={"help": words})


@dataclass(frozen=True)
class SampleSpec:
    """Say how large and how dirty a sample is; equal specs give byte-identical files.

    Attributes:
        days: number of daily drops; the first N drops of a longer sample are those of a shorter one.
        orders_per_day: orders of one day at scale 1.
        items_per_order: mean; the number of one order is uniform from 1 to twice the mean less one.
        products: rows of the catalogue.
        start: date of the first drop, or of the first one before it that is left out.
        first: how many days are left out, as an earlier sample has them; keys go on after theirs.
        scale: multiplies orders and items of a day by fresh keys; the number of files stays.
        bad_ratio: share of rows, per file, that break one row rule (above 5 % a load refuses them by default).
        duplicate_ratio: share of rows, per file, that come a second time, half as exact copies, half as older versions.
        quoted_ratio: share of fields that come quoted.
        gzip: compress the daily files.
        seed: start of every random stream.

    Raises:
        BadRequest: a number is out of range.
    """

    days: int = _asked(5, "Daily drops.")
    orders_per_day: int = _asked(500, "Orders of one day at scale 1.")
    items_per_order: float = 5.5
    products: int = 1000
    start: date = _asked(date(2025, 4, 1), "Day of the first drop, or `today`: then the last one is of today (UTC).")  # noqa: RUF009 - a date is never changed
    first: int = 0
    scale: int = _asked(1, "Multiplies the orders of a day; the number of files stays.")
    bad_ratio: float = _asked(0.0, "Share of rows that break one rule.")
    duplicate_ratio: float = _asked(0.0, "Share of rows that come a second time.")
    quoted_ratio: float = _asked(0.0, "Share of fields that come quoted.")
    gzip: bool = _asked(default=False, words="Compress the daily files.")
    seed: int = _asked(7, "Equal options and seed give equal files.")

    def __post_init__(self) -> None:
        for problem, wrong in self._problems().items():
            if wrong:
                raise BadRequest(message=f"a sample cannot be made: {problem}")

    def _problems(self) -> dict[str, bool]:
        counts = (self.days, self.orders_per_day, self.products, self.scale)
        ratios = (self.bad_ratio, self.duplicate_ratio, self.quoted_ratio)
        last_year = self.start.year + (self.first + self.days) // 365 + 1
        return {
            "days, orders per day, products and scale must be 1 or more": min(counts) < 1,
            "items per order must be 1 or more": not self.items_per_order >= 1,
            "ratios must lie between 0 and 1": not all(0 <= ratio <= 1 for ratio in ratios),
            "bad rows and duplicates together must not exceed all rows": self.bad_ratio + self.duplicate_ratio > 1,
            "seed must be 0 or more": self.seed < 0,
            "the days left out must be 0 or more": self.first < 0,
            f"days must lie in the years {FIRST_YEAR} to {LAST_YEAR}": not (
                self.start.year > FIRST_YEAR and last_year <= LAST_YEAR
            ),
        }


@dataclass(frozen=True)
class TableAnswer:
    """Count one silver table's rows by fate in a first load into an empty lake; silver then holds the `valid` ones."""

    read: int = 0
    valid: int = 0
    rejected: int = 0
    superseded: int = 0
    pending: int = 0

    def __add__(self, other: TableAnswer) -> TableAnswer:
        mine, others = asdict(self), asdict(other)
        return TableAnswer(**{name: mine[name] + others[name] for name in mine})


@dataclass(frozen=True)
class Expectation:
    """Hold the known answer to a first load, in UTC, of the files that it belongs to; the answers of two files add up.

    Attributes:
        tables: silver table -> rows by fate.
        rejects: rejecting rule code -> rows.
        pending: reference rule code -> rows.
        warnings: warning code -> rows, for `department_ambiguous` department ids.
        refused_files: landing keys that are no CSV of their dataset; their rows are not in `read`.
        amount_cents: sum of the amounts in clean_orders.
    """

    tables: Mapping[str, TableAnswer] = field(default_factory=dict)
    rejects: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    refused_files: tuple[str, ...] = ()
    amount_cents: int = 0

    def __add__(self, other: Expectation) -> Expectation:
        return Expectation(
            tables={
                name: self.tables.get(name, TableAnswer()) + other.tables.get(name, TableAnswer())
                for name in TABLES.values()
            },
            rejects=_sum(self.rejects, other.rejects),
            pending=_sum(self.pending, other.pending),
            warnings=_sum(self.warnings, other.warnings),
            refused_files=self.refused_files + other.refused_files,
            amount_cents=self.amount_cents + other.amount_cents,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer ready for JSON; codes without rows are left out, the amount is text with two decimals."""
        return {
            "tables": {name: asdict(answer) for name, answer in self.tables.items()},
            "rejects": dict(self.rejects),
            "pending": dict(self.pending),
            "warnings": dict(self.warnings),
            "refused_files": list(self.refused_files),
            "totals": {
                "orders_amount": f"{Decimal(self.amount_cents) / 100:.2f}",
                "items": self.tables[TABLES["order_items"]].valid,
            },
        }


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    sums = {code: left.get(code, 0) + right.get(code, 0) for code in sorted({*left, *right})}
    return {code: count for code, count in sums.items() if count}
