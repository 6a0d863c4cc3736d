"""Declare the e-commerce pipeline: CSV drops of products, orders and items become silver (Delta) and gold (Iceberg).

Sizes that drove the design: five days are 3,500 rows of orders and products and 14,000 items, 1 MB; a hundred
times a busy fortnight is 4 million items, 300 MB. What runs is declared here; how it runs is `graph` and `compute`.
"""

from __future__ import annotations

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, request_payload
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.figures import Figure
from lakehouse_assets.graph.function import FunctionStep, function_asset
from lakehouse_assets.graph.load import load_assets
from lakehouse_assets.graph.manifest import landing_specs, manifest_asset
from lakehouse_assets.graph.model import model_assets
from lakehouse_assets.graph.pipeline import Pipeline, Schedule

PLACES = {"landing": "{landing}", "lake": "{lake}"}
PLAN = FunctionTask(
    "PlanRun",
    request_payload("as_of", "mode", "files", "date", "selection", "max_reject_ratio", "full_refresh") | PLACES,
    gives=("manifest", "as_of", "since"),
)
LOAD = GlueTask(
    "Lakehouse",
    {
        "--run-id": "{run_id}",
        "--manifest-uri": "{lake}/{manifest}",
        "--lake-root": "{lake}",
        "--as-of": "{as_of}",
        "--run-mode": "{mode}",
        "--source-timezone": "{source_timezone}",
    },
)
ARCHIVE = FunctionTask("Moves3Objects", {"manifest_key": "{manifest}", "refused": "{refused}"} | PLACES, repeat=True)
ARCHIVED = FunctionStep(
    "archive",
    "ecommerce_files",
    "Exactly the manifest's files, moved out of landing; refused ones go to quarantine.",
    frozenset({"s3"}),
)

SHOP = Pipeline(
    name="ecommerce",
    owner="data-platform@example.com",
    plan=PLAN,
    schedules=(
        Schedule(
            "ecommerce_daily",
            # After the night's drops, before people come.
            "0 6 * * *",
            "Runs ecommerce once a day for all that is in landing, pending or not yet in gold.",
        ),
    ),
    figures=(Figure("Sales by department", "daily_sales", "date", ("amount", "items"), by="department"),),
)
MODELS = model_assets(SHOP)
PIPELINE = SHOP.of(
    *landing_specs(SHOP),
    manifest_asset(SHOP),
    load_assets(SHOP, LOAD, after=[SHOP.manifest_key]),
    *assertions(SHOP, "silver"),
    *MODELS,
    *assertions(SHOP, "gold"),
    function_asset(SHOP, ARCHIVED, ARCHIVE, after=[model.key for model in MODELS]),
)
