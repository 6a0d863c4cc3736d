"""Compose the returns pipeline: CSV drops of returned parcels, and scans pulled from the warehouse's API.

Works on days: a run pulls and rebuilds the last seven of them, and its report goes out as a CSV file.
"""

from __future__ import annotations

from datetime import date

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, request_payload
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.function import FunctionStep, function_asset
from lakehouse_assets.graph.load import load_assets
from lakehouse_assets.graph.manifest import landing_specs, manifest_asset
from lakehouse_assets.graph.model import model_assets
from lakehouse_assets.graph.pipeline import Days, Pipeline, Schedule

PLACES = {"landing": "{landing}", "lake": "{lake}"}
ASKED = request_payload("as_of", "mode", "files", "date", "window", "selection", "max_reject_ratio", "full_refresh")
PLAN = FunctionTask(
    "PlanRun",
    ASKED | PLACES | {"window_days": 7, "source_timezone": "{source_timezone}"},
    gives=("manifest", "as_of", "window"),
)
PULL = FunctionTask(
    "PullScans", {"manifest": "{manifest}", "window": "{window}", "lake": "{lake}"}, gives=("manifest",)
)
LOAD = GlueTask(
    "Returns",
    {
        "--run-id": "{run_id}",
        "--manifest-uri": "{lake}/{manifest}",
        "--lake-root": "{lake}",
        "--source-timezone": "{source_timezone}",
    },
)
EXPORT = FunctionTask("ExportReturns", {"run_id": "{run_id}", "window": "{window}", "lake": "{lake}"})
ARCHIVE = FunctionTask("Moves3Objects", {"manifest_key": "{manifest}", "refused": "{refused}"} | PLACES, repeat=True)

PULLED = FunctionStep("bronze", "returns_scans", "Pages of the warehouse's API, a day each.", frozenset({"json"}))
EXPORTED = FunctionStep("report", "returns_report", "Returns by region as a CSV file.", frozenset({"csv"}))
ARCHIVED = FunctionStep("archive", "returns_files", "Landed files, moved out of landing.", frozenset({"s3"}))

RETURNS = Pipeline(
    name="returns",
    owner="returns@example.com",
    plan=PLAN,
    landing="land-folder/Returns",
    zone="America/New_York",
    days=Days(first=date(2025, 3, 1), window_days=7),
    schedules=(Schedule("returns_twice_daily", "0 9,14 * * *", "Pulls and rebuilds the last seven days."),),
    functions={
        "PullScans": f"{__package__}.functions:pull_scans",
        "ExportReturns": f"{__package__}.functions:export_returns",
    },
)
MODELS = model_assets(RETURNS)
PIPELINE = RETURNS.of(
    *landing_specs(RETURNS),
    manifest_asset(RETURNS),
    function_asset(RETURNS, PULLED, PULL, after=[RETURNS.manifest_key]),
    load_assets(RETURNS, LOAD, after=[PULLED.key]),
    *assertions(RETURNS, "silver"),
    *MODELS,
    *assertions(RETURNS, "gold"),
    function_asset(RETURNS, EXPORTED, EXPORT, after=[model.key for model in MODELS]),
    function_asset(RETURNS, ARCHIVED, ARCHIVE, after=[EXPORTED.key]),
)
