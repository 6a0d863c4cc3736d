"""Draft a pipeline: a package with one dataset of CSV files, a gold model of it, and the order of its steps."""

from __future__ import annotations

from string import Template

MODULE = Template('''"""Compose the $name pipeline: files that land become silver and gold."""

from __future__ import annotations

from lakehouse_assets.compute.tasks import FunctionTask, GlueTask, request_payload
from lakehouse_assets.graph.checks import assertions
from lakehouse_assets.graph.function import FunctionStep, function_asset
from lakehouse_assets.graph.load import load_assets
from lakehouse_assets.graph.manifest import landing_specs, manifest_asset
from lakehouse_assets.graph.model import model_assets
from lakehouse_assets.graph.pipeline import Pipeline, Schedule

PLACES = {"landing": "{landing}", "lake": "{lake}"}
ASKED = request_payload("as_of", "mode", "files", "date", "selection", "max_reject_ratio", "full_refresh")
PLAN = FunctionTask("PlanRun", ASKED | PLACES, gives=("manifest", "as_of", "since"))
LOAD = GlueTask(
    "$job",
    {
        "--run-id": "{run_id}",
        "--manifest-uri": "{lake}/{manifest}",
        "--lake-root": "{lake}",
        "--source-timezone": "{source_timezone}",
    },
)
ARCHIVE = FunctionTask("Moves3Objects", {"manifest_key": "{manifest}", "refused": "{refused}"} | PLACES, repeat=True)
ARCHIVED = FunctionStep("archive", "${name}_files", "Landed files, moved out of landing.", frozenset({"s3"}))

DECLARED = Pipeline(
    name="$name",
    owner="$owner",
    plan=PLAN,
    schedules=(Schedule("${name}_daily", "0 6 * * *", "Runs $name once a day for all that is in landing."),),
)
MODELS = model_assets(DECLARED)
PIPELINE = DECLARED.of(
    *landing_specs(DECLARED),
    manifest_asset(DECLARED),
    load_assets(DECLARED, LOAD, after=[DECLARED.manifest_key]),
    *assertions(DECLARED, "silver"),
    *MODELS,
    *assertions(DECLARED, "gold"),
    function_asset(DECLARED, ARCHIVED, ARCHIVE, after=[model.key for model in MODELS]),
)
''')
INIT = '"""Hold the {name} pipeline: its contracts, models, unit tests, and the order of its steps."""\n'


def module_text(name: str, owner: str) -> str:
    """Return the module that puts a pipeline's steps in order."""
    return MODULE.substitute(name=name, owner=owner, job="".join(map(str.capitalize, name.split("_"))))
