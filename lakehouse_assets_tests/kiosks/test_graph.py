"""The pipeline as a Dagster graph: what waits for what, where columns come from, which steps a run has."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import dagster as dg
import pytest

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.errors import ContractInvalid
from lakehouse_assets.graph.assembly import pipeline_definitions
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.load import load_assets
from lakehouse_assets.graph.manifest import landing_specs, manifest_asset
from lakehouse_assets.graph.model import model_assets
from lakehouse_assets.graph.pipeline import Pipeline
from lakehouse_assets.graph.resource import lakehouse_resource
from lakehouse_assets.settings import Settings
from lakehouse_assets.sql.ddl import declare_statements
from lakehouse_assets_tests.contracts.parsing import parse_contracts
from lakehouse_assets_tests.kiosks.documents import MODELS, documents
from lakehouse_assets_tests.kiosks.lake import COUNTRIES
from lakehouse_assets_tests.stepfunctions.walk import states
from stepfunctions.builder import named
from stepfunctions.emitter import machine
from stepfunctions.names import subjects
from stepfunctions.plan_reader import read_plan


@dataclass(frozen=True, eq=False)
class KioskPipeline(Pipeline):
    """The pipeline, its contracts and models from the tests."""

    models: Mapping[str, str] = field(default_factory=lambda: MODELS)

    @cached_property
    def contracts(self) -> dict[str, Contract]:  # type: ignore[override]
        """See `Pipeline`."""
        return parse_contracts(documents(), self.name)

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """See `Pipeline`."""
        return (Seed(self.contracts["reference.country"], COUNTRIES.encode()),)

    def model(self, contract: Contract) -> str:
        """See `Pipeline`."""
        return self.models[contract.name]


PLAN = FunctionTask("PlanRun", {"run_id": "{run_id}"}, gives=("manifest",))
LOAD = GlueTask("Kiosks", {"--run-id": "{run_id}"})
KIOSKS = KioskPipeline("kiosks", "kiosks@example.com", PLAN)


def assembled(pipeline: Pipeline) -> dg.Definitions:
    """All definitions of the pipeline."""
    parts = (
        *landing_specs(pipeline),
        manifest_asset(pipeline),
        load_assets(pipeline, LOAD, after=[pipeline.manifest_key]),
        *assertions(pipeline, "silver"),
        *model_assets(pipeline),
        *assertions(pipeline, "gold"),
    )
    settings = Settings()
    resources = {"lakehouse": lakehouse_resource(settings)}
    return dg.Definitions.merge(
        dg.Definitions(resources=resources), pipeline_definitions(pipeline.of(*parts), settings)
    )


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    """All definitions of the pipeline."""
    return assembled(KIOSKS)


def parents(defs: dg.Definitions, key: str) -> set[str]:
    """What an asset waits for."""
    node = defs.resolve_asset_graph().get(dg.AssetKey(key.split("/")))
    return {parent.to_user_string() for parent in node.parent_keys}


@pytest.mark.parametrize(
    ("table", "waits_for"),
    [
        ("gold/daily_regions", {"silver/clean_sales", "silver/clean_refunds", "reference/country"}),
        ("gold/daily_totals", {"gold/daily_regions"}),
        ("gold/region_totals", {"gold/daily_regions", "reference/country"}),
        ("gold/load_health", {"silver/kiosks_run_ledger"}),
        # Both are outputs of the load's step.
        ("silver/kiosks_run_ledger", {"bronze/kiosks_manifest"}),
        ("reference/country", {"bronze/kiosks_manifest"}),
    ],
)
def test_a_model_waits_for_all_that_it_reads(defs: dg.Definitions, table: str, waits_for: set[str]) -> None:
    """Also for tables that only a join or a filter reads, whatever their layer."""
    assert parents(defs, table) == waits_for


def lineage(defs: dg.Definitions, key: str) -> dict[str, set[str]]:
    """Where the columns of an asset come from."""
    found: dg.TableColumnLineage = (
        defs.resolve_asset_graph().get(dg.AssetKey(key.split("/"))).metadata["dagster/column_lineage"]
    )
    return {
        column: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps}
        for column, deps in found.deps_by_column.items()
    }


def test_columns_lead_to_tables_of_every_layer(defs: dg.Definitions) -> None:
    """Reference, gold and control tables are sources like silver."""
    regions = lineage(defs, "gold/daily_regions")
    assert regions["region"] == {"reference/country.region"}
    assert regions["amount"] == {"silver/clean_sales.amount", "silver/clean_refunds.amount"}
    assert lineage(defs, "gold/daily_totals")["amount"] == {"gold/daily_regions.amount"}
    assert lineage(defs, "gold/load_health")["loaded"] == {"silver/kiosks_run_ledger.inserted"}


def test_a_source_is_checked_before_others_read_it(defs: dg.Definitions) -> None:
    """The plan's levels: a blocking check on the first level of gold stands between it and the second."""
    levels = [[step.key for step in level] for level in read_plan(defs, "kiosks")]
    assert levels == [
        ["bronze__kiosks_manifest"],
        ["kiosks_silver"],
        # Nothing blocking is asked of what `load_health` reads.
        ["gold__load_health", "kiosks_silver_assertions"],
        ["gold__daily_regions"],
        ["kiosks_gold_assertions"],
        ["gold__daily_totals", "gold__region_totals"],
        ["kiosks_gold_2_assertions"],
    ]


def test_every_step_is_a_state_of_the_machine(defs: dg.Definitions) -> None:
    """A pipeline with reference tables and levels of gold can be emitted; the load's state brings the references."""
    levels = read_plan(defs, "kiosks")
    made = machine("kiosks", levels, KIOSKS.contracts)
    text, names = json.dumps(made), {name for name, _ in states(made)}
    known = subjects("kiosks", [step for level in levels for step in level])
    assert [key for key, subject in known.items() if not any(name.endswith(named(subject)) for name in names)] == []
    assert "reference__country" not in text


def test_the_load_checks_reference_tables_with_silver(defs: dg.Definitions) -> None:
    """Set rules are answered by the load's step, assertions by the step after it."""
    graph = defs.resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys if key.asset_key == dg.AssetKey(["reference", "country"])}
    assert names == {"regions_shared", "europe_is_there"}


@pytest.mark.parametrize(
    ("name", "model", "words"),
    [
        ("daily_regions", lambda sql: sql.replace("lake.country", "kiosk_gold.daily_totals"), "in a circle"),
        ("daily_totals", lambda sql: sql.replace("kiosk_gold.daily_regions", "lake.sales"), "reads `lake.sales`"),
        ("daily_regions", lambda sql: sql.replace("GROUP BY", "GROUP"), "its SELECT is not usable"),
    ],
)
def test_a_model_that_cannot_be_built_stops_itself_and_not_the_definitions(
    name: str, model: Callable[[str], str], words: str
) -> None:
    """A circle, a table that is not stored, or no SQL: the asset says why, as does what reads it; others are there."""
    pipeline = replace(KIOSKS, models=MODELS | {name: model(MODELS[name])})
    graph = assembled(pipeline).resolve_asset_graph()
    said = {key.path[1]: graph.get(key).description for key in graph.get_all_asset_keys() if key.path[0] == "gold"}
    assert set(said) == set(MODELS)
    assert words in str(said[name])
    assert "cannot be built: contract `gold.daily_totals`" in str(said["daily_totals"])
    assert "cannot be built" not in str(said["load_health"])
    with pytest.raises(ContractInvalid):
        pipeline.require_sound()


def test_athena_is_told_of_reference_tables() -> None:
    """They are registered as the Delta tables that they are."""
    country = KIOSKS.contracts["reference.country"]
    made, registered = declare_statements([country], "s3://lake")
    assert made == "CREATE DATABASE IF NOT EXISTS `lake`"
    assert registered.splitlines() == [
        "CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`country`",
        "LOCATION 's3://lake/lakehouse-dwh/country/'",
        "TBLPROPERTIES ('table_type' = 'DELTA')",
    ]
