"""Compose the templates: parts that people write, and what follows from the functions, the machines and the contracts.

    python -m infrastructure.compose [--check]

`make emit` runs it after the machines were emitted. A template is one file without aliases, which CloudFormation
refuses: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import sys
from itertools import zip_longest
from pathlib import Path

from infrastructure.alarms import alarm_resources
from infrastructure.crawlers import crawler_resources
from infrastructure.functions import ROOT
from infrastructure.grants import Statement, grants
from infrastructure.lambdas import function_resources
from infrastructure.machines import machines, ticks, triggers
from infrastructure.pipelines import databases, places
from infrastructure.quicksight import dashboard_resources
from infrastructure.roles import (
    analyst_policies,
    crawler_role,
    erasure_policies,
    glue_role,
    machine_role,
    scheduler_role,
)
from infrastructure.scheduling import schedule_resources
from infrastructure.spark import job_resources
from infrastructure.states import machine_resources, parameter
from infrastructure.waking import waker_resources
from infrastructure.yaml_text import Json, read, text_of

PARTS, TEMPLATES = ROOT / "infrastructure" / "parts", ROOT / "infrastructure" / "templates"
WRITTEN = ("messages", "queries", "people", "dashboards", "outputs")
"""Names the written parts of the stack, in the order in which its template has them."""


def data_template() -> Json:
    """Return the template of what outlives every deployment: buckets, databases, secrets."""
    template = read(PARTS / "data.yaml")
    for name in databases():
        template["Resources"] |= _database(name)
    return template


def _grants(pipeline: str | None = None) -> dict[str, list[Statement]]:
    """Return what may be granted: over the tables of one pipeline, or of all."""
    return grants(databases("silver", "control", "reference", pipeline=pipeline), databases("gold", pipeline=pipeline))


def stack_template() -> Json:
    """Return the template of everything that runs."""
    template = read(PARTS / "head.yaml") | {"Resources": {}, "Outputs": {}}
    known, found = _grants(), machines()
    for machine in found:
        template["Parameters"][parameter(machine)] = {
            "Type": "String",
            "Description": f"Key of the definition of {machine.name}",
        }
    roles = {machine.logical_id + "Role": machine_role(machine, _grants(machine.pipeline)) for machine in found}
    made = {
        **function_resources(known),
        "GlueRole": glue_role(known),
        "CrawlerRole": crawler_role(known),
        "SchedulerRole": scheduler_role(found),
        **roles,
        **job_resources(found),
        **crawler_resources(),
        **machine_resources(found, places()),
        **schedule_resources(found, ticks(), places()),
        **waker_resources(found, triggers(), places()),
        **alarm_resources(sorted(places())),
        **dashboard_resources(),
    }
    for name in WRITTEN:
        part = read(PARTS / f"{name}.yaml")
        template["Resources"] |= part.get("Resources", {})
        template["Outputs"] |= part.get("Outputs", {})
    template["Resources"] |= made
    for name, policies in {"AnalystRole": analyst_policies(known), "ErasureRole": erasure_policies(known)}.items():
        template["Resources"][name]["Properties"]["Policies"] = policies
    return template


def templates() -> dict[str, str]:
    """Return the text of every emitted template, by file name."""
    return {"data.yaml": text_of(data_template()), "lakehouse.yaml": text_of(stack_template())}


def write(folder: Path = TEMPLATES) -> list[Path]:
    """Write the templates; return those that changed."""
    changed = stale(folder)
    for path in changed:
        path.write_text(templates()[path.name], "utf-8")
    return changed


def stale(folder: Path = TEMPLATES) -> list[Path]:
    """Return the templates that `write` would change."""
    found = {folder / name: text for name, text in templates().items()}
    return [path for path, text in found.items() if not path.is_file() or path.read_text("utf-8") != text]


def difference(path: Path) -> str:
    """Return the name of a template and the first lines in which it differs from what `write` would write."""
    made, found = templates()[path.name].splitlines(), path.read_text("utf-8").splitlines() if path.is_file() else []
    pairs = enumerate(zip_longest(found, made, fillvalue=""), 1)
    line, (old, new) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    return f"{path.name}, line {line}: `{old.strip()}` would be `{new.strip()}`"


def _database(name: str) -> Json:
    """Return a database of the catalog; its tables are declared by runs."""
    logical = "".join(word.capitalize() for word in name.split("_")) + "Database"
    described = {"Name": name, "Description": "Made by the lakehouse."}
    properties = {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": described}
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {logical: {"Type": "AWS::Glue::Database", **kept, "Properties": properties}}


def main(flags: list[str]) -> None:
    """Write the templates, or say which are not current.

    Raises:
        SystemExit: with `--check`, when one is not.
    """
    is_check = "--check" in flags
    changed = stale() if is_check else write()
    for path in changed:
        print(f"not current: {difference(path)}" if is_check else f"written: {path.relative_to(ROOT)}")
    if is_check and changed:
        raise SystemExit("emit: run `make emit` and commit what it writes.")


if __name__ == "__main__":
    main(sys.argv[1:])
