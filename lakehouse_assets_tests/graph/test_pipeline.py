"""What belongs to one pipeline and to no other: its days, zone, landing, owner, schedule, and what it may be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from lakehouse_assets.core.request import Window
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.graph.pipeline import Days, Pipeline
from lakehouse_assets.settings import Settings

LAKE = Path("/lake")


@pytest.fixture
def both(returns: Pipeline) -> dg.Definitions:
    """One code location with both pipelines."""
    return build_definitions(Settings(lake=LAKE, source_timezone="Europe/Berlin"), [SHOP, returns])


def test_a_run_may_be_asked_what_the_plan_takes(returns: Pipeline) -> None:
    """A window only where a pipeline works on days, in the order in which the fields are declared."""
    without = ("as_of", "mode", "files", "date", "selection", "max_reject_ratio", "full_refresh", "tick")
    assert SHOP.asked == without
    assert returns.asked == (*without[:4], "window", *without[4:])


def test_landing_and_zone_are_its_own_unless_the_settings_say_others(returns: Pipeline) -> None:
    """What is set for all holds for the pipeline that names none; what is set for one goes before all."""
    settings = Settings(lake=LAKE, landing=Path("/drops"), source_timezone="Europe/Berlin")
    assert [p.landing_in(settings) for p in (SHOP, returns)] == ["/drops", "/lake/land-folder/Returns"]
    assert [p.zone_in(settings) for p in (SHOP, returns)] == ["Europe/Berlin", "America/New_York"]
    for_it = settings.model_copy(update={"landings": {"returns": "/parcels"}, "zones": {"returns": "Asia/Tokyo"}})
    assert (returns.landing_in(for_it), returns.zone_in(for_it)) == ("/parcels", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        # New York is five hours behind UTC until 2025-03-09 07:00 UTC, then four.
        ("2025-03-08T04:59:00+00:00", "2025-03-01", "2025-03-07"),
        ("2025-03-10T03:59:00+00:00", "2025-03-03", "2025-03-09"),
        ("2025-03-10T04:00:00+00:00", "2025-03-04", "2025-03-10"),
        ("2025-03-03T12:00:00+00:00", "2025-03-01", "2025-03-03"),
        ("2025-02-01T12:00:00+00:00", "2025-03-01", "2025-03-01"),
    ],
)
def test_the_usual_days_are_seven_up_to_today_and_none_before_the_first(
    returns: Pipeline, now: str, first: str, last: str
) -> None:
    """Today is the date where the pipeline is, also around a change of the clocks."""
    window = Window(start=date.fromisoformat(first), end=date.fromisoformat(last))
    assert returns.usual_window(datetime.fromisoformat(now)) == window
    assert SHOP.usual_window(datetime.fromisoformat(now)) is None


@pytest.mark.parametrize(
    ("now", "last"), [("2025-04-01T23:59:59", "2025-04-01"), ("2025-04-02T00:00:00", "2025-04-02")]
)
def test_today_is_a_partition(returns: Pipeline, now: str, last: str) -> None:
    """From midnight on, where the pipeline is; the first day is the first partition."""
    assert returns.partitions is not None
    moment = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("America/New_York"))
    keys = returns.partitions.get_partition_keys(current_time=moment)
    assert (keys[0], keys[-1]) == ("2025-03-01", last)
    assert SHOP.partitions is None


def test_days_need_a_zone_of_the_pipelines_own() -> None:
    """Partitions of one date would otherwise be other hours wherever the settings differ."""
    with pytest.raises(ContractInvalid, match="`shop`: a pipeline with daily partitions names its own zone"):
        Pipeline("shop", "shop@example.com", SHOP.plan, days=Days(date(2025, 3, 1), 7))


def test_every_step_of_a_pipeline_with_days_takes_all_of_them_in_one_run(
    both: dg.Definitions, returns: Pipeline
) -> None:
    """A range of days is one run of each of its assets; e-commerce has no partitions."""
    nodes = {key: both.resolve_asset_graph().get(key) for key in returns.keys | SHOP.keys}
    made = {key: node for key, node in nodes.items() if node.is_executable}
    single = {key for key, node in made.items() if node.backfill_policy == dg.BackfillPolicy.single_run()}
    assert single == {key for key in made if key in returns.keys}
    assert {key for key, node in made.items() if node.partitions_def is not None} == single


def test_pipelines_stand_side_by_side(both: dg.Definitions) -> None:
    """Each has its job of its own assets, its schedule in its zone, its sensors, its group and its owner."""
    graph = both.resolve_asset_graph()
    assert {job.name for job in both.jobs or ()} == {"ecommerce", "returns"}
    zones = {s.name: both.resolve_schedule_def(s.name).execution_timezone for s in both.schedules or ()}
    assert zones == {"ecommerce_daily": "Europe/Berlin", "returns_twice_daily": "America/New_York"}
    kinds = ("landing", "failed_runs", "failed_checks", "machine_runs", "watch")
    sensors = {f"{name}_{what}" for name in ("ecommerce", "returns") for what in kinds}
    assert {sensor.name for sensor in both.sensors or ()} == sensors
    for pipeline in (SHOP, replace(SHOP, name="returns", owner="returns@example.com")):
        manifest = graph.get(pipeline.manifest_key)
        assert (manifest.group_name, list(manifest.owners)) == ("bronze", [pipeline.owner])


def test_no_sensor_watches_a_landing_into_which_nothing_is_dropped(returns: Pipeline) -> None:
    """A pipeline that pulls all that it loads is told so."""
    definitions = build_definitions(Settings(lake=LAKE), [replace(returns, lands=False)])
    assert {sensor.name for sensor in definitions.sensors or ()} == {
        "returns_failed_runs",
        "returns_failed_checks",
        "returns_machine_runs",
        "returns_watch",
    }


def test_a_job_takes_the_assets_of_its_pipeline_only(both: dg.Definitions, returns: Pipeline) -> None:
    """Both jobs together are all that is made."""
    jobs = {p.name: set(both.resolve_job_def(p.name).asset_layer.executable_asset_keys) for p in (SHOP, returns)}
    assert jobs["ecommerce"] < SHOP.keys
    assert jobs["returns"] < returns.keys
    assert set.union(*jobs.values()) == set(both.resolve_asset_graph().executable_asset_keys)
