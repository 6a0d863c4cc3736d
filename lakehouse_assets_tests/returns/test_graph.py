"""The pipeline is a Dagster job beside e-commerce in one code location."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from lakehouse_assets_tests.graph.conftest import IMPLICIT, drop_known_files
from lakehouse_assets_tests.returns import known
from lakehouse_assets_tests.returns.installation import QUIET, Graph, range_of, steps

NEW_YORK = ZoneInfo("America/New_York")
KEYS = {
    "landing/returns", "landing/scans", "bronze/returns_manifest", "bronze/returns_scans", "silver/clean_returns",
    "silver/clean_scans", "reference/countries", "gold/daily_returns", "gold/region_returns", "report/returns_report",
    "archive/returns_files",
}  # fmt: skip
WORKED = [
    "archive__returns_files", "bronze__returns_manifest", "bronze__returns_scans", "gold__daily_returns",
    "gold__region_returns", "report__returns_report", "returns_gold_2_assertions", "returns_gold_assertions",
    "returns_silver", "returns_silver_assertions",
]  # fmt: skip


def test_the_code_location_holds_both_pipelines(graph: Graph) -> None:
    """Each has a job, and each asset says whose it is."""
    resolved = graph.definitions.resolve_asset_graph()
    whose = {key.to_user_string(): resolved.get(key).tags["pipeline"] for key in resolved.get_all_asset_keys()}
    own = {key for key, pipeline in whose.items() if pipeline == "returns"}
    assert own == KEYS
    assert {job.name for job in graph.definitions.jobs or []} == {"ecommerce", "returns"}


def test_tables_wait_for_the_pull_and_gold_for_gold(graph: Graph) -> None:
    """The load waits for the pull, the second gold table for the first, the report for both, the archive for it."""
    resolved = graph.definitions.resolve_asset_graph()
    parents = {
        name: {key.to_user_string() for key in resolved.get(dg.AssetKey.from_user_string(name)).parent_keys}
        for name in KEYS
    }
    assert parents["bronze/returns_scans"] == {"bronze/returns_manifest"}
    assert parents["silver/clean_scans"] == {"bronze/returns_scans", "landing/scans"}
    assert parents["gold/region_returns"] == {"gold/daily_returns", "reference/countries"}
    assert parents["report/returns_report"] == {"gold/daily_returns", "gold/region_returns"}
    assert parents["archive/returns_files"] == {"report/returns_report"}


def test_its_schedule_has_its_own_zone(graph: Graph) -> None:
    """Its hours are those of New York; e-commerce keeps the zone of the settings."""
    own = graph.definitions.resolve_schedule_def("returns_twice_daily")
    others = graph.definitions.resolve_schedule_def("ecommerce_daily")
    assert (own.execution_timezone, own.job_name) == ("America/New_York", "returns")
    assert others.execution_timezone == "UTC"


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2025-03-08", ["2025-03-08T14:00", "2025-03-08T19:00"]),
        ("2025-03-09", ["2025-03-09T13:00", "2025-03-09T18:00"]),
        ("2025-11-01", ["2025-11-01T13:00", "2025-11-01T18:00"]),
        ("2025-11-02", ["2025-11-02T14:00", "2025-11-02T19:00"]),
    ],
)
def test_it_ticks_by_the_clock_of_new_york(graph: Graph, day: str, utc: list[str]) -> None:
    """Its hours are five behind UTC in winter and four in summer, from the day on which the clocks change."""
    schedule = graph.definitions.resolve_schedule_def("returns_twice_daily")
    midnight = datetime.fromisoformat(day).replace(tzinfo=NEW_YORK).timestamp()
    ticks = schedule_execution_time_iterator(midnight, str(schedule.cron_schedule), schedule.execution_timezone)
    assert [next(ticks).astimezone(UTC).isoformat()[:16] for _ in range(2)] == utc


def test_a_tick_asks_for_one_run_over_seven_days(graph: Graph) -> None:
    """At one in the morning UTC the last day is the day before, since it is still evening in New York."""
    schedule = graph.definitions.resolve_schedule_def("returns_twice_daily")
    now = datetime(2025, 4, 9, 1, tzinfo=UTC)
    context = dg.build_schedule_context(instance=graph.instance, scheduled_execution_time=now)
    (request,) = schedule.evaluate_tick(context).run_requests
    assert range_of(known.WINDOW).items() <= request.tags.items()


def test_every_asset_has_daily_partitions_from_the_first_day(graph: Graph) -> None:
    """They begin on 1 March 2025; assets that only stand for what lands have none."""
    resolved = graph.definitions.resolve_asset_graph()
    defined = {name: resolved.get(dg.AssetKey.from_user_string(name)).partitions_def for name in KEYS}
    assert {name for name, found in defined.items() if found is None} == {"landing/returns", "landing/scans"}
    days = defined["gold/daily_returns"].get_partition_keys(current_time=datetime(2025, 3, 3, 12, tzinfo=UTC))
    assert days == ["2025-03-01", "2025-03-02", "2025-03-03"]


def test_a_run_over_a_range_makes_exactly_its_days(graph: Graph) -> None:
    """After one run the seven days are materialized in every asset, and no other day is."""
    result = graph.run()
    assert result.success
    assert steps(result) == WORKED
    for name in KEYS - {"landing/returns", "landing/scans"}:
        made = graph.instance.get_materialized_partitions(dg.AssetKey.from_user_string(name))
        assert made == {f"2025-04-0{day}" for day in range(2, 9)}, name
    assert graph.place.rows("returns_gold.region_returns") == known.REGIONS


def lease_of(graph: Graph, pipeline: str) -> dict[str, Any]:
    """Return the lease of a pipeline as it lies in the lake."""
    found: dict[str, Any] = json.loads((graph.place.lake / "leases" / f"{pipeline}.json").read_text("utf-8"))
    return found


def test_one_run_of_both_pipelines_holds_a_lease_of_each(graph: Graph) -> None:
    """Everything selected in the UI is one run; each pipeline notes its own run folder and gives its lease back."""
    drop_known_files(graph.place.lake / "land-folder" / "Data")
    resolved = graph.definitions.resolve_asset_graph()
    job = graph.definitions.resolve_job_def(IMPLICIT).get_subset(
        asset_selection=resolved.executable_asset_keys, asset_check_selection=resolved.asset_check_keys
    )
    config = {"ops": {"bronze__returns_manifest": {"config": {"as_of": known.AS_OF}}}, **QUIET}
    tags = range_of(known.WINDOW)
    result = job.execute_in_process(instance=graph.instance, run_config=config, tags=tags, raise_on_error=False)
    assert result.success
    assert graph.place.rows("returns_gold.region_returns") == known.REGIONS
    for pipeline in ("ecommerce", "returns"):
        assert (graph.place.lake / "runs" / pipeline / result.run_id / "load.json").exists()
        lease = lease_of(graph, pipeline)
        assert (lease["run_id"], lease["fence"]) == (result.run_id, 1)
        assert lease["released_at"] is not None


def test_the_landing_sensor_starts_it_for_what_landed(graph: Graph) -> None:
    """It asks for exactly the files of its datasets; a file of another folder is not among them."""
    (graph.place.landing / "orders").mkdir()
    (graph.place.landing / "orders" / "1.csv").write_text("a\n1\n", "utf-8")
    sensor = graph.definitions.resolve_sensor_def("returns_landing")
    context = dg.build_sensor_context(instance=graph.instance, definitions=graph.definitions)
    (request,) = sensor.evaluate_tick(context).run_requests
    files = request.run_config["ops"]["bronze__returns_manifest"]["config"]["files"]
    assert [key for key, _ in files] == [known.FIRST_FILE, known.SECOND_FILE]
    result = graph.run({"files": files})
    assert result.success
    assert graph.place.rows("returns_gold.daily_returns") == known.DAILY
