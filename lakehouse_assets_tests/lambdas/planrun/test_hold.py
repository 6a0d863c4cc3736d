"""PlanRun takes the pipeline for a whole execution, and each tick for one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.core.lease import Holder
from lakehouse_assets.errors import BadRequest, FenceLost, LeaseHeld
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.held import held
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets_tests.graph.conftest import drop_known_files
from lakehouse_assets_tests.machine_run import MachineRun

TICK = "2026-11-26T09:00:00Z"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A landing with a product, two orders and two items, and no lake yet."""
    (tmp_path / "landing").mkdir()
    drop_known_files(tmp_path / "landing")
    return tmp_path


def holder(root: Path) -> Holder | None:
    """Who held the pipeline last."""
    lease = Lease(FolderStore(root / "lake"), "ecommerce")
    return lease._current()  # noqa: SLF001 - what lies in the lake


def test_the_hold_lasts_after_the_plan(root: Path) -> None:
    """The function is over and its process may be too; another run is refused for as long as the machine said."""
    answer = MachineRun(root, "e1").planned()
    found = holder(root)
    assert found is not None
    assert (answer["fence"], found.run_id, found.hold_seconds, found.released_at) == (1, "e1", 3600, None)
    with pytest.raises(LeaseHeld):
        MachineRun(root, "e2").planned()


def test_a_call_that_lambda_repeats_goes_on(root: Path) -> None:
    """The same execution has the same hold and the same tick."""
    answers = [MachineRun(root, "e1", TICK).planned() for _ in range(2)]
    assert [(answer["fence"], answer["already"], answer["has_work"]) for answer in answers] == [(1, "", True)] * 2


@pytest.mark.parametrize("other", ["e2", None])
def test_a_tick_is_done_by_one_run(root: Path, other: str | None) -> None:
    """A second execution of it, and Dagster, hear who has it; the hold of the first goes on."""
    first = MachineRun(root, "e1", TICK)
    fence = first.planned()["fence"]
    second = MachineRun(root, other or "11d3", TICK)
    answer = second.planned()
    assert (answer["has_work"], answer["fence"]) == (False, 0)
    assert answer["already"] == f"already run: {first.arn} has taken the tick of 2026-11-26 09:00 UTC"
    with held(first.event | {"fence": fence}) as check:
        check()


def test_nothing_to_do_gives_the_pipeline_back(tmp_path: Path) -> None:
    """Another run has it at once."""
    (tmp_path / "landing").mkdir()
    first = MachineRun(tmp_path, "e1")
    first.planned()
    for key in ("e2", "e3"):
        assert MachineRun(tmp_path, key).planned()["fence"]


def test_a_plan_that_fails_gives_the_pipeline_back(root: Path) -> None:
    """A date without files is refused, and nobody waits for that run."""
    with pytest.raises(BadRequest, match="nothing was archived"):
        MachineRun(root, "e1").planned(mode="reprocess", date="2025-04-09")
    found = holder(root)
    assert found is not None
    assert found.released_at is not None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"mod": "load"}, "a run cannot be asked `mod`; it can be asked: "),
        ({"mode": "lode"}, "mode is `lode`, allowed is load, replay, reprocess"),
        ({"as_of": "yesterday"}, "as_of is `yesterday`, allowed is a moment such as"),
        ({"window": {"start": "2025-04-01", "end": "2025-04-02"}}, "a run cannot be asked `window`"),
    ],
)
def test_a_typo_in_the_input_is_refused(root: Path, asked: dict[str, Any], words: str) -> None:
    """In one sentence, before anything is held or written."""
    with pytest.raises(BadRequest, match=words):
        MachineRun(root, "e1").planned(**asked)
    assert not (root / "lake").exists()


def test_null_counts_as_not_given(root: Path) -> None:
    """Also for a name that does not exist, as nothing is asked by it."""
    answer = MachineRun(root, "e1").planned(mode=None, as_of=None, date=None)
    assert (answer["mode"], answer["has_work"]) == ("load", True)


@pytest.mark.parametrize(
    ("limits", "engine"),
    [
        ({}, "lambda"),
        ({"small_files": 2}, "glue"),
        ({"small_bytes": 10}, "glue"),
        ({"engine": "glue"}, "glue"),
        ({"engine": "lambda", "small_files": 1}, "lambda"),
    ],
)
def test_a_small_manifest_is_loaded_by_a_function(root: Path, limits: dict[str, Any], engine: str) -> None:
    """Three files are few; a limit, or whoever asks for an engine, decides otherwise."""
    run = MachineRun(root, "e1")
    run.extra = limits
    assert run.planned()["engine"] == engine


def test_who_is_overtaken_may_do_nothing_more(root: Path) -> None:
    """A later run has taken the pipeline after the hold of a stopped one was given back."""
    first = MachineRun(root, "e1")
    fence = first.planned()["fence"]
    assert Lease(FolderStore(root / "lake"), "ecommerce").give_back("e1", fence)
    MachineRun(root, "e2").planned()
    with pytest.raises(FenceLost, match="`e2`"):
        first.loaded()
