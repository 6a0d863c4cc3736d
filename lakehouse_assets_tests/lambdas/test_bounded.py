"""No function answers more than a state of a machine may carry, however many files, runs and rows there are.

A state holds 256 KiB, and beyond that a machine ends without a word:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.endpoints import CLICKS
from lakehouse_assets.affise.open_runs import OpenRun
from lakehouse_assets.affise.watermark import Watermark
from lakehouse_assets.compute.load_engine import LoadEngine
from lakehouse_assets.compute.reports import LOAD, REFUSED
from lakehouse_assets.core.manifest import FileEntry, Manifest
from lakehouse_assets.core.request import Window, parse_request
from lakehouse_assets.load.report import LoadReport
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.machine_run import MODELS, MachineRun, outcome
from lambdas.acknowledgemodel.handler import handler as acknowledge_model
from lambdas.declaretables.handler import handler as declare_tables
from lambdas.loadoutcome.handler import handler as load_outcome
from lambdas.nameaffisepages.logic import answer as pages_answer
from lambdas.planaffisepull.logic import Plan
from lambdas.planaffisepull.logic import answer as pull_answer

MANY, MOST_BYTES = 20_000, 200 * 1024
AT = datetime(2025, 4, 1, 9, tzinfo=UTC)
LONG = "a-very-long-name-that-somebody-gave-to-an-export-of-orders-of-a-shop-in-a-town-with-a-long-name-too"


def size(answer: dict[str, Any]) -> int:
    """How many bytes a machine carries of an answer."""
    return len(json.dumps(answer).encode())


def key(number: int) -> str:
    """The name of a landed file, of 120 characters."""
    return f"orders/{LONG}-{number:06}.csv"


@pytest.fixture
def run(tmp_path: Path) -> MachineRun:
    """A run that has planned 20,000 files, all of which its load has refused."""
    (tmp_path / "landing").mkdir()
    made = MachineRun(tmp_path, "e1")
    made.planned()
    store = FolderStore(tmp_path / "lake")
    folder = RunFolder(store, "ecommerce", "e1")
    files = tuple(FileEntry("orders", key(number), "0" * 32, 1, AT) for number in range(MANY))
    landing = (tmp_path / "landing").as_uri()
    folder.write("manifest", Manifest("e1", "ecommerce", landing, files, parse_request({"as_of": AT})).to_dict())
    refused = {entry.key: f"`{entry.key}` is refused: no column `order_id`" for entry in files}
    folder.write(REFUSED, {"keys": sorted(refused)})
    folder.keep(LOAD, LoadReport("e1", "duckdb", "load", refused_files=refused))
    made.plan["fence"] = 0  # with nothing in landing the plan has given its hold back
    return made


def test_a_plan_of_many_files_is_small(tmp_path: Path) -> None:
    """Also when as many are nobody's."""
    for folder in ("orders", "strangers"):
        (tmp_path / "landing" / folder).mkdir(parents=True)
        for number in range(MANY // 2):
            (tmp_path / "landing" / key(number).replace("orders/", f"{folder}/", 1)).touch()
    answer = MachineRun(tmp_path, "e1").planned()
    assert answer["files"]["orders"] == MANY // 2
    assert size(answer) < MOST_BYTES // 8


def test_what_a_load_refused_is_a_key_and_a_short_text(run: MachineRun) -> None:
    """Twenty are named, the others counted."""
    answer = load_outcome(run.event, None)
    assert f"and {MANY - 20} more" in answer["refusals"]
    assert size(answer) < MOST_BYTES // 4


def test_an_archive_of_many_files_answers_counts(run: MachineRun) -> None:
    """All of a slice were left, as they are gone; the first of them are named."""
    answer = run.archived()
    assert (answer["left"], answer["done"]) == (500, False)
    assert size(answer) < MOST_BYTES // 8


def test_runs_to_acknowledge_are_named_not_carried(run: MachineRun) -> None:
    """20,000 of them lie in the lake, and the answer counts them."""
    folder = RunFolder(FolderStore(run.root / "lake"), "ecommerce", "e1")
    folder.write("rendered-daily_sales", {"runs": [f"{LONG}-{number}" for number in range(MANY)]})
    about = run.event | {"model": f"gold.{MODELS[0]}", "as_of": AT.isoformat(), "version": None}
    answer = acknowledge_model(about | {"runs": folder.key_of("rendered-daily_sales")}, None)
    assert answer == {"acknowledged": MANY}


def test_a_message_about_many_files_can_be_sent(run: MachineRun) -> None:
    """SNS takes 256 KiB, as a state does."""
    answer = run.recorded()
    assert f"files refused: {MANY}" in answer["subject"]
    assert size(answer) < MOST_BYTES


def test_a_failures_cause_of_any_length_becomes_one_sentence(run: MachineRun) -> None:
    """32,768 characters are the most that a machine hands on."""
    answer = run.recorded({"State": "MERGE", "Error": "States.TaskFailed", "Cause": '{"Query": "' + "S" * 32_000})
    assert size(answer) < MOST_BYTES // 8


def test_judged_checks_are_counted(run: MachineRun) -> None:
    """A hundred checks of one step, each with rows of 40,000 characters."""
    rows = {"sample": ["raw", "x" * 40_000]}
    answer = run.judged(*(outcome("gold.daily_sales freshness", failing=1) | rows for _ in range(100)))
    assert answer == {"warned": 100}


def test_declarations_come_in_answers_of_a_size(tmp_path: Path) -> None:
    """Marketing's tables at once, as in a new lake; what does not fit is due at the next call."""
    event = {"pipeline": "marketing", "lake": str(tmp_path)}
    answer, seen = declare_tables(event, None), set[str]()
    while not answer["done"]:
        assert size(answer) < MOST_BYTES * 3 // 4
        assert seen.isdisjoint(answer["hashes"])
        seen |= answer["hashes"].keys()
        answer = declare_tables(event | {"declared": answer["hashes"]}, None)
    assert "affise_data_fusion.daily_report_sub5_output" in seen


def test_the_longest_pull_is_a_list_that_a_machine_carries() -> None:
    """350 days are the most that a run takes, and 100 runs before it may be open."""
    window = Window(start=date(2025, 1, 1), end=date(2025, 12, 16))
    mark = Watermark(datetime(2025, 10, 1, tzinfo=UTC), None)
    plan = Plan.of(window, datetime(2025, 12, 16, 23, tzinfo=UTC), "Europe/Berlin", mark, CLICKS, pull="sweep")
    opened = [OpenRun(f"marketing-2025-12-16T{number:02}-00-00Z", ()) for number in range(100)]
    assert len(plan.slices) > 1000
    assert size(pull_answer(plan, "inclusive", "2026-03-16T06:30:00+00:00", opened)) < MOST_BYTES


def test_pages_are_counted() -> None:
    """20,000 of them, which lie in bronze."""
    pages = tuple(FileEntry("clicks", key(n), "0" * 32, 1, AT, archived=f"bronze/{key(n)}") for n in range(MANY))
    before = Manifest("r1", "marketing", "landing", (), parse_request({"as_of": AT}))
    named = Manifest("r1", "marketing", "landing", pages, parse_request({"as_of": AT}))
    answer = pages_answer(before, named, "runs/marketing/r1/pulled.json", LoadEngine("auto"))
    assert (answer["pages"], answer["engine"]) == (MANY, "glue")
    assert size(answer) < 1_000
