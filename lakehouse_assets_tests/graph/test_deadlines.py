"""Days that are due: which they are at a deadline, and what is said of those that did not come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.graph import deadlines
from lakehouse_assets.graph.deadlines import CHECK, Deadline, due, made, overdue, verdict
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.settings import Settings

REPORT = dg.AssetKey(["report", "returns_report"])
TWICE = Deadline("45 9,14 * * *", minutes=45, assets=("report/returns_report",))
FIRST = date(2025, 3, 1)


def moment(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def due_returns(returns: Pipeline) -> Pipeline:
    """The pipeline of the tests, whose report is due twice a day."""
    return replace(returns, deadline=TWICE)


@pytest.mark.parametrize(
    ("now", "at", "last"),
    [
        # New York is four hours behind UTC, five in winter; clocks change on 2025-03-09 at 07:00 UTC.
        ("2025-04-02T13:44:59", "2025-04-01 14:45", "2025-04-01"),
        ("2025-04-02T13:45:01", "2025-04-02 09:45", "2025-04-02"),
        ("2025-04-02T18:45:01", "2025-04-02 14:45", "2025-04-02"),
        ("2025-03-08T14:45:01", "2025-03-08 09:45", "2025-03-08"),
        ("2025-03-09T13:45:01", "2025-03-09 09:45", "2025-03-09"),
        ("2025-11-02T14:45:01", "2025-11-02 09:45", "2025-11-02"),
    ],
)
def test_the_latest_deadline_is_for_the_seven_days_up_to_its_own(now: str, at: str, last: str) -> None:
    """Runs of the last 45 minutes count; also on days of 23 and 25 hours."""
    wanted = due(TWICE, moment(now), "America/New_York", FIRST, 7)
    assert f"{wanted.at:%Y-%m-%d %H:%M}" == at
    assert wanted.at - wanted.since == timedelta(minutes=45)
    end = date.fromisoformat(last)
    assert (wanted.days.start, wanted.days.end) == (max(FIRST, end - timedelta(days=6)), end)


def test_a_day_that_is_missing_and_one_that_is_old_are_named() -> None:
    """Missing is what was never made, old what was made before the deadline's run began."""
    wanted = due(TWICE, moment("2025-03-03T15:00:00"), "America/New_York", FIRST, 7)
    since = moment("2025-03-03T14:00:00")
    seen = {date(2025, 3, 1): since, date(2025, 3, 2): since - timedelta(seconds=1)}
    missing, old = overdue(wanted, seen)
    assert (missing, old) == ([date(2025, 3, 3)], [date(2025, 3, 2)])
    assert verdict(wanted, missing, old) == (
        "2025-03-03 missing by 2025-03-03 09:45 (America/New_York); 2025-03-02 not made again since 09:00"
    )
    assert verdict(wanted, [], []) == "all days up to 2025-03-03 were made since 09:00"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A history in which the report's days of 2025-04-01 and 02 were made just now."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        for day in ("2025-04-01", "2025-04-02"):
            instance.report_runless_asset_event(dg.AssetMaterialization(REPORT, partition=day))
        yield instance


def ask(pipeline: Pipeline, instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    """The check as its job asks it."""
    job = build_definitions(Settings(lake=Path("/lake")), [SHOP, pipeline]).resolve_job_def("returns_deadline")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    (found,) = job.execute_in_process(instance=instance, run_config=quiet).get_asset_check_evaluations()
    return found


def test_the_check_names_the_day_that_did_not_come(
    due_returns: Pipeline, history: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old day that was made just now makes up for nothing, as it would with a policy of the asset."""
    wanted = due(TWICE, moment("2025-04-03T15:00:00"), "America/New_York", date(2025, 4, 1), 7)
    monkeypatch.setattr(deadlines, "due", lambda *_: wanted)
    found = ask(due_returns, history)
    assert (found.passed, found.check_name, found.severity) == (False, CHECK, dg.AssetCheckSeverity.ERROR)
    assert found.description == "2025-04-03 missing by 2025-04-03 09:45 (America/New_York)"
    history.report_runless_asset_event(dg.AssetMaterialization(REPORT, partition="2025-04-03"))
    assert ask(due_returns, history).passed


def test_history_says_when_a_day_was_made(history: dg.DagsterInstance) -> None:
    """The newest materialization of each day; none of a day that has none."""
    wanted = due(TWICE, moment("2025-04-03T15:00:00"), "America/New_York", date(2025, 4, 1), 7)
    found = made(history, REPORT, wanted.days)
    assert sorted(found) == [date(2025, 4, 1), date(2025, 4, 2)]
    assert all(abs(datetime.now(UTC) - moment) < timedelta(minutes=5) for moment in found.values())


def test_a_deadline_has_a_job_a_schedule_and_a_badge_in_the_zone(due_returns: Pipeline) -> None:
    """Its check is no step of the pipeline's own job, as it is asked also when no run begins."""
    definitions = build_definitions(Settings(lake=Path("/lake"), zones={"returns": "Asia/Tokyo"}), [SHOP, due_returns])
    schedule = definitions.resolve_schedule_def("returns_deadline")
    assert (schedule.cron_schedule, schedule.execution_timezone) == (TWICE.cron, "Asia/Tokyo")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert definitions.resolve_asset_graph().get(REPORT).freshness_policy == TWICE.policy("Asia/Tokyo")
    steps = {name: {node.name for node in definitions.resolve_job_def(name).graph.nodes} for name in due_returns.jobs}
    assert steps["returns_deadline"] == {"returns_days_in_time"}
    assert steps["returns_deadline"].isdisjoint(steps["returns"])
