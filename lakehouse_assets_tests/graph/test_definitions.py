"""The asset graph loads, looks as it is meant to, and keeps its bodies short."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.definitions import build_definitions
from lakehouse_assets.graph.metadata import asset_key
from lakehouse_assets.graph.pipeline import freshness_policy
from lakehouse_assets.pipelines import pipeline_of
from lakehouse_assets_tests.graph.described import GOLDEN, SETTINGS, UPDATE, described, text

ASSET_LINES = 15
TABLES = [c for c in contracts("ecommerce").values() if c.layer in {"silver", "gold"}]
NO_COLUMN = {"_line"}
"""Silver's line number is counted, it comes from no column."""


def asset_bodies() -> dict[str, int]:
    """Lines of each function under a Dagster decorator, without its signature."""
    trees = [ast.parse(path.read_text("utf-8")) for path in Path("lakehouse_assets/graph").glob("*.py")]
    inner = [f for tree in trees for factory in tree.body for f in ast.walk(factory) if isinstance(f, ast.FunctionDef)]
    decorated = [f for f in inner if any("asset" in ast.unparse(d) for d in f.decorator_list)]
    return {f.name: (f.end_lineno or 0) - f.body[0].lineno + 1 for f in decorated}


def named(table: Contract) -> str:
    """How a test of one table is called."""
    return table.name


def test_definitions_load() -> None:
    """Everything resolves: selections, checks, schedules, sensors, resources."""
    dg.Definitions.validate_loadable(build_definitions(SETTINGS))


def test_the_graph_is_the_golden() -> None:
    """Keys, dependencies, kinds, owners, checks, steps, automation and column lineage are as reviewed."""
    assert text() == GOLDEN.read_text("utf-8"), f"the graph changed; if it was meant to: {UPDATE}"


def test_asset_bodies_are_short() -> None:
    """Assets and checks only unpack, call and return."""
    bodies = asset_bodies()
    assert set(bodies) == {"manifest", "silver", "model", "checks", "call", "in_time", "files"}
    assert max(bodies.values()) <= ASSET_LINES, bodies


@pytest.mark.parametrize("job", ["ecommerce", "marketing"])
def test_no_step_takes_a_configuration_that_it_does_not_know(job: str) -> None:
    """Dagster lets a step without a schema have any, which then does nothing."""
    steps = build_definitions(SETTINGS).resolve_job_def(job).nodes
    kinds = {step.name: step.definition.config_schema.config_type.key for step in steps}  # type: ignore[union-attr] # ops have one
    assert len(kinds) > 5
    assert [name for name, kind in kinds.items() if kind == "Any"] == []


def test_every_asset_is_described() -> None:
    """No asset without description, owner, kind and group; no check without words."""
    graph = described()
    wanted = ("description", "owners", "kinds", "group")
    assert not [key for key, asset in graph["assets"].items() if not all(asset[name] for name in wanted)]
    assert not [key for key, check in graph["checks"].items() if not check["description"]]


def test_every_contract_is_an_asset() -> None:
    """Each landing dataset, silver and gold table is in the graph, and nothing else but what functions do."""
    known = [c for name in ("ecommerce", "marketing") for c in contracts(name).values() if c.layer != "control"]
    tables = {asset_key(c).to_user_string() for c in known}
    pull = {f"bronze/{name}" for name in ("affise_plan", "affise_lists", "affise_facts", "affise_pages")}
    shop, agency = {"archive/ecommerce_files"}, {*pull, "bronze/affise_watermark", "report/sub5_report"}
    manifests = {"bronze/ecommerce_manifest", "bronze/marketing_manifest"}
    assert set(described()["assets"]) - tables == manifests | shop | agency


def test_gold_says_the_version_of_its_code() -> None:
    """So the UI knows which tables were made by another model; nothing else is made by one."""
    graph, both = build_definitions(SETTINGS).resolve_asset_graph(), map(pipeline_of, ("ecommerce", "marketing"))
    versions = {key: graph.get(key).code_version for key in graph.get_all_asset_keys()}
    expected = {asset_key(gold): one.model_version(gold).code for one in both for gold in one.layer("gold")}
    assert {key: version for key, version in versions.items() if version} == expected
    assert len(set(expected.values())) == 7


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_lineage_has_every_column(table: Contract) -> None:
    """Silver and gold say of each column where it comes from."""
    lineage: dict[str, list[str]] = described()["assets"][asset_key(table).to_user_string()]["columns"]
    assert {c.name for c in table.columns} - set(lineage) <= NO_COLUMN


def test_lineage_reaches_landing() -> None:
    """An amount of gold comes from orders in silver, which comes from the landing column."""
    assets = described()["assets"]
    assert "silver/clean_orders.total_amount" in assets["gold/daily_sales"]["columns"]["amount"]
    assert assets["silver/clean_orders"]["columns"]["total_amount"] == ["landing/orders.total_amount"]
    assert assets["silver/clean_orders"]["columns"]["_file"] == ["bronze/ecommerce_manifest.key"]


@pytest.mark.parametrize("table", [t for t in TABLES if "date" in {c.name for c in t.columns}], ids=named)
def test_dated_tables_are_checked_for_age_and_volume(table: Contract) -> None:
    """Every table with a business date warns when its newest date is old or thin."""
    rules = {rule.code: rule.verdict for rule in table.assertions}
    assert (rules.get("freshness"), rules.get("volume")) == ("warn", "warn")


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_freshness_is_what_the_contract_promises(table: Contract) -> None:
    """The badge turns red when the latest materialization is older than the contract's 26 hours."""
    policy: Any = freshness_policy(table)
    assert policy.fail_window.to_timedelta() == timedelta(hours=26)
    assert policy.warn_window is None


def test_blocking_checks_stand_before_what_follows() -> None:
    """Assertions are steps of their own that gold and archive wait for."""
    steps = described()["jobs"]["ecommerce"]
    assert "ecommerce_silver_assertions" in steps["gold__daily_sales"]
    assert "ecommerce_gold_assertions" in steps["archive__ecommerce_files"]


def test_importing_the_definitions_starts_nothing_heavy() -> None:
    """The code location loads without the engines, pandas, Spark and the AWS clients, which take seconds."""
    heavy = {"duckdb", "deltalake", "pyiceberg", "pandas", "pyarrow", "pyspark", "boto3", "dagster_aws"}
    code = f"import sys, lakehouse_assets.definitions; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
