"""Make rows dirty and count what a load must make of them; the counts come from the making, never from a validator.

This module holds bad values per rule code, repeated rows, quoting and the answer; `clean` makes the clean rows and
`write` the files.
A bad row breaks exactly one rule and is neither repeated nor quoted, so every row has one fate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse_assets.ecommerce.sample.clean import Columns, Ints
from lakehouse_assets.ecommerce.sample.spec import TABLES, Expectation, SampleSpec, TableAnswer

Flags = npt.NDArray[np.bool_]

WARNING = "amount_not_positive"
REFUND_CENTS = -1_250
CLEAN = -1
REFERENCES = {"unknown_order": "order_id", "unknown_product": "product_id"}
"""Each reference code is mapped to the column that names the missing parent."""

MALFORMED = ("1,one field too many", '"1"x', '"1 " ')
BLANKS = ("", " ", "\t", "\u00a0")
MOMENTS = ("", "yesterday", "2025-02-30T10:00:00", "2025-04-01T24:00:00", "2025-04-01T10:61", "1743500000")
DATES = ("01.04.2025", "2025-13-01", "2025-4-1", "n/a")


@dataclass(frozen=True)
class Flaw:
    """Describe one way to break one rule: the column takes these values, in turn."""

    code: str
    column: str
    values: tuple[str, ...]


def flaws_of(dataset: str, day_before: str) -> tuple[Flaw, ...]:
    """Return every row rule of a dataset with values that break only this rule; `day_before` serves as a wrong date."""
    dated = (
        Flaw("order_id_missing", "order_id", BLANKS),
        Flaw("user_id_missing", "user_id", BLANKS),
        Flaw("date_missing", "date", BLANKS),
        Flaw("timestamp_invalid", "order_timestamp", MOMENTS),
        Flaw("date_invalid", "date", DATES),
        Flaw("date_mismatch", "date", (day_before,)),
        Flaw("row_malformed", "date", MALFORMED),
    )
    return {
        "products": (
            Flaw("product_id_missing", "product_id", BLANKS),
            Flaw("product_name_missing", "product_name", BLANKS),
            Flaw("row_malformed", "product_name", MALFORMED),
        ),
        "orders": (
            *dated,
            Flaw("amount_invalid", "total_amount", ("", "free", "12.345", "1e3", "10000000000000000", "1;5")),
            Flaw(WARNING, "total_amount", (f"{REFUND_CENTS / 100:.2f}",)),
        ),
        "order_items": (
            *dated,
            Flaw("item_id_missing", "id", BLANKS),
            Flaw("product_id_missing", "product_id", BLANKS),
            Flaw("cart_position_invalid", "add_to_cart_order", ("0", "-1", "1.5", "first", "2147483648")),
            Flaw("reordered_invalid", "reordered", ("2", "yes", "-")),
            Flaw("days_invalid", "days_since_prior_order", ("-1", "2.5", "many", "2147483648")),
        ),
    }[dataset]


@dataclass(frozen=True)
class Plan:
    """Hold what happens to each clean row of one file.

    Attributes:
        dataset: landing dataset of the file.
        flaws: the rules that `flaw` numbers.
        flaw: per clean row the flaw it gets, or CLEAN.
        repeated: per clean row, whether it comes twice.
        quoted_ratio: share of fields that come quoted.
        rng: the file's own random stream.
    """

    dataset: str
    flaws: tuple[Flaw, ...]
    flaw: Ints
    repeated: Flags
    quoted_ratio: float
    rng: np.random.Generator

    @property
    def lost(self) -> Flags:
        """Flag the clean rows that a load rejects, so that their keys stay unknown to the rows that refer to them."""
        rejecting = np.array([flaw.code != WARNING for flaw in self.flaws] + [False])
        flags: Flags = rejecting[self.flaw]
        return flags

    def names(self, column: str) -> Flags:
        """Flag the clean rows whose value in this column can still be read after their flaw is applied."""
        readable = [flaw.code != "row_malformed" and flaw.column != column for flaw in self.flaws]
        flags: Flags = np.array([*readable, True])[self.flaw]
        return flags


def make_plan(spec: SampleSpec, dataset: str, rows: int, day: int) -> Plan:
    """Choose the rows of one file; flaws go round, each day starting where the day before ended."""
    rng = np.random.default_rng([spec.seed, day + 1, 2 + list(TABLES).index(dataset)])
    flaws = flaws_of(dataset, (spec.start + timedelta(days=day - 1)).isoformat())
    order = rng.permutation(rows)
    bad, copies = round(rows * spec.bad_ratio), round(rows * spec.duplicate_ratio)
    flaw = np.full(rows, CLEAN, dtype=np.int64)
    flaw[order[:bad]] = (np.arange(bad) + day * bad) % len(flaws)
    repeated = np.zeros(rows, dtype=np.bool_)
    repeated[order[bad : bad + copies]] = True
    return Plan(dataset, flaws, flaw, repeated, spec.quoted_ratio, rng)


def repeat(columns: Columns, plan: Plan) -> tuple[Columns, Ints, Flags]:
    """Put each repeated row after itself; return the columns, the clean row of each row, and which rows are second."""
    source = np.repeat(np.arange(len(plan.flaw)), 1 + plan.repeated)
    second = np.append(False, source[1:] == source[:-1])
    return {name: column.take(pa.array(source)) for name, column in columns.items()}, source, second


def soil(columns: Columns, plan: Plan, source: Ints) -> Columns:
    """Put bad values into bad rows, then quote a share of the fields of the others."""
    flaw = plan.flaw[source]
    spoilt = _spoil(columns, flaw, plan.flaws)
    return _quote(spoilt, flaw == CLEAN, plan) if plan.quoted_ratio else spoilt


def put(column: Any, rows: Flags, values: Any) -> Any:  # noqa: ANN401 - Arrow arrays
    """Return the column with `values` in the flagged rows, in order."""
    return pc.replace_with_mask(column, pa.array(rows), values)


def answer(plan: Plan, source: Ints, loses: Flags, orphans: Mapping[str, Flags]) -> Expectation:
    """Return what a first load makes of one file.

    Args:
        plan: what happens to each clean row of the file.
        source: position of the clean row, per row of the file.
        loses: per row, whether another row of the same key wins.
        orphans: reference code -> per clean row, whether that parent is rejected.
    """
    flaw, rejected = plan.flaw[source], plan.lost[source]
    waiting = {code: flags[source] & ~rejected for code, flags in orphans.items()}
    pending = np.logical_or.reduce([np.zeros(len(flaw), dtype=np.bool_), *waiting.values()])
    counts = [int(flags.sum()) for flags in (rejected, loses & ~pending, pending)]
    by_code = Counter({kind.code: int((flaw == number).sum()) for number, kind in enumerate(plan.flaws)})
    for code, flags in orphans.items():
        by_code[code] = int((flags[source] & rejected & plan.names(REFERENCES[code])[source]).sum())
    refunds = by_code.pop(WARNING, 0)
    table = TableAnswer(len(flaw), len(flaw) - sum(counts), *counts)
    return Expectation(
        tables={TABLES[plan.dataset]: table},
        rejects=by_code,
        pending={code: int(flags.sum()) for code, flags in waiting.items()},
        warnings={WARNING: refunds},
    )


def _spoil(columns: Columns, flaw: Ints, flaws: tuple[Flaw, ...]) -> Columns:
    spoilt = dict(columns)
    for number, kind in enumerate(flaws):
        rows = flaw == number
        values = pa.array(np.resize(np.array(kind.values, dtype=object), int(rows.sum())), pa.string())
        spoilt[kind.column] = put(spoilt[kind.column], rows, values)
    return spoilt


def _quote(columns: Columns, clean: Flags, plan: Plan) -> Columns:
    quoted = dict(columns)
    for name, column in columns.items():
        rows = (plan.rng.random(len(column)) < plan.quoted_ratio) & clean
        values = column.filter(pa.array(rows))
        values = _decorate(values) if name == "product_name" else values
        doubled = pc.replace_substring(values, '"', '""')
        quoted[name] = put(column, rows, pc.binary_join_element_wise('"', doubled, '"', ""))
    return quoted


def _decorate(names: Any) -> Any:  # noqa: ANN401 - Arrow arrays
    endings = (', "large"', ", blue", '\n2nd "line"', " plain")
    return pa.array([f"{name}{endings[n % len(endings)]}" for n, name in enumerate(names.to_pylist())], pa.string())
