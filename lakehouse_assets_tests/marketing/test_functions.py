"""The functions of the pull, called as the machine calls them, against a tenant over HTTP."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from lakehouse_assets.affise import watermark
from lakehouse_assets.affise.endpoints import CLICKS
from lakehouse_assets.affise.errors import BudgetSpent
from lakehouse_assets.compute.functions import handler_of
from lakehouse_assets.errors import ApiUnavailable
from lakehouse_assets_tests.affise.tenant import YESTERDAY, ZONE
from lakehouse_assets_tests.marketing.functions import Functions
from lambdas.pullaffiseslices import logic


def test_a_pull_from_its_plan_to_its_manifest(functions: Functions) -> None:
    """24 slices of three kinds and four lists become pages of all datasets, all of this run."""
    planned = functions.plan()
    assert (planned["date_to"], planned["is_sweep"], planned["open_runs"]) == ("inclusive", False, [])
    for name in planned["lists"]:
        functions.call("adstart_update_dimension_tables", list=name, date_to="inclusive", at_once=3)
    done = functions.facts(planned)
    assert (done["items"], done["warnings"]) == (24, [])
    assert functions.case.visible(CLICKS, YESTERDAY) == functions.case.clicks(YESTERDAY)
    datasets = {name for name, _ in functions.named(planned)}
    assert {"clicks", "conversions", "hourly_totals", "offers", "affiliates", "currency_rates"} <= datasets


def test_an_outage_in_the_middle_of_a_slice_leaves_nothing_half(functions: Functions) -> None:
    """The second page of a day of clicks fails: the day is not there; the same call afterwards pulls it whole."""
    one, case = {"endpoint": "clicks", "day": str(YESTERDAY), "since": "2026-03-09T21:00:00+00:00"}, functions.case
    event = {"slice": one, "date_to": "inclusive", "at_once": 3}
    case.simulator.faults.turn_on("server-error:skip=1,times=0,endpoint=stats/clicks")
    with pytest.raises(ApiUnavailable):
        functions.call("PullAffiseSlices", **event)
    assert len(list((case.folder / "bronze/affise/clicks").rglob("*.json.gz"))) == 1
    assert case.visible(CLICKS, YESTERDAY) == []
    case.simulator.faults.turn_off("server-error")
    assert functions.call("PullAffiseSlices", **event)["records"] == 1000
    assert case.visible(CLICKS, YESTERDAY) == case.clicks(YESTERDAY)


def test_the_first_error_of_a_slice_ends_the_others(functions: Functions) -> None:
    """Conversions cannot be had, which come first: of 24 slices no more are asked than go on at once, and one try."""
    planned = functions.plan()
    before = len(functions.case.simulator.requests())
    functions.case.simulator.faults.turn_on("server-error:times=0,endpoint=stats/conversions")
    with pytest.raises(ApiUnavailable):
        functions.facts(planned)
    assert len(functions.case.simulator.requests()) - before <= 2 * 3


def test_a_day_goes_on_where_the_call_before_ended(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time each call takes one page; the token leads from call to call, and the answer has all records."""
    monkeypatch.setattr(logic.pull, "__defaults__", (0.0,))
    one = {"endpoint": "clicks", "day": str(YESTERDAY), "since": "2026-03-09T21:00:00+00:00"}
    event = {"slice": one, "date_to": "inclusive", "at_once": 1}
    first = handler_of("PullAffiseSlices", {})(
        {"run_id": "r", "lake": str(functions.case.folder), "as_of": functions.case.now.isoformat()}
        | {"source_timezone": ZONE}
        | event,
        None,
    )
    assert (first["done"], first["token"], first["records"]) == (False, '{"slice": "day", "is_large": false}', 0)
    assert functions.call("PullAffiseSlices", "r", **event)["records"] == 1000
    assert functions.case.visible(CLICKS, YESTERDAY) == functions.case.clicks(YESTERDAY)
    assert len(functions.case.asked("stats/clicks")) == 2


def test_what_a_run_pulled_that_never_loaded_is_named_by_the_next(functions: Functions) -> None:
    """Counted clicks are not asked again, so the next run loads the dead one's; once silver has them, nobody does."""
    planned = functions.plan("dead")
    functions.facts(planned, "dead")
    functions.case.simulator.clock.advance(hours=5)
    again = functions.plan("run-2")
    assert again["open_runs"] == ["dead"]
    functions.facts(again, "run-2")
    assert {("clicks", "dead"), ("clicks", "run-2"), ("conversions", "run-2")} <= functions.named(again, "run-2")
    functions.call("CommitAffiseWatermark", "run-2", is_sweep=False, open_runs=["dead"])
    assert functions.plan("run-3")["open_runs"] == []


def test_the_watermark_is_the_beginning_of_the_pull_and_notes_a_sweep_that_was_made(functions: Functions) -> None:
    """The first run makes none; the second does, of 62 days and the edge of one, and asks for changes of two days."""
    first, case = functions.plan(), functions.case
    began = case.now
    functions.call("CommitAffiseWatermark", is_sweep=first["is_sweep"], open_runs=[])
    assert watermark.read(case.store) == watermark.Watermark(began, None)
    case.simulator.clock.advance(hours=5)
    second = functions.plan("run-2")
    days = [one["day"] for one in second["slices"] if one["endpoint"] == "conversions"]
    assert (second["is_sweep"], days[0], len(days)) == (True, "2026-01-13", 63)
    assert [one["day"] for one in second["slices"] if one["endpoint"] == "changes"] == ["2026-03-15", "2026-03-16"]
    functions.call("CommitAffiseWatermark", "run-2", is_sweep=True, open_runs=[])
    assert watermark.read(case.store) == watermark.Watermark(began + timedelta(hours=5), began + timedelta(hours=5))
    assert functions.plan("run-3")["is_sweep"] is False


def test_calls_at_once_keep_the_rate_together(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 30 requests a second the 24 slices, of more pages, take as long as all of their requests at that rate."""
    planned = functions.plan()
    monkeypatch.setenv("LAKEHOUSE_AFFISE__RATE", "30")
    before, began = len(functions.case.simulator.requests()), time.monotonic()
    functions.facts(planned)
    seconds, asked = time.monotonic() - began, len(functions.case.simulator.requests()) - before
    assert asked > 40
    assert asked / seconds <= 30


def test_the_calls_of_a_run_have_one_budget(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 requests the plan makes nine or ten, and the slices the rest: no call begins anew with all of them."""
    monkeypatch.setenv("LAKEHOUSE_AFFISE__REQUESTS", "20")
    planned = functions.plan()
    with pytest.raises(BudgetSpent, match=r"the run has made 2[0-2] requests"):
        functions.facts(planned)
    assert len(functions.case.simulator.requests()) <= 22
