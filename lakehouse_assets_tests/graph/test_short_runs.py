"""A short run is a job of its own, on some of a pipeline's steps; the whole pipeline cannot be asked for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.core.request import Window, parse_request
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.errors import BadRequest, ContractInvalid
from lakehouse_assets.graph.alerts import concerns
from lakehouse_assets.graph.pipeline import Pipeline, Schedule
from lakehouse_assets.graph.short_runs import ShortRun, completed, short_run
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import Shop

HOURLY = ShortRun(
    "hourly",
    "Scans only.",
    asks={"pull": "intraday"},
    assets=("bronze/returns_manifest", "bronze/returns_scans", "silver/clean_scans"),
    window_days=2,
    schedule=Schedule("returns_hourly", "*/15 * * * *", "Every quarter of an hour.", is_on=False),
)


@pytest.fixture
def hourly(returns: Pipeline) -> Pipeline:
    """The pipeline of the tests with a short run."""
    return replace(returns, short_runs=(HOURLY,))


def test_its_job_has_the_steps_that_it_names(hourly: Pipeline) -> None:
    """Whole steps, so all that one load writes, and the assertions on that; no gold, no export."""
    definitions = build_definitions(Settings(lake=Path("/lake")), [SHOP, hourly])
    steps = {node.name for node in definitions.resolve_job_def("returns_hourly").graph.nodes}
    assert steps == {"bronze__returns_manifest", "bronze__returns_scans", "returns_silver", "returns_silver_assertions"}
    tags = definitions.resolve_job_def("returns_hourly").tags
    assert tags["lakehouse/pipeline"] == "returns"


def test_an_asset_that_nobody_makes_is_refused(returns: Pipeline) -> None:
    """A name that is written wrong would otherwise leave a step out without a word."""
    short = replace(HOURLY, assets=("silver/scan",))
    with pytest.raises(ContractInvalid, match=r"^contract `returns_hourly`: the pipeline makes no `silver/scan`$"):
        short.selection(returns)


def test_its_schedule_is_off_until_people_switch_it_on(hourly: Pipeline, kept: Shop) -> None:
    """A tick asks for its own days: today and yesterday, where the pipeline is."""
    schedule = build_definitions(Settings(lake=kept.settings.lake), [hourly]).resolve_schedule_def("returns_hourly")
    assert (schedule.default_status, schedule.job_name) == (dg.DefaultScheduleStatus.STOPPED, "returns_hourly")
    now = datetime(2025, 4, 2, 3, 15, tzinfo=UTC)  # 23:15 of the day before in New York
    context = dg.build_schedule_context(instance=kept.instance, scheduled_execution_time=now)
    (request,) = schedule.evaluate_tick(context).run_requests or ()
    days = [request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    assert days == ["2025-03-31", "2025-04-01"]


def test_its_job_fills_in_what_it_asks(hourly: Pipeline) -> None:
    """Whatever was typed; and the same request is refused by every other job, which would do more than that."""
    assert completed(hourly, "returns_hourly", {"pull": "usual", "mode": "load"}) == {
        "pull": "intraday",
        "mode": "load",
    }
    assert completed(hourly, "returns", {"pull": "usual"}) == {"pull": "usual"}
    with pytest.raises(BadRequest, match=r"^pull `intraday` is asked of the job `returns_hourly` only$"):
        completed(hourly, "returns", {"pull": "intraday"})


def test_a_request_is_for_the_short_run_that_it_names(hourly: Pipeline) -> None:
    """It works on its own days, so it takes no window."""
    assert short_run(hourly, parse_request({"pull": "intraday"})) is HOURLY
    assert short_run(hourly, parse_request({"pull": "sweep"})) is None
    week = Window(start=date(2025, 3, 27), end=date(2025, 4, 2))
    assert short_run(hourly, parse_request({"window": week})) is None
    with pytest.raises(BadRequest, match=r"^a run of `returns_hourly` works on its own days and takes no window$"):
        short_run(hourly, parse_request({"pull": "intraday", "window": week}))


def test_people_are_told_of_its_runs_too(hourly: Pipeline) -> None:
    """Its runs are the pipeline's."""
    run = dg.DagsterRun(job_name="returns_hourly")
    assert (concerns(hourly, run), concerns(SHOP, run)) == (True, False)
