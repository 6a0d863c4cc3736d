"""Each role may do what its work takes, and nothing of what would hurt."""

from __future__ import annotations

import pytest

from infrastructure.machines import machines
from lakehouse_assets_tests.infrastructure.policies import ACCOUNT, REGION, VALUES, allows, roles


def s3(path: str) -> str:
    """The ARN of a bucket or an object."""
    return f"arn:aws:s3:::{path}"


def arn(service: str, rest: str) -> str:
    """An ARN of the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


LANDED, SILVER, BRONZE = (
    s3("landing/land-folder/Data/orders/a.csv"),
    s3("lake/lakehouse-dwh/t/x.parquet"),
    s3("lake/bronze/affise/x.gz"),
)
GOLD, ARCHIVED, REPORT = (
    s3("lake/ecommerce_gold/t/data/x.parquet"),
    s3("lake/archived/ecommerce/x"),
    s3("lake/reports/Sub5-latest.csv"),
)
RUN, LEASE = s3("lake/runs/ecommerce/r1/manifest.json"), s3("lake/leases/ecommerce.json")
MACHINE, SECRET, TOPIC = arn("states", "stateMachine:ecommerce"), VALUES["AffiseKeyArn"], VALUES["Topic"]
GOLD_TABLE, SILVER_TABLE = arn("glue", "table/ecommerce_gold/t"), arn("glue", "table/delta_lakehouse/t")
REPORTED, REPORTED_TABLE = s3("lake/affise_data_fusion/t/data/x.parquet"), arn("glue", "table/affise_data_fusion/t")
WORKED = [("s3:GetObject", RUN), ("s3:PutObject", RUN), ("s3:GetObject", LEASE), ("s3:PutObject", LEASE)]
JOB_OF_MARKETING = arn("glue", "job/adstart_sub5_get_offer_caps_data")
MACHINE_OF_MARKETING = [
    *(("lambda:InvokeFunction", arn("lambda", f"function:{name}"))
      for name in ("adstart_update_dimension_tables", "PullAffiseSlices", "CommitAffiseWatermark", "RecordRun")),
    ("glue:StartJobRun", JOB_OF_MARKETING), ("glue:BatchStopJobRun", JOB_OF_MARKETING),
    ("athena:StartQueryExecution", arn("athena", "workgroup/lakehouse")), ("s3:PutObject", REPORTED),
    ("glue:UpdateTable", REPORTED_TABLE), ("sns:Publish", TOPIC), ("s3:PutObject", s3("results/athena/x.csv")),
]  # fmt: skip

NEEDS = {
    "PlanRunRole": [
        ("s3:ListBucket", s3("landing")), ("s3:ListBucket", s3("lake")), ("s3:GetObject", LANDED),
        ("s3:GetObject", ARCHIVED), ("s3:PutObject", RUN), ("s3:PutObject", LEASE), ("s3:PutObject", SILVER),
        ("s3:PutObject", s3("lake/ticks/ecommerce/t.json")), ("s3:PutObject", s3("lake/executions/x.json")),
        ("glue:GetTable", GOLD_TABLE), ("s3:GetObject", s3("lake/ecommerce_gold/t/metadata/x.json")),
    ],
    "Moves3ObjectsRole": [
        ("s3:GetObject", LANDED), ("s3:DeleteObject", LANDED), ("s3:PutObject", ARCHIVED), ("s3:GetObject", RUN),
        ("s3:PutObject", s3("lake/quarantine/ecommerce/x")), ("s3:PutObject", s3("lake/watch/ecommerce.json")),
    ],
    "DeclareTablesRole": [
        ("glue:GetTables", GOLD_TABLE), ("glue:CreateTable", GOLD_TABLE), ("s3:PutObject", s3("lake/catalog/x.json")),
    ],
    "RenderModelRole": [("s3:GetObject", SILVER), ("s3:PutObject", SILVER), ("s3:PutObject", RUN)],
    "AcknowledgeModelRole": [("s3:GetObject", SILVER), ("s3:PutObject", SILVER), ("glue:GetTable", GOLD_TABLE)],
    "LoadSmallBatchRole": [
        ("s3:GetObject", LANDED), ("s3:GetObject", BRONZE), ("s3:PutObject", SILVER), ("s3:DeleteObject", SILVER),
    ],
    "RecordRunRole": [
        ("s3:PutObject", s3("lake/history/ecommerce/x.json")), ("s3:PutObject", LEASE),
        ("cloudwatch:PutMetricData", "*"),
    ],
    "EndRunRole": [
        ("sns:Publish", TOPIC), ("s3:PutObject", s3("lake/history/ecommerce/x.json")), ("s3:PutObject", LEASE),
        ("s3:GetObject", s3("lake/executions/x.json")), ("sqs:SendMessage", VALUES["DeadLetters.Arn"]),
    ],
    "CheckTickRole": [
        ("s3:GetObject", s3("lake/ticks/ecommerce/t.json")), ("s3:GetObject", s3("lake/history/ecommerce/x.json")),
        ("s3:ListBucket", s3("lake")), ("sns:Publish", TOPIC), ("cloudwatch:PutMetricData", "*"),
    ],
    "StartPipelineRole": [
        ("s3:ListBucket", s3("landing")), ("states:StartExecution", MACHINE), ("states:ListExecutions", MACHINE),
        ("states:DescribeExecution", arn("states", "execution:ecommerce:x")),
        ("sqs:DeleteMessage", VALUES["Landed.Arn"]), ("sqs:ChangeMessageVisibility", VALUES["Landed.Arn"]),
        ("sqs:GetQueueUrl", VALUES["Landed.Arn"]),
    ],
    "PullAffiseSlicesRole": [
        ("secretsmanager:GetSecretValue", SECRET), ("s3:PutObject", BRONZE), ("s3:DeleteObject", BRONZE),
    ],
    "AdstartUpdateDimensionTablesRole": [("secretsmanager:GetSecretValue", SECRET), ("s3:PutObject", BRONZE)],
    "ExportSub5ReportRole": [
        ("s3:PutObject", REPORT), ("glue:GetTable", arn("glue", "table/affise_data_fusion/t")),
        ("s3:GetObject", s3("lake/affise_data_fusion/t/data/x.parquet")),
    ],
    "GlueRole": [
        ("s3:GetObject", LANDED), ("s3:GetObject", ARCHIVED), ("s3:GetObject", BRONZE), ("s3:PutObject", SILVER),
        ("s3:DeleteObject", SILVER), ("s3:PutObject", RUN), ("s3:PutObject", LEASE), ("s3:GetObject", s3("code/x.zip")),
        ("logs:PutLogEvents", arn("logs", "log-group:/aws-glue/lakehouse-prod/output:log-stream:x")),
    ],
    "CrawlerRole": [("s3:GetObject", SILVER), ("glue:UpdateTable", SILVER_TABLE), ("glue:CreateTable", SILVER_TABLE)],
    "EcommerceMachineRole": [
        ("lambda:InvokeFunction", arn("lambda", "function:PlanRun")),
        ("glue:StartJobRun", arn("glue", "job/Lakehouse")),
        ("glue:BatchStopJobRun", arn("glue", "job/Lakehouse")), ("sns:Publish", TOPIC),
        ("athena:StartQueryExecution", arn("athena", "workgroup/lakehouse")), ("s3:GetObject", SILVER),
        ("s3:PutObject", GOLD), ("s3:DeleteObject", GOLD), ("glue:UpdateTable", GOLD_TABLE),
        ("s3:PutObject", s3("results/athena/x.csv")),
        ("glue:StartCrawler", arn("glue", "crawler/delta-crawler-ecommerce")),
    ],
    "MarketingMachineRole": [
        *MACHINE_OF_MARKETING, ("lambda:InvokeFunction", arn("lambda", "function:export-sub5-report")),
    ],
    "MarketingIntradayMachineRole": MACHINE_OF_MARKETING,
    "LoadOutcomeRole": WORKED,
    "JudgeChecksRole": WORKED,
    "PlanAffisePullRole": [*WORKED, ("secretsmanager:GetSecretValue", SECRET), ("s3:PutObject", BRONZE)],
    "NameAffisePagesRole": [*WORKED, ("s3:GetObject", BRONZE)],
    "CommitAffiseWatermarkRole": [*WORKED, ("s3:PutObject", BRONZE)],
    "SchedulerRole": [
        ("states:StartExecution", MACHINE), ("lambda:InvokeFunction", arn("lambda", "function:CheckTick")),
    ],
    "ErasureRole": [
        ("s3:ListBucketVersions", s3("lake")), ("s3:DeleteObjectVersion", SILVER), ("s3:DeleteObjectVersion", GOLD),
        ("s3:PutObject", ARCHIVED), ("s3:PutObject", LANDED), ("glue:UpdateTable", GOLD_TABLE),
    ],
    "AnalystRole": [
        ("athena:StartQueryExecution", arn("athena", "workgroup/lakehouse")), ("s3:GetObject", SILVER),
        ("s3:GetObject", GOLD), ("glue:GetTable", GOLD_TABLE), ("s3:PutObject", s3("results/athena/x.csv")),
        ("kms:Decrypt", VALUES["KmsKeyArn"]),
    ],
    "MarketingRole": [("s3:GetObject", REPORT)],
}  # fmt: skip
"""What each role's work takes, read off what the functions and services do."""

NEVER = [
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/x"), ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/x"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x"), ("s3:DeleteBucket", s3("lake")),
    ("s3:PutBucketPolicy", s3("lake")), ("s3:PutLifecycleConfiguration", s3("lake")),
    ("s3:PutBucketVersioning", s3("lake")), ("s3:GetObject", s3("another/x")),
    ("glue:DeleteTable", GOLD_TABLE), ("glue:DeleteDatabase", arn("glue", "database/ecommerce_gold")),
    ("glue:GetTable", arn("glue", "table/other/t")), ("kms:ScheduleKeyDeletion", VALUES["KmsKeyArn"]),
    ("secretsmanager:PutSecretValue", SECRET), ("lambda:UpdateFunctionCode", arn("lambda", "function:PlanRun")),
    ("states:UpdateStateMachine", MACHINE), ("athena:StartQueryExecution", arn("athena", "workgroup/primary")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/aws/lambda/PlanRun")), ("sns:Subscribe", TOPIC),
    ("s3:PutObject", s3("code/functions.zip")), ("glue:StartCrawler", arn("glue", "crawler/another")),
    ("cloudformation:DeleteStack", arn("cloudformation", "stack/x")),
]  # fmt: skip
"""What no role may do."""

ONLY = {
    "states:StartExecution": (MACHINE, {"SchedulerRole", "StartPipelineRole"}),
    "secretsmanager:GetSecretValue": (
        SECRET,
        {"PlanAffisePullRole", "AdstartUpdateDimensionTablesRole", "PullAffiseSlicesRole"},
    ),
    "s3:DeleteObject": (LANDED, {"Moves3ObjectsRole", "ErasureRole"}),
    "s3:PutObject": (ARCHIVED, {"Moves3ObjectsRole", "ErasureRole"}),
    "s3:DeleteObjectVersion": (SILVER, {"ErasureRole"}),
    "glue:StartJobRun": (
        arn("glue", "job/Lakehouse"),
        {"EcommerceMachineRole"},
    ),
    "sns:Publish": (
        TOPIC,
        {"EndRunRole", "CheckTickRole", "RecordRunRole", *(f"{machine.logical_id}Role" for machine in machines())},
    ),
}
"""What some roles may do and no other."""


@pytest.mark.parametrize("role", NEEDS)
def test_a_role_may_do_its_work(role: str) -> None:
    """Everything that its work takes is allowed."""
    context = {"cloudwatch:namespace": "Lakehouse"}
    assert [need for need in NEEDS[role] if not allows(role, *need, **context)] == []


@pytest.mark.parametrize(("action", "resource"), NEVER, ids=[action for action, _ in NEVER])
def test_no_role_may_hurt(action: str, resource: str) -> None:
    """Rights over rights, over whole buckets and old versions, over code, and over what is not the product's."""
    assert [role for role in roles() if allows(role, action, resource)] == []


@pytest.mark.parametrize("action", ONLY)
def test_some_may_and_no_other(action: str) -> None:
    """Who starts runs, reads secrets, empties landing, runs jobs and tells people is known by name."""
    resource, expected = ONLY[action]
    assert {role for role in roles() if allows(role, action, resource)} == expected


def test_analysts_change_nothing() -> None:
    """An analyst writes results of queries, and neither tables nor files; marketing sees no table."""
    for action, resource in [("s3:PutObject", SILVER), ("s3:DeleteObject", GOLD), ("glue:UpdateTable", GOLD_TABLE)]:
        assert not allows("AnalystRole", action, resource)
    assert not allows("AnalystRole", "s3:GetObject", BRONZE)
    assert not allows("MarketingRole", "s3:GetObject", GOLD)
    assert not allows("MarketingRole", "s3:ListBucket", s3("lake"), **{"s3:prefix": "bronze/"})
    assert allows("MarketingRole", "s3:ListBucket", s3("lake"), **{"s3:prefix": "reports/"})


def test_a_machine_starts_its_own_crawler_alone() -> None:
    """Another pipeline's would put its tables into the catalog in the middle of its load."""
    assert not allows("EcommerceMachineRole", "glue:StartCrawler", arn("glue", "crawler/delta-crawler-marketing"))
    assert allows("MarketingMachineRole", "glue:StartCrawler", arn("glue", "crawler/delta-crawler-marketing"))


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("EcommerceMachineRole", "s3:PutObject", REPORTED),
        ("EcommerceMachineRole", "glue:UpdateTable", REPORTED_TABLE),
        ("EcommerceMachineRole", "lambda:InvokeFunction", arn("lambda", "function:PullAffiseSlices")),
        ("MarketingMachineRole", "s3:PutObject", GOLD),
        ("MarketingMachineRole", "glue:UpdateTable", GOLD_TABLE),
        ("MarketingMachineRole", "lambda:InvokeFunction", arn("lambda", "function:Moves3Objects")),
        ("MarketingIntradayMachineRole", "lambda:InvokeFunction", arn("lambda", "function:export-sub5-report")),
        ("NameAffisePagesRole", "secretsmanager:GetSecretValue", SECRET),
        ("LoadOutcomeRole", "s3:PutObject", SILVER),
        ("JudgeChecksRole", "s3:GetObject", SILVER),
    ],
)
def test_one_does_not_do_the_work_of_another(role: str, action: str, resource: str) -> None:
    """A machine writes the gold of its own pipeline by its own functions; who judges reads what was answered."""
    assert not allows(role, action, resource)


def test_metrics_are_the_products_own() -> None:
    """Nobody puts numbers into another namespace, by which alarms of others could be silenced."""
    assert not allows("RecordRunRole", "cloudwatch:PutMetricData", "*", **{"cloudwatch:namespace": "AWS/Lambda"})


def test_every_role_is_tried() -> None:
    """A role that is added is described here too."""
    assert set(roles()) == set(NEEDS)
