"""Say in statements of IAM what an actor may do, by short names that `functions.py` and `roles.py` use.

Every name is one thing that somebody does, with the keys of the lake that it is done to. Nobody has `*` as a resource
but where AWS knows none: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Statement = dict[str, Any]

LAKE, LANDING, RESULTS = "${LakeBucket}", "${LandingBucket}", "${ResultsBucket}"
SILVER = ("lakehouse-dwh/*",)
READ, WRITE = ("s3:GetObject",), ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
"""What reading and writing an object takes: conditional puts look at the object that is there."""
REPLACE = (*WRITE, "s3:DeleteObject")
TABLES = ("glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartitions")
EXECUTIONS = ("states:DescribeExecution", "states:GetExecutionHistory")
MESSAGES = tuple(
    f"sqs:{name}"
    for name in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ChangeMessageVisibility")
)
DECLARE = ("glue:CreateDatabase", "glue:CreateTable", "glue:UpdateTable")


def allow(actions: Iterable[str], *resources: str) -> Statement:
    """Return a statement that allows actions on ARNs, in which names in `${...}` are the template's."""
    arns = [{"Fn::Sub": arn} if "${" in arn else arn for arn in resources]
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": arns}


def objects(actions: Iterable[str], bucket: str, *keys: str) -> Statement:
    """Return a statement that allows actions on keys of a bucket."""
    return allow(actions, *(f"arn:${{AWS::Partition}}:s3:::{bucket}/{key}" for key in keys))


def listing(bucket: str) -> Statement:
    """Return a statement that allows to list a bucket; without it, what is not there reads as a missing right."""
    return allow(("s3:ListBucket", "s3:ListBucketMultipartUploads"), f"arn:${{AWS::Partition}}:s3:::{bucket}")


def arn(service: str, rest: str) -> str:
    """Return the pattern of an ARN in this account and region."""
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"


def catalog(actions: Iterable[str], databases: Iterable[str]) -> Statement:
    """Return a statement about databases of the Glue catalog and all their tables."""
    named = [arn("glue", kind) for name in databases for kind in (f"database/{name}", f"table/{name}/*")]
    return allow(actions, arn("glue", "catalog"), *named)


def key_statement() -> dict[str, Any]:
    """Return the statement for the key of the buckets, which is there when the parameter names one."""
    use = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": [{"Ref": "KmsKeyArn"}],
    }
    return {"Fn::If": ["HasKey", use, {"Ref": "AWS::NoValue"}]}


def grants(silver: Iterable[str], gold: Iterable[str]) -> dict[str, list[Statement]]:
    """Return what each name allows.

    Args:
        silver: databases of silver's tables, whose files lie in one folder of the lake.
        gold: databases whose tables lie below a prefix of that name in the lake.
    """
    databases = sorted({*silver, *gold})
    tables = [f"{name}/*" for name in gold]
    topic, machines = "${Topic}", arn("states", "stateMachine:${FunctionPrefix}*")
    return {
        # What every function has: the lease that it joins, and the folder of its run.
        "run": [listing(LAKE), objects(REPLACE, LAKE, "leases/*"), objects(WRITE, LAKE, "runs/*")],
        "landing": [listing(LANDING), objects(READ, LANDING, "*")],
        "landing_look": [listing(LANDING), objects(READ, LANDING, "*"), listing(LAKE)],
        "landing_take": [listing(LANDING), objects(REPLACE, LANDING, "*")],
        "archive": [objects(REPLACE, LAKE, "archived/*", "quarantine/*", "watch/*")],
        # What was archived is final in S3, where nobody goes on writing an object: it is read, and never given back.
        "archive_read": [objects(READ, LAKE, "archived/*", "quarantine/*"), objects(WRITE, LAKE, "watch/*")],
        "claim": [objects(WRITE, LAKE, "ticks/*", "executions/*", "history/*")],
        "silver_read": [objects(READ, LAKE, *SILVER)],
        # What a load counted in data files, beside the tables, is a memory of its own.
        "silver_write": [objects(REPLACE, LAKE, *SILVER), objects(WRITE, LAKE, "warned/*")],
        "gold_read": [catalog(TABLES, databases), objects(READ, LAKE, *tables)],
        "gold_write": [catalog((*TABLES, *DECLARE), databases), objects(REPLACE, LAKE, *tables)],
        "silver_catalog": [catalog((*TABLES, *DECLARE), silver)],
        "catalog_read": [catalog(TABLES, databases)],
        "declared": [objects(WRITE, LAKE, "catalog/*")],
        "bronze": [objects(REPLACE, LAKE, "bronze/*", "land-folder/*")],
        "bronze_read": [objects(READ, LAKE, "bronze/*", "land-folder/*")],
        "affise": [allow(("secretsmanager:GetSecretValue",), "${AffiseKeyArn}", "${HashKeyArn}")],
        "report": [objects(REPLACE, LAKE, "reports/*")],
        # What waits to be told is taken away once it was.
        "record": [
            objects(WRITE, LAKE, "history/*", "ticks/*", "executions/*"),
            objects(REPLACE, LAKE, "notifications/*"),
        ],
        "record_read": [objects(READ, LAKE, "history/*", "ticks/*"), objects(REPLACE, LAKE, "notifications/*")],
        "metrics": [_metrics()],
        "publish": [allow(("sns:Publish",), topic)],
        "look_back": [
            allow(EXECUTIONS, arn("states", "execution:${FunctionPrefix}*")),
            listing(LANDING),
        ],
        "meter": [allow(("lambda:GetFunctionConfiguration",), arn("lambda", "function:${FunctionPrefix}*"))],
        "letters": [allow(("sqs:SendMessage",), "${DeadLetters.Arn}")],
        "start": [
            allow(("states:StartExecution", "states:ListExecutions"), machines),
            allow(("states:DescribeExecution",), arn("states", "execution:${FunctionPrefix}*")),
            allow(MESSAGES, "${Landed.Arn}"),
        ],
    }  # fmt: skip


def _metrics() -> Statement:
    """Return the right to put the project's own metrics; CloudWatch knows no ARN of a metric, but its namespace."""
    own = {"StringEquals": {"cloudwatch:namespace": "Lakehouse"}}
    return {"Effect": "Allow", "Action": ["cloudwatch:PutMetricData"], "Resource": ["*"], "Condition": own}
