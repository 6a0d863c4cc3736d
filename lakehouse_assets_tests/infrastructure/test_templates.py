"""The templates: current, valid against the schemas of every resource type, and safe to deploy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infrastructure.compose import TEMPLATES, stale
from infrastructure.machines import Machine, machines, tasks_of, triggers
from infrastructure.pipelines import places
from infrastructure.states import substitutions
from infrastructure.yaml_text import Json, read, text_of
from lakehouse_assets.contracts import contracts
from lambdas.startpipeline.logic import Decision, pause
from stepfunctions.calls import SUBSTITUTIONS

FILES = sorted(TEMPLATES.glob("*.yaml"))
EXPLAINED = {
    "WildcardResourceRule": {
        # CloudWatch delivers logs of machines by rights for which it takes no ARN, see `roles.machine_log`.
        *(f'"logs:{verb}LogDelivery"' for verb in ("Create", "Get", "Update", "Delete")),
        '"logs:ListLogDeliveries"',
        '"logs:PutResourcePolicy"',
        '"logs:DescribeResourcePolicies"',
        '"logs:DescribeLogGroups"',
    },
    # It makes the roles of the stacks; their names alone, and it is denied its own and those of the workflows.
    "PrivilegeEscalationRule": {"DeployRole has"},
}
"""What the security linter finds and stays, by rule, with the reason."""
DATA = ("AWS::S3::Bucket", "AWS::Glue::Database", "AWS::SecretsManager::Secret")


def resources(template: str, kind: str) -> dict[str, Json]:
    """The resources of one type of a template, by name."""
    found = read(TEMPLATES / template)["Resources"]
    return {name: one for name, one in found.items() if one["Type"] == kind}


def test_templates_are_current() -> None:
    """What is committed is what the parts, the functions and the machines say."""
    assert stale() == []


def test_a_library_that_changes_how_yaml_is_written_changes_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """`datacontract` makes SafeDumper write texts of several lines as blocks, in every process that imports it."""
    as_block = {str: lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")}
    monkeypatch.setattr(yaml.SafeDumper, "yaml_representers", yaml.SafeDumper.yaml_representers | as_block)
    assert yaml.safe_dump("a\nb") == "|-\n  a\n  b\n"
    assert text_of({"about": "a\nb"}).partition("\n")[2] == "about: 'a\n\n  b'\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_template_has_no_findings(path: Path) -> None:
    """The linter of CloudFormation finds nothing, not even something to note."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--include-checks", "W", "--", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_template_is_safe(path: Path) -> None:
    """The security linter finds nothing that is not explained: rights, trust, buckets, encryption."""
    command = [str(Path(sys.executable).with_name("cfripper")), str(path), "--resolve", "--format", "json"]
    done = subprocess.run([*command, "--logging", "ERROR"], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert found["exceptions"] == []
    strange = [one for one in found["failures"] if not _is_explained(one["rule"], one["reason"])]
    assert strange == []


def _is_explained(rule: str, reason: str) -> bool:
    return any(words in reason for words in EXPLAINED.get(rule, ()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_template_can_be_deployed(path: Path) -> None:
    """CloudFormation takes a megabyte from a bucket, and no aliases."""
    text = path.read_text("utf-8")
    assert len(text) < 1_000_000
    assert " &" not in text.replace(" && ", "")


def test_data_outlives_its_stack() -> None:
    """Whatever holds data stays when its stack goes, and when its resource is replaced."""
    kept = {kind: resources("data.yaml", kind) for kind in DATA}
    assert all(kept.values())
    policies = {
        (one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")) for of in kept.values() for one in of.values()
    }
    assert policies == {("Retain", "Retain")}
    assert not any(resources("lakehouse.yaml", kind) for kind in DATA)


def test_buckets_are_closed() -> None:
    """No bucket is public or unencrypted, none is reached without TLS, and what cannot be made again is versioned."""
    buckets = {name: one["Properties"] for name, one in resources("data.yaml", "AWS::S3::Bucket").items()}
    assert all(all(one["PublicAccessBlockConfiguration"].values()) for one in buckets.values())
    assert all("BucketEncryption" in one for one in buckets.values())
    assert {name for name, one in buckets.items() if one["VersioningConfiguration"]["Status"] == "Enabled"} >= {
        "LakeBucket",
        "LandingBucket",
    }
    policies = resources("data.yaml", "AWS::S3::BucketPolicy").values()
    denied = {p["Properties"]["Bucket"]["Ref"] for p in policies if "TlsOnly" in str(p) and "SecureTransport" in str(p)}
    assert denied == set(buckets)


def test_no_name_of_a_machine_is_left_open() -> None:
    """Every substitution that a machine may name is given, with a crawler or without."""
    resource = resources("lakehouse.yaml", "AWS::StepFunctions::StateMachine")
    for machine in machines():
        given = resource[machine.logical_id]["Properties"]["DefinitionSubstitutions"]
        assert set(machine.substitutions) <= set(given) == SUBSTITUTIONS
        assert given == substitutions(machine.pipeline, places()[machine.pipeline])


def test_a_crawler_looks_at_the_delta_tables_of_its_pipeline_alone() -> None:
    """Tables of another pipeline may not be there yet, and would be put into the wrong database."""
    found = resources("lakehouse.yaml", "AWS::Glue::Crawler")
    assert sorted(found) == ["EcommerceCrawler", "MarketingCrawler"]
    crawler = found["EcommerceCrawler"]["Properties"]
    (target,) = crawler["Targets"]["DeltaTargets"]
    names = ("clean_orders", "clean_orders_items", "clean_products", "ecommerce_pending", "ecommerce_rejects")
    tables = [f"s3://${{LakeBucket}}/lakehouse-dwh/{name}" for name in (*names, "ecommerce_run_ledger")]
    assert [table["Fn::Sub"] for table in target["DeltaTables"]] == tables
    assert crawler["DatabaseName"] == "delta_lakehouse"
    assert crawler["Name"] == {"Fn::Sub": "${CrawlerName}-ecommerce"}


def test_a_job_is_tried_once_and_ends_before_its_state() -> None:
    """Retries are the machine's; a job that goes on after its state gave up would hold the lease."""
    jobs = [one["Properties"] for one in resources("lakehouse.yaml", "AWS::Glue::Job").values()]
    assert {(job["MaxRetries"], job["GlueVersion"]) for job in jobs} == {(0, "6.0")}
    assert {job["ExecutionProperty"]["MaxConcurrentRuns"] for job in jobs} == {2}
    assert {job["Timeout"] for job in jobs if job["ExecutionClass"] == "STANDARD"} == {25}


def test_one_side_schedules() -> None:
    """Where Dagster starts runs, all schedules and wakers are disabled; where machines do, those run that are on."""
    scheduled = {
        name: one["Properties"] for name, one in resources("lakehouse.yaml", "AWS::Scheduler::Schedule").items()
    }
    here = {"Fn::If": ["SchedulesHere", "ENABLED", "DISABLED"]}
    # How old landing is, is measured whoever starts runs.
    assert scheduled.pop("EcommerceLandingLook")["State"] == "ENABLED"
    assert {str(one["State"]) for one in scheduled.values()} == {str(here), "DISABLED"}
    assert {name for name, one in scheduled.items() if one["State"] == "DISABLED"} == {
        "MarketingIntradaySchedule",
        "MarketingIntradayScheduleCheck",
    }
    rules = resources("lakehouse.yaml", "AWS::Events::Rule")
    assert rules["EcommerceLandedRule"]["Properties"]["State"] == here
    assert "State" not in rules["RunEndedRule"]["Properties"]
    (caller,) = resources("lakehouse.yaml", "AWS::Lambda::EventSourceMapping").values()
    assert caller["Properties"]["Enabled"] == {"Fn::If": ["SchedulesHere", True, False]}


def test_schedules_are_in_the_zone_of_their_pipeline() -> None:
    """The report's ticks are at 9:00 and 14:00 in Berlin, and asked for three quarters of an hour later."""
    found = resources("lakehouse.yaml", "AWS::Scheduler::Schedule")
    tick, check = (found[f"MarketingTwiceDailySchedule{kind}"]["Properties"] for kind in ("", "Check"))
    assert (tick["ScheduleExpression"], tick["ScheduleExpressionTimezone"]) == ("cron(0 9,14 * * ? *)", "Europe/Berlin")
    assert (check["ScheduleExpression"], check["ScheduleExpressionTimezone"]) == (
        "cron(45 9,14 * * ? *)",
        "Europe/Berlin",
    )


def test_a_wake_up_outlasts_the_longest_run() -> None:
    """A message that meets a running pipeline comes back until its machine must be over, and is kept for as long."""
    queue = resources("lakehouse.yaml", "AWS::SQS::Queue")["Landed"]["Properties"]
    receives = range(1, queue["RedrivePolicy"]["maxReceiveCount"] + 1)
    woken = {trigger.machine for trigger in triggers()}
    longest = max(longest_of(machine) for machine in machines() if machine.name in woken)
    going_on = Decision(None, again=1, why="a run goes on")
    assert 3600 < longest < sum(pause(going_on, 1, receive) for receive in receives)
    assert longest < queue["MessageRetentionPeriod"]


def longest_of(machine: Machine) -> int:
    """How long an execution may take: its own limit, else all its tasks one after the other."""
    tasks = sum(task["TimeoutSeconds"] for task in tasks_of(machine.definition))
    return int(machine.definition.get("TimeoutSeconds", tasks))


def test_what_costs_extra_is_off() -> None:
    """QuickSight and the budget stand under a condition that is false until somebody says who or how much."""
    template = read(TEMPLATES / "lakehouse.yaml")
    extra = {name: one.get("Condition") for name, one in template["Resources"].items() if _is_extra(one["Type"])}
    assert extra == {
        "Budget": "HasBudget",
        "ReportSource": "HasQuickSight",
        "ReportData": "HasQuickSight",
        "ReportRefresh": "HasQuickSight",
        "ReportDashboard": "HasQuickSight",
    }
    assert (
        template["Parameters"]["QuickSightUser"]["Default"],
        template["Parameters"]["MonthlyBudget"]["Default"],
    ) == ("", 0)


def _is_extra(kind: str) -> bool:
    return kind.startswith(("AWS::QuickSight::", "AWS::Budgets::"))


def test_the_dashboard_has_the_columns_of_the_contract() -> None:
    """QuickSight reads the columns that the report has, with their kinds."""
    data = resources("lakehouse.yaml", "AWS::QuickSight::DataSet")["ReportData"]["Properties"]
    columns = data["PhysicalTableMap"]["report"]["RelationalTable"]["InputColumns"]
    kinds = {column["Name"]: column["Type"] for column in columns}
    contract = contracts("marketing")["gold.daily_report_sub5_output"]
    assert list(kinds) == [column.name for column in contract.columns]
    assert (kinds["datestamp"], kinds["sub5"], kinds["click_count"]) == ("DATETIME", "STRING", "INTEGER")
    assert kinds["approved_revenue"] == "DECIMAL"
