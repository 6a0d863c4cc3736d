"""A function step: one call of a function as an asset, with its answer in the UI and its facts for what follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.compute.tasks import TASK_METADATA, FunctionTask, from_metadata
from lakehouse_assets.ecommerce.pipeline import PIPELINE as SHOP
from lakehouse_assets.graph.function import FunctionStep, function_asset
from lakehouse_assets.graph.resource import lakehouse_resource
from lakehouse_assets.settings import Settings
from lakehouse_assets.storage.lease import lease_key
from lakehouse_assets_tests.graph.functions import OWN
from lakehouse_assets_tests.graph.test_job import metadata

PIPELINE = replace(SHOP, functions=OWN)
COUNT = FunctionTask("Count", {"run_id": "{run_id}"}, repeat=True, gives=("counted",))
SAY = FunctionTask("Say", {"all": "{counted}", "text": "{counted} things of {pipeline} in {lake}", "fixed": 7})
COUNTED = FunctionStep("bronze", "counted", "Things, counted.", frozenset({"json"}))


@dataclass(frozen=True)
class Steps:
    """A way to run function steps one after the other, in a lake."""

    lake: Path
    instance: dg.DagsterInstance

    def run(self, *tasks: FunctionTask) -> dg.ExecuteInProcessResult:
        """Run an asset `bronze/<function>` per task."""
        assets, after = list[dg.AssetsDefinition](), list[dg.AssetKey]()
        for task in tasks:
            step = FunctionStep("bronze", task.function.lower(), "A step.")
            assets.append(function_asset(PIPELINE, step, task, after))
            after = [step.key]
        settings = Settings(lake=self.lake, duckdb_threads=1)
        resources = {"lakehouse": lakehouse_resource(settings)}
        return dg.materialize(assets, instance=self.instance, resources=resources, raise_on_error=False)


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """A new lake with a history."""
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        yield Steps(tmp_path / "lake", instance)


def test_a_function_is_called_until_it_is_done(steps: Steps) -> None:
    """The last answer is shown: plain values as they are, rows as a table, lists as JSON; no None, no token."""
    shown = metadata(steps.run(COUNT), "bronze", "count")
    assert shown.keys() == {"counted", "parts", "names", "seconds", "engine", "run_report"}
    assert (shown["counted"], shown["names"], shown["engine"]) == (3, ["a", "b"], "python")
    assert [record.data["part"] for record in shown["parts"].records] == [0, 1, 2]


def test_what_a_function_gives_is_a_fact_for_later_ones(steps: Steps) -> None:
    """Alone in its braces it keeps its type; within a text it is text, beside facts of the installation."""
    told = json.loads(metadata(steps.run(COUNT, SAY), "bronze", "say")["told"])
    asked = {name: told[name] for name in SAY.payload}
    assert asked == {"all": 3, "text": f"3 things of ecommerce in {steps.lake}", "fixed": 7}


def test_a_fact_that_nobody_gave_stops_the_step(steps: Steps) -> None:
    """The function is not called with a brace that nothing fills."""
    result = steps.run(SAY)
    assert not result.success
    assert result.get_asset_materialization_events() == []


def retries(result: dg.ExecuteInProcessResult) -> int:
    """How often a step was tried again."""
    return sum(event.event_type_value == "STEP_RESTARTED" for event in result.all_events)


def test_a_call_is_tried_again_when_that_may_help(steps: Steps) -> None:
    """A store that does not answer may answer a second later; what it left as a failure is cleared."""
    result = steps.run(FunctionTask("Busy", {"lake": "{lake}"}))
    assert (result.success, retries(result)) == (True, 1)
    assert metadata(result, "bronze", "busy")["tries"] == 2
    assert json.loads((steps.lake / "runs/ecommerce" / result.run_id / "failure.json").read_text()) == {}


def test_a_call_is_not_tried_again_when_that_does_not_help(steps: Steps) -> None:
    """The cause is in the run's folder with the step's name, and the pipeline is free again."""
    result = steps.run(FunctionTask("Broken", {"lake": "{lake}"}))
    assert (result.success, (steps.lake / "tries").read_text()) == (False, "x")
    kept = json.loads((steps.lake / "runs/ecommerce" / result.run_id / "failure.json").read_text())
    expected = {"step": "broken", "error": "BadRequest", "message": "nobody knows what this is"}
    assert {name: kept[name] for name in expected} == expected
    assert json.loads((steps.lake / lease_key("ecommerce")).read_text())["released_at"] is not None


def test_a_function_that_nobody_brings_fails_its_step(steps: Steps) -> None:
    """With the sentence that says where its handler was looked for."""
    result = steps.run(FunctionTask("Nowhere"))
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "function `Nowhere` has no handler `lambdas.nowhere.handler:handler`" in _words(failed)


def _words(failed: dg.DagsterEvent) -> str:
    data: Any = failed.step_failure_data
    return str(data.user_failure_data.description)


def test_a_step_is_described_like_every_asset() -> None:
    """Its task, group, owner, kinds and tags, and what it waits for."""
    before = dg.AssetKey(["bronze", "before"])
    asset = function_asset(SHOP, COUNTED, COUNT, after=[before])
    (spec,) = asset.specs
    assert from_metadata(spec.metadata[TASK_METADATA].value) == COUNT
    assert (spec.key, spec.group_name, list(spec.owners)) == (COUNTED.key, COUNTED.layer, [SHOP.owner])
    assert (spec.description, spec.kinds, [dep.asset_key for dep in spec.deps]) == (
        "Things, counted.",
        {"json"},
        [before],
    )
    assert {name: spec.tags[name] for name in ("layer", "pipeline")} == {"layer": "bronze", "pipeline": "ecommerce"}
