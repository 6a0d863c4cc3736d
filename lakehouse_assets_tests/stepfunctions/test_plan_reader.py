"""The execution plan as plain steps: gates, tasks, retries, and what cannot be emitted."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.compute.tasks import TASK_METADATA, FunctionTask, GlueTask, ModelTask, Task, to_metadata
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.plan_reader import TRIED_WITH, read_plan
from stepfunctions.steps import RetryPolicy

LOAD = GlueTask("Load")


def declared(task: Task) -> dict[str, Any]:
    """An asset's metadata with a task."""
    return {TASK_METADATA: dg.MetadataValue.json(to_metadata(task))}


def definitions(*assets: Any) -> dg.Definitions:
    """A job `tiny` of these assets."""
    return dg.Definitions(assets=list(assets), jobs=[dg.define_asset_job("tiny")])


def test_the_private_plan_is_the_one_that_was_tried() -> None:
    """A newer Dagster line is tried on purpose, not by an upgrade: its plan is private and may change."""
    assert version("dagster").startswith(TRIED_WITH)


def test_the_jobs_levels_follow_the_data() -> None:
    """Plan, load, silver's gate, the models side by side, gold's gate, archive; landing is no step."""
    levels = [[step.key for step in level] for level in read_plan(build_definitions(), "ecommerce")]
    assert levels == [
        ["bronze__ecommerce_manifest"],
        ["ecommerce_silver"],
        ["ecommerce_silver_assertions"],
        ["gold__daily_sales", "gold__product_daily", "gold__user_orders"],
        ["ecommerce_gold_assertions"],
        ["archive__ecommerce_files"],
    ]


def test_a_multi_asset_is_one_step() -> None:
    """Three silver tables and their load-side checks are one Glue job."""
    (silver,) = read_plan(build_definitions(), "ecommerce")[1]
    assert silver.assets == ("silver/clean_orders", "silver/clean_orders_items", "silver/clean_products")
    assert isinstance(silver.task, GlueTask)


def test_a_retry_policy_is_read() -> None:
    """Dagster's policy becomes retries, whole seconds and a rate."""
    policy = dg.RetryPolicy(max_retries=4, delay=7, backoff=dg.Backoff.EXPONENTIAL)

    @dg.asset(metadata=declared(LOAD), retry_policy=policy)
    def table() -> None: ...

    (((step,),)) = read_plan(definitions(table), "tiny")
    assert step.retry == RetryPolicy(max_retries=4, delay_seconds=7, backoff_rate=2.0)


def test_an_asset_without_a_task_is_refused() -> None:
    """What nobody says how to run cannot become a state."""

    @dg.asset(key=["silver", "mystery"])
    def mystery() -> None: ...

    with pytest.raises(EmissionInvalid, match=r"cannot emit `tiny`: `silver/mystery` has no task"):
        read_plan(definitions(mystery), "tiny")


def test_one_table_of_a_step_without_a_task_is_refused() -> None:
    """The task of a sister table does not stand for it."""
    specs = [dg.AssetSpec("told", metadata=declared(LOAD)), dg.AssetSpec("untold")]

    @dg.multi_asset(specs=specs)
    def both() -> Iterator[Any]:
        yield from ()

    with pytest.raises(EmissionInvalid, match="`untold` has no task"):
        read_plan(definitions(both), "tiny")


def test_two_tasks_in_one_step_are_refused() -> None:
    """One step is one state, so it runs one thing."""
    tasks = (FunctionTask("A"), ModelTask("tiny", "gold.b"))
    specs = [dg.AssetSpec(f"t{i}", metadata=declared(task)) for i, task in enumerate(tasks)]

    @dg.multi_asset(specs=specs)
    def both() -> Iterator[Any]:
        yield from ()

    with pytest.raises(EmissionInvalid, match="the assets of step `both` declare different tasks"):
        read_plan(definitions(both), "tiny")


def test_a_check_without_a_task_is_refused() -> None:
    """A step of checks is a state as well."""

    @dg.asset(metadata=declared(LOAD))
    def table() -> None: ...

    @dg.asset_check(asset=table)
    def sane() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    built = dg.Definitions(assets=[table], asset_checks=[sane], jobs=[dg.define_asset_job("tiny")])
    with pytest.raises(EmissionInvalid, match="`table sane` has no task"):
        read_plan(built, "tiny")
