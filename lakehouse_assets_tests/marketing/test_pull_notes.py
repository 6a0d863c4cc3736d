"""What a pull has to say to people, and what its calls may ask together where they share no memory."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse_assets.affise.calls import FOLDER, Call
from lakehouse_assets.affise.errors import BudgetSpent
from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.compute.reports import compose
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.affise.tenant import TODAY, ZONE
from lakehouse_assets_tests.marketing.functions import Functions
from lambdas.nameaffisepages.logic import told


def notes(functions: Functions) -> list[str]:
    """What the report of the run says of its pull."""
    return compose(RunFolder(functions.case.store, "marketing", "run-1"), [], [], None).notes


def test_a_runs_report_says_as_of_when_it_is_and_what_it_took(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six was the end of the last hour. Each request counts; the six whole days of clicks have two pages each."""
    monkeypatch.setenv("LAKEHOUSE_AFFISE__TRIES", "4")
    functions.case.simulator.faults.turn_on("too-many-requests:times=3,every=5")
    functions.case.simulator.faults.turn_on("insert-between-pages:times=1")
    planned = functions.plan()
    functions.facts(planned)
    functions.named(planned)
    asked = len(functions.case.simulator.requests())
    (said,) = notes(functions)
    figures = f"requests {asked}, made again 3, slices pulled again until they were counted 6"
    assert said == f"Pulled as of 2026-03-16 06:00 UTC: {figures}"


def test_a_runs_report_names_what_is_forgotten(functions: Functions) -> None:
    """Ten days ago no click is told any more: zero would be a lie."""
    planned, day = functions.plan(), TODAY - timedelta(days=10)
    old = {"endpoint": "clicks", "day": str(day), "since": f"{day}T00:00:00+00:00"}
    functions.call("PullAffiseSlices", slice=old, date_to="inclusive", at_once=1)
    functions.named(planned)
    assert notes(functions)[1:] == ["clicks of 2026-03-06: the API has forgotten 24 hours of them"]


def test_a_runs_report_names_what_could_not_be_counted() -> None:
    """And a pull between two ticks is as of its own moment, as it has the running hour too."""
    warning = "clicks of 2026-03-16 06:00 UTC: the count went from 3 to 4"
    request = RunRequest(as_of=datetime(2026, 3, 16, 6, 20, tzinfo=UTC), pull="intraday")
    lines = told(request, [Call("clicks of 2026-03-16", 5, 0, warnings=(warning,))]).lines
    assert lines == ["Pulled as of 2026-03-16 06:20 UTC: requests 5", warning]


def test_the_notes_of_calls_go_when_silver_has_their_pages(functions: Functions) -> None:
    """What the report says stays in the run's folder."""
    planned = functions.plan()
    functions.named(planned)
    assert functions.case.store.look(FOLDER).keys
    functions.call("CommitAffiseWatermark", is_sweep=False, open_runs=[])
    assert not functions.case.store.look(FOLDER).keys
    assert notes(functions)


def test_calls_that_share_no_memory_have_one_budget(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Lambda: of 20 requests each call has what the ones before have left, also one that has failed."""
    monkeypatch.setenv("LAKEHOUSE_AFFISE__REQUESTS", "20")
    planned = functions.plan()
    pull = handler_of("PullAffiseSlices", {})
    event: dict[str, Any] = {"run_id": "run-1", "lake": str(functions.case.folder), "date_to": "inclusive"}
    event |= {"as_of": functions.case.now.isoformat(), "source_timezone": ZONE, "at_once": 1}
    for one in planned["slices"]:
        with contextlib.suppress(BudgetSpent):
            pull(event | {"slice": one}, None)
    assert len(functions.case.simulator.requests()) == 20
