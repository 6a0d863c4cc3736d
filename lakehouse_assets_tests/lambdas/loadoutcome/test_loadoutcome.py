"""LoadOutcome reads what the load of a run left for later steps."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.reports import LOAD
from lakehouse_assets.errors import ObjectMissing
from lakehouse_assets.load.report import Counts, LoadCheck, LoadReport, TableReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder
from lambdas.loadoutcome.handler import handler

EVENT = json.loads((Path(__file__).parents[2] / "events/loadoutcome.json").read_text("utf-8"))


def left(root: Path, **parts: Any) -> dict[str, Any]:
    """The function's answer when the run's load reported this."""
    report = LoadReport(EVENT["run_id"], "spark", "load", **parts)
    RunFolder(FolderStore(root), "ecommerce", EVENT["run_id"]).keep(LOAD, report)
    return handler(EVENT | {"lake": root.as_uri()}, None)


def ambiguous(failing: int) -> LoadCheck:
    """The load's own check of products, with so many failing rows."""
    return LoadCheck("clean_products", "department_ambiguous", "warn", failing)


def test_a_clean_load_leaves_nothing_to_tell(tmp_path: Path) -> None:
    """No refused file and every check passed: nothing is told."""
    assert left(tmp_path, tables={"clean_orders": TableReport()}, checks=[ambiguous(0)]) == {
        "refused": "",
        "refusals": "",
        "warnings": "",
    }


def test_refused_files_are_named_in_order(tmp_path: Path) -> None:
    """Where their list is for the archive, reasons for people."""
    answer = left(tmp_path, refused_files={"orders/b.csv": "`b` is refused", "orders/a.csv": "`a` is refused"})
    assert answer["refused"] == "runs/ecommerce/2025-04-02-0900/refused.json"
    assert answer["refusals"] == "- `a` is refused\n- `b` is refused"


def test_checks_of_the_load_are_told(tmp_path: Path) -> None:
    """Rejects by code, rows that warn, and set rules, each in one line with what its rule says."""
    codes = Counter(date_missing=1, amount_invalid=2)
    orders = TableReport(Counts(read=3, rejected=3), codes, Counter(amount_not_positive=4))
    lines = left(tmp_path, tables={"clean_orders": orders}, checks=[ambiguous(1)])["warnings"].splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "- WARN clean_orders.amount_not_positive",
        "- WARN clean_orders.rejects",
        "- WARN clean_products.department_ambiguous",
    ]
    assert lines[1].endswith(": rejected 3, by code: amount_invalid 2, date_missing 1")
    assert "rows 4: " in lines[0]


def test_a_message_stays_small(tmp_path: Path) -> None:
    """However many files were refused, so many are named and the rest is counted."""
    answer = left(tmp_path, refused_files={f"orders/{i:03}.csv": "x" * 5000 for i in range(10_000)})
    assert answer["refusals"].splitlines()[-1] == "- and 9980 more"
    assert len(json.dumps(answer)) < 25_000


def test_a_load_that_did_not_report_is_missed(tmp_path: Path) -> None:
    """The key that should be there is named; a later try may find it."""
    with pytest.raises(ObjectMissing, match=r"runs/ecommerce/2025-04-02-0900/load\.json"):
        handler(EVENT | {"lake": str(tmp_path)}, None)
