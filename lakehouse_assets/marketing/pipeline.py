"""Compose the marketing pipeline: clicks and conversions of an Affise account become the Sub5 report, twice a day.

Works on days of the account's zone: a run pulls and rebuilds the last seven of them, and every older day that a late
decision has changed. Sizes that drove the design: 100,000 clicks and 2,000 conversions a day, 200 pages of each day.
"""

from __future__ import annotations

from datetime import date

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, request_payload
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.deadlines import Deadline
from lakehouse_assets.graph.figures import Figure
from lakehouse_assets.graph.function import FunctionStep, function_asset
from lakehouse_assets.graph.load import load_assets
from lakehouse_assets.graph.manifest import landing_specs, manifest_asset
from lakehouse_assets.graph.model import model_assets
from lakehouse_assets.graph.pipeline import Days, Pipeline, Schedule
from lakehouse_assets.graph.short_runs import ShortRun

WINDOW_DAYS = 7
MOST_DAYS = 350
"""How many days a run works on at most, so that its execution stays within 25,000 events with five calls for each day
of conversions: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
SHORT = {"pull": "intraday"}
"""Tells a run of the last hours, which is a job of its own."""
PLAN = FunctionTask(
    "PlanRun",
    request_payload("as_of", "mode", "date", "window", "pull", "selection", "max_reject_ratio", "full_refresh")
    | {
        "landing": "{landing}",
        "lake": "{lake}",
        "window_days": WINDOW_DAYS,
        "most_days": MOST_DAYS,
        "source_timezone": "{source_timezone}",
    }
    | {"job": "{job}", "short_jobs": {"marketing_intraday": SHORT}},
    gives=("manifest", "as_of", "window", "since"),
)
RUN = {"run_id": "{run_id}", "lake": "{lake}", "as_of": "{as_of}", "source_timezone": "{source_timezone}"}
ASKED = {"pull": "{pull}", "mode": "{mode}"}
AT_ONCE = 3
"""How many calls pull at the same time; together they keep the rate of the settings."""
PULL = FunctionTask(
    "PlanAffisePull",
    RUN | ASKED | {"window": "{window}"},
    gives=("lists", "slices", "date_to", "present", "is_sweep", "open_runs"),
)
PULLING = RUN | {"date_to": "{date_to}", "at_once": AT_ONCE}
LISTS = FunctionTask(
    "adstart_update_dimension_tables",
    # The account knows its lists as they are today, so a run of an earlier day does not date them back.
    PULLING | {"as_of": "{present}", "list": "{item}"},
    repeat=True,
    each="{lists}",
    concurrency=AT_ONCE,
)
FACTS = FunctionTask(
    "PullAffiseSlices",
    PULLING | {"present": "{present}", "slice": "{item}"},
    repeat=True,
    each="{slices}",
    concurrency=AT_ONCE,
)
PAGES = FunctionTask(
    "NameAffisePages",
    {"lake": "{lake}", "manifest": "{manifest}", "open_runs": "{open_runs}", "engine": "{engine}"},
    gives=("manifest", "engine"),
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
    "CommitAffiseWatermark",
    ASKED | {name: f"{{{name}}}" for name in ("lake", "run_id", "as_of", "is_sweep", "open_runs")},
)
EXPORT = FunctionTask(
    "export-sub5-report", {"run_id": "{run_id}", "pipeline": "{pipeline}", "window": "{window}", "lake": "{lake}"}
)

PLANNED = FunctionStep(
    "bronze", "affise_plan", "Lists and slices of time that are pulled; what the key may read.", frozenset({"json"})
)
PULLED_LISTS = FunctionStep(
    "bronze", "affise_lists", "Offers, partners, advertisers and currencies, a page each.", frozenset({"json"})
)
PULLED_FACTS = FunctionStep(
    "bronze", "affise_facts", "Clicks, conversions and totals of the run's days, a page each.", frozenset({"json"})
)
NAMED = FunctionStep(
    "bronze", "affise_pages", "The run's manifest, with every page that was pulled.", frozenset({"json"})
)
COMMITTED = FunctionStep(
    "bronze", "affise_watermark", "The moment up to which changes are in silver.", frozenset({"json"})
)
EXPORTED = FunctionStep("report", "sub5_report", "Rows with conversions of the run's days.", frozenset({"csv"}))

INTRADAY = ShortRun(
    "intraday",
    "Pulls the last hours into provisional rows by hour; the report waits for its next tick.",
    asks=SHORT,
    assets=(
        "bronze/marketing_manifest",
        "bronze/affise_plan",
        "bronze/affise_lists",
        "bronze/affise_facts",
        "bronze/affise_pages",
        "silver/clicks",
        "bronze/affise_watermark",
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
    days=Days(first=date(2025, 1, 1), window_days=WINDOW_DAYS, most=MOST_DAYS),
    schedules=(Schedule("marketing_twice_daily", "0 9,14 * * *", "Rebuilds the report of the last seven days."),),
    short_runs=(INTRADAY,),
    outlook="lakehouse_assets.marketing.outlook:outlook",
    reads=frozenset({"affise"}),
    figures=(
        Figure(
            "Sub5 report by affiliate",
            "daily_report_sub5_output",
            "datestamp",
            ("approved_revenue", "approved_payouts", "click_count", "approved", "pending_conversions"),
            by="affiliate_name",
        ),
    ),
    deadline=Deadline("45 9,14 * * *", minutes=45, assets=("gold/daily_report_sub5_output", "report/sub5_report")),
)
SILVER = load_assets(AGENCY, LOAD, after=[NAMED.key])
MODELS = model_assets(AGENCY)
PIPELINE = AGENCY.of(
    *landing_specs(AGENCY),
    manifest_asset(AGENCY),
    function_asset(AGENCY, PLANNED, PULL, after=[AGENCY.manifest_key]),
    function_asset(AGENCY, PULLED_LISTS, LISTS, after=[PLANNED.key]),
    function_asset(AGENCY, PULLED_FACTS, FACTS, after=[PULLED_LISTS.key]),
    function_asset(AGENCY, NAMED, PAGES, after=[PULLED_FACTS.key]),
    SILVER,
    function_asset(AGENCY, COMMITTED, WATERMARK, after=sorted(SILVER.keys)),
    *assertions(AGENCY, "silver"),
    *MODELS,
    *assertions(AGENCY, "gold"),
    function_asset(AGENCY, EXPORTED, EXPORT, after=[model.key for model in MODELS]),
)
