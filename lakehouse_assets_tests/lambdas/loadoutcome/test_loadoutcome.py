"""LoadOutcome reads what the load of a run left for later steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse_assets.compute.runs import RunFolder
from lakehouse_assets.compute.storage import FolderStore
from lakehouse_assets.errors import ObjectMissing
from lambdas.loadoutcome.handler import handler

EVENT = json.loads((Path(__file__).parents[2] / "events/loadoutcome.json").read_text("utf-8"))


def test_refused_files_are_named_in_order(tmp_path: Path) -> None:
    """Keys only; the reasons stay in the report."""
    folder = RunFolder(FolderStore(tmp_path), "ecommerce", EVENT["run_id"])
    folder.write("load", {"refused_files": {"orders/b.csv": "no header", "orders/a.csv": "no CSV"}, "tables": {}})
    assert handler(EVENT | {"lake": tmp_path.as_uri()}, None) == {"refused": ["orders/a.csv", "orders/b.csv"]}


def test_a_load_that_did_not_report_is_missed(tmp_path: Path) -> None:
    """The key that should be there is named; a later try may find it."""
    with pytest.raises(ObjectMissing, match=r"runs/ecommerce/2025-04-02-0900/load\.json"):
        handler(EVENT | {"lake": str(tmp_path)}, None)
