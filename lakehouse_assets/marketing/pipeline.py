"""Compose the marketing pipeline: clicks and conversions of an Affise account become the Sub5 report, twice a day.

Works on days of the account's zone: a run pulls and rebuilds the last seven of them, and every older day that a late
decision has changed. Sizes that drove the design: 100,000 clicks and 2,000 conversions a day, 200 pages of each day.
"""

from __future__ import annotations

from datetime import date

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, request_payload
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.deadlines import Deadline
from lakehouse_assets.graph.function import FunctionStep, function_asset
from lakehouse_assets.graph.load import load_assets
from lakehouse_assets.graph.manifest import landing_specs, manifest_asset
from lakehouse_assets.graph.model import model_assets
from lakehouse_assets.graph.pipeline import Days, Pipeline, Schedule
from lakehouse_assets.graph.short_runs import ShortRun

WINDOW_DAYS = 7
PLAN = FunctionTask(
    "PlanRun",
    request_payload("as_of", "mode", "date", "window", "pull", "selection", "max_reject_ratio", "full_refresh")
    | {"landing": "{landing}", "lake": "{lake}", "window_days": WINDOW_DAYS, "source_timezone": "{source_timezone}"},
    gives=("manifest", "as_of", "window", "since"),
)
RUN = {
    "run_id": "{run_id}",
    "lake": "{lake}",
    "as_of": "{as_of}",
    "source_timezone": "{source_timezone}",
    "pull": "{pull}",
    "mode": "{mode}",
}
LISTS = FunctionTask("adstart_update_dimension_tables", RUN, repeat=True, gives=("date_to",))
FACTS = FunctionTask(
    "PullAffiseSlices",
    RUN | {"window": "{window}", "manifest": "{manifest}", "date_to": "{date_to}"},
    repeat=True,
    gives=("manifest",),
)
LOAD = GlueTask(
    "adstart_sub5_get_offer_caps_data",
    {
        "--run-id": "{run_id}",
        "--manifest-uri": "{lake}/{manifest}",
        "--lake-root": "{lake}",
        "--source-timezone": "{source_timezone}",
    },
)
WATERMARK = FunctionTask(
    "CommitAffiseWatermark", {"lake": "{lake}", "as_of": "{as_of}", "pull": "{pull}", "mode": "{mode}"}
)
EXPORT = FunctionTask(
    "export-sub5-report", {"run_id": "{run_id}", "pipeline": "{pipeline}", "window": "{window}", "lake": "{lake}"}
)

PULLED_LISTS = FunctionStep(
    "bronze", "affise_lists", "Offers, partners, advertisers and currencies, a page each.", frozenset({"json"})
)
PULLED_FACTS = FunctionStep(
    "bronze", "affise_facts", "Clicks, conversions and totals of the run's days, a page each.", frozenset({"json"})
)
COMMITTED = FunctionStep("bronze", "affise_watermark", "The moment up to which changes are in silver.")
EXPORTED = FunctionStep("report", "sub5_report", "Rows with conversions of the run's days.", frozenset({"csv"}))

INTRADAY = ShortRun(
    "intraday",
    "Pulls the last hours into provisional rows by hour; the report waits for its next tick.",
    asks={"pull": "intraday"},
    assets=(
        "bronze/marketing_manifest",
        "bronze/affise_lists",
        "bronze/affise_facts",
        "silver/clicks",
        "gold/intraday_performance",
    ),
    # Today, and yesterday, as the hours since the last tick may lie on both sides of midnight.
    window_days=2,
    schedule=Schedule(
        "marketing_intraday",
        # Not on the hour, when the report's runs begin: theirs are the hours that are over.
        "5-59/15 * * * *",
        "Pulls the last hours every 15 minutes, once it is on.",
        is_on=False,
    ),
)

AGENCY = Pipeline(
    name="marketing",
    owner="marketing-data@example.com",
    plan=PLAN,
    landing="land-folder/Marketing",
    lands=False,
    zone="Europe/Berlin",
    days=Days(first=date(2025, 1, 1), window_days=WINDOW_DAYS),
    schedules=(Schedule("marketing_twice_daily", "0 9,14 * * *", "Rebuilds the report of the last seven days."),),
    short_runs=(INTRADAY,),
    outlook="lakehouse_assets.marketing.outlook:outlook",
    reads=frozenset({"affise"}),
    deadline=Deadline("45 9,14 * * *", minutes=45, assets=("gold/daily_report_sub5_output", "report/sub5_report")),
)
SILVER = load_assets(AGENCY, LOAD, after=[PULLED_FACTS.key])
MODELS = model_assets(AGENCY)
PIPELINE = AGENCY.of(
    *landing_specs(AGENCY),
    manifest_asset(AGENCY),
    function_asset(AGENCY, PULLED_LISTS, LISTS, after=[AGENCY.manifest_key]),
    function_asset(AGENCY, PULLED_FACTS, FACTS, after=[PULLED_LISTS.key]),
    SILVER,
    function_asset(AGENCY, COMMITTED, WATERMARK, after=sorted(SILVER.keys)),
    *assertions(AGENCY, "silver"),
    *MODELS,
    *assertions(AGENCY, "gold"),
    function_asset(AGENCY, EXPORTED, EXPORT, after=[model.key for model in MODELS]),
)
