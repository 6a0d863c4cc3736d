"""Days become the tags of one run, and a run knows the days that it was started for."""

# No postponed annotations here: Dagster reads the type of the context from the functions.
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.core.arrivals import Offer
from lakehouse_assets.core.request import Window
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.graph.partitions import each_day, range_tags, window_of
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.sensors import run_request
from lakehouse_assets.settings import Settings
from lakehouse_assets_tests.graph.conftest import Shop

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
WEEK = Window(start=date(2025, 3, 27), end=date(2025, 4, 2))


def seen_by(partitions: dg.PartitionsDefinition[str] | None, **run: Any) -> list[Window | None]:
    """What each execution of an asset with these partitions takes for its days."""
    seen: list[Window | None] = []
    policy = dg.BackfillPolicy.single_run() if partitions else None

    @dg.asset(partitions_def=partitions, backfill_policy=policy)
    def table(context: dg.AssetExecutionContext) -> None:
        seen.append(window_of(context))

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([table], instance=instance, **run).success
    return seen


def test_a_range_of_days_is_one_run(returns: Pipeline) -> None:
    """Its tags name the first and the last day, and the step that they start knows both."""
    tags = range_tags(returns, WEEK)
    assert tags == {START: "2025-03-27", END: "2025-04-02"}
    assert seen_by(returns.partitions, tags=tags) == [WEEK]


def test_one_day_is_a_window_of_one_day(returns: Pipeline) -> None:
    """As people start it in the UI, by partition."""
    day = date(2025, 4, 1)
    assert seen_by(returns.partitions, partition_key="2025-04-01") == [Window(start=day, end=day)]


def test_a_run_without_partitions_has_no_days(returns: Pipeline) -> None:
    """Also of an asset that has some: nobody said which."""
    assert seen_by(None) == [None]
    assert seen_by(returns.partitions) == [None]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({START: "2025-03-31", END: "2025-04-02"}, [{"rows"}, {"rows"}, {"rows", "preview", "sql"}]),
        ({}, [{"rows", "preview", "sql"}]),
    ],
)
def test_what_is_of_the_table_is_said_with_the_last_day(
    returns: Pipeline, tags: dict[str, str], found: list[set[str]]
) -> None:
    """The days before it say what belongs to the run; a run without days says everything once."""

    @dg.asset(partitions_def=returns.partitions, backfill_policy=dg.BackfillPolicy.single_run())
    def table(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        told = {"rows": 1, "preview": "the first rows", "sql": "SELECT 1"}
        return dg.MaterializeResult(metadata=each_day(context, dg.AssetKey("table"), told))

    with dg.DagsterInstance.ephemeral() as instance:
        events = dg.materialize([table], instance=instance, tags=tags).asset_materializations_for_node("table")
    assert [set(event.metadata) for event in events] == found


def test_a_pipeline_of_files_gets_no_tags(returns: Pipeline) -> None:
    """Nor a run that no window was asked of."""
    assert range_tags(SHOP, WEEK) == range_tags(returns, None) == {}


def test_a_day_before_the_first_one_is_refused(returns: Pipeline) -> None:
    """Dagster would leave the days out that are no partitions, without a word."""
    early = Window(start=date(2025, 2, 28), end=date(2025, 3, 2))
    sentence = "^window begins on 2025-02-28, and the first day of `returns` is 2025-03-01$"
    with pytest.raises(BadRequest, match=sentence):
        range_tags(returns, early)


def test_a_tick_of_the_schedule_asks_for_the_usual_days(returns: Pipeline, kept: Shop) -> None:
    """Those of the moment that the tick stands for, and without a run key: each tick of a day is a run."""
    definitions = build_definitions(Settings(lake=kept.settings.lake), [SHOP, returns])
    nine = datetime(2025, 4, 2, 13, tzinfo=UTC)
    context = dg.build_schedule_context(instance=kept.instance, scheduled_execution_time=nine)
    (request,) = definitions.resolve_schedule_def("returns_twice_daily").evaluate_tick(context).run_requests
    assert {name: request.tags[name] for name in (START, END)} == {START: "2025-03-27", END: "2025-04-02"}
    assert request.run_key is None


def test_files_that_landed_are_loaded_with_the_usual_days(returns: Pipeline) -> None:
    """A run that the sensor starts works on the days up to today; one of e-commerce has no days."""
    today = datetime.now(UTC)
    tags = run_request(returns, Offer((), 1)).tags
    expected = returns.usual_window(today)
    assert expected is not None
    assert tags[START] == expected.start.isoformat()
    assert START not in run_request(SHOP, Offer((), 1)).tags
