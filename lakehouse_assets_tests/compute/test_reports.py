"""The run report is composed of what the steps left, and every report is read as it was kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.compute.reports import (
    ArchiveReport,
    ArchiveSlice,
    Failure,
    Left,
    ModelCounts,
    ModelReport,
    PlanReport,
    RunReport,
    compose,
)
from lakehouse_assets.load.report import Counts, LoadCheck, LoadReport, TableReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder

PLAN = PlanReport(run_id="r1", manifest="m", as_of="2025-04-02T09:00:00+00:00", mode="load", files={"orders": 2})
LOAD = LoadReport(
    "r1",
    "duckdb",
    "load",
    tables={
        "clean_orders": TableReport(Counts(read=9, valid=4, rejected=5), Counter(b=2, a=2, c=1), Counter(odd=1)),
        "clean_items": TableReport(Counts(read=1, rejected=1), Counter(c=4), added_bytes=7, seconds=0.5),
    },
    refused_files={"orders/b.csv": "`b` is refused", "orders/a.csv": "`a` is refused"},
    checks=[LoadCheck("clean_orders", "odd_days", "warn", 1, [{"n": "1", "x": None}], "SELECT 1")],
    seconds=1.5,
)
MODEL = ModelReport(inserted=1, updated=2, rows=3, acknowledged=("r0", "r1"), preview=[{"n": 1}], seconds=0.25)
ARCHIVE = ArchiveReport({"": ArchiveSlice(2, 20), "orders/c.csv": ArchiveSlice(1, 3, (Left("orders/d.csv", "gone"),))})
FAILURE = Failure("load", "FenceLost", "somebody else")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run whose steps reported nothing yet."""
    return RunFolder(FolderStore(tmp_path), "ecommerce", "r1")


def composed(folder: RunFolder, failure: Failure | None = None, **pieces: object) -> RunReport:
    """The report of a run whose steps left these pieces; silver is orders and items, gold is sales."""
    for name, report in pieces.items():
        folder.keep(name.replace("__", "-"), report)
    return compose(folder, ["clean_orders", "clean_items"], ["sales"], failure)


@pytest.mark.parametrize(
    ("pieces", "failure", "status"),
    [
        ({}, None, "nothing_to_do"),
        ({"plan": replace(PLAN, has_work=False)}, None, "nothing_to_do"),
        ({"plan": PLAN}, None, "succeeded"),
        ({"gold__sales": MODEL}, None, "succeeded"),
        ({"plan": replace(PLAN, has_work=False), "gold__sales": MODEL}, None, "succeeded"),
        ({"plan": PLAN, "load": LOAD, "archive": ARCHIVE}, FAILURE, "failed"),
        ({}, FAILURE, "failed"),
    ],
)
def test_the_status_follows_from_the_pieces(
    folder: RunFolder, pieces: dict[str, object], failure: Failure | None, status: str
) -> None:
    """A failure is one whatever was done; otherwise planned work, or a table that was built, is a success."""
    assert composed(folder, failure, **pieces).status == status


def test_a_run_without_pieces_has_a_zero_for_everything(folder: RunFolder) -> None:
    """Readers find every table and every list."""
    found = composed(folder)
    assert found.tables == {"clean_orders": Counts(), "clean_items": Counts()}
    assert (found.rejects, found.warnings, found.refused_files, found.refusals, found.skipped_files) == (
        {},
        {},
        [],
        {},
        [],
    )
    assert (found.waiting, found.extra_columns, found.gold, found.timings) == (0, {}, {"sales": None}, {"load": 0.0})
    assert (found.archived, found.left, found.failure) == (0, (), None)


def test_codes_of_all_tables_are_counted_most_frequent_first(folder: RunFolder) -> None:
    """Five of c in two tables, then a and b in the order of the alphabet."""
    found = composed(folder, load=LOAD)
    assert list(found.rejects.items()) == [("c", 5), ("a", 2), ("b", 2)]
    assert found.warnings == {"odd": 1}
    assert found.tables["clean_orders"] == Counts(read=9, valid=4, rejected=5)


def test_files_models_and_times_are_taken_over(folder: RunFolder) -> None:
    """Refused files in order with why, counts of what was built, three files moved in two slices, seconds by step."""
    found = composed(folder, plan=replace(PLAN, pending=4), load=LOAD, archive=ARCHIVE, gold__sales=MODEL)
    assert (found.refused_files, found.refusals) == (["orders/a.csv", "orders/b.csv"], LOAD.refused_files)
    assert found.gold == {"sales": ModelCounts(inserted=1, updated=2, deleted=0, rows=3)}
    assert (found.archived, found.left, found.waiting) == (3, (Left("orders/d.csv", "gone"),), 4)
    assert found.timings == {"load": 1.5, "sales": 0.25}


@pytest.mark.parametrize("report", [PLAN, LOAD, MODEL, ARCHIVE, FAILURE], ids=lambda report: type(report).__name__)
def test_a_report_is_read_as_it_was_kept(folder: RunFolder, report: Any) -> None:
    """Types, codes as counters, tuples and missing values come back; a step that has not reported has none."""
    assert folder.report("piece", type(report)) is None
    folder.keep("piece", report)
    assert folder.report("piece", type(report)) == report


def test_a_failure_that_was_cleared_is_none(folder: RunFolder) -> None:
    """A step that went well at its second try leaves an empty piece."""
    folder.write("failure", {})
    assert folder.report("failure", Failure) is None
