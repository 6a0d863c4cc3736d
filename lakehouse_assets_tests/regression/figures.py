"""Figures of a scenario on the embedded engine, and `figures.json`, where those of before are kept.

`python -m lakehouse_assets_tests.regression.figures` writes the file anew. That is right only when a change of tables,
counts or codes is what was wanted: the file says what a refactoring must leave as it is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lakehouse_assets_tests.lake import LakeDriver, facts_of
from lakehouse_assets_tests.recorded import recorded_folder
from lakehouse_assets_tests.regression.digest import table_figures
from lakehouse_assets_tests.regression.scenarios import GENERATED, RECORDED, Run

KEPT = Path(__file__).with_name("figures.json")
SILVER = {
    "clean_products": ("product_id", "department_id", "department", "product_name"),
    "clean_orders": ("order_id", "date", "order_timestamp", "user_id", "order_num", "total_amount"),
    "clean_orders_items": (
        "id",
        "order_id",
        "date",
        "order_timestamp",
        "user_id",
        "product_id",
        "days_since_prior_order",
        "add_to_cart_order",
        "reordered",
    ),
}
PROVENANCE = ("_file_time", "_file", "_line")
RECORD = ("dataset", "file", "line", "file_time", "codes", "raw", "fields")
COUNTS = ("read", "retried", "valid", "rejected", "superseded", "pending", "inserted", "updated", "unchanged")
CONTROL = {
    "ecommerce_rejects": (*RECORD, "parsed", "rejected_at", "status", "replayed_at"),
    "ecommerce_pending": (*RECORD, "first_seen"),
    "ecommerce_run_ledger": ("table_name", "kind", "status", "as_of", *COUNTS),
}
TOUCHED = ("table_name", "kind", "touched_dates", "touched_users", "touched_products")
GOLD = {
    "daily_sales": ("date", "department_id", "department", "orders", "buyers", "items", "reorder_rate", "amount"),
    "product_daily": ("date", "product_id", "items", "orders", "reorder_rate", "avg_cart_position"),
    "user_orders": ("user_id", "first_order_at", "last_order_at", "orders", "amount", "avg_days_between_orders"),
}
"""What is compared of each table. Moments of runs are the scenario's own clocks; left out are identifiers of runs, and
etags, because how gzip packs a file differs from one zlib to another."""


def figures(folder: Path, runs: Sequence[Run]) -> dict[str, Any]:
    """What every run answered, and the tables after the last one; gold is brought up to date after each run."""
    lake, answers = LakeDriver(folder), []
    for run in runs:
        report = lake.load(*run.files, as_of=run.as_of, max_reject_ratio=1.0)
        gold = {name: lake.gold(name, run.as_of) for name in GOLD}
        answers.append(facts_of(report))
    stored = {f"delta_lakehouse.{name}": [*columns, *PROVENANCE] for name, columns in SILVER.items()}
    stored |= {f"delta_lakehouse.{name}": list(columns) for name, columns in CONTROL.items()}
    rows = {name: lake.rows(f"SELECT * FROM {name}") for name in stored}
    # Rows about models came after the figures were written.
    ledger = [row for row in rows["delta_lakehouse.ecommerce_run_ledger"] if row["kind"] != "model"]
    rows["delta_lakehouse.ecommerce_run_ledger"] = ledger
    tables = {name: table_figures(rows[name], columns) for name, columns in stored.items()}
    tables |= {f"ecommerce_gold.{name}": table_figures(held, GOLD[name]) for name, held in gold.items()}
    codes = {"open_rejects": lake.rejects(), "pending": lake.pending()}
    return {
        "runs": answers,
        **{name: counted(rows) for name, rows in codes.items()},
        "tables": tables,
        "touched": table_figures(ledger, TOUCHED),
    }


def counted(rows: dict[Any, tuple[str, tuple[str, ...]]]) -> dict[str, int]:
    """How many of the rows carry each code."""
    return dict(sorted(Counter(code for _, codes in rows.values() for code in codes).items()))


def kept() -> dict[str, Any]:
    """The figures of before, by scenario."""
    found: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))
    return found


def readable(found: dict[str, Any]) -> str:
    """JSON with every innermost object on a line of its own, so that a difference is seen at a glance."""
    text = json.dumps(found, indent=1)
    return re.sub(r"\{[^{}]*\}", lambda match: " ".join(match.group().split()), text) + "\n"


def main() -> None:
    """Write the figures of every scenario; the recorded data must be there."""
    found = {}
    with TemporaryDirectory() as root:
        for name, make in {**RECORDED, **GENERATED}.items():
            folder = Path(root) / name.replace(" ", "-")
            source = recorded_folder() if name in RECORDED else folder / "drops"
            found[name] = figures(folder, make(source))
    KEPT.write_text(readable(found), "utf-8")


if __name__ == "__main__":
    main()
