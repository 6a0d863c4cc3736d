"""Make one role per actor, each with what it does and nothing else.

Belongs here: who may take on a role, and its statements. Not here: what a statement says (`grants.py`). People's roles
are in `parts/people.yaml`, those of GitHub in `templates/github.yaml`.
"""

from __future__ import annotations

from typing import Any

from infrastructure.crawlers import crawler_name
from infrastructure.functions import FUNCTIONS, Function
from infrastructure.grants import (
    LAKE,
    LANDING,
    READ,
    REPLACE,
    RESULTS,
    Statement,
    allow,
    arn,
    key_statement,
    listing,
    objects,
)
from infrastructure.logs import GLUE_LOGS
from infrastructure.machines import BACKFILL, Machine
from infrastructure.yaml_text import Json

ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
"""Says that a service takes on a role for something of this account only."""


def role(service: str, about: str, statements: list[Any], *, is_bound: bool = True) -> Json:
    """Return a role that one service takes on.

    Args:
        service: such as `lambda`.
        about: who has it.
        statements: what it allows.
        is_bound: whether the service says for which account it asks; Lambda and Glue do not.
    """
    trust: Json = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust |= {"Condition": ACCOUNT} if is_bound else {}
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": about,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "own", "PolicyDocument": policy}],
        },
    }


def logging(group: str) -> Statement:
    """Return the right to write into one log group."""
    return allow(("logs:CreateLogStream", "logs:PutLogEvents"), arn("logs", f"log-group:{group}:*"))


def function_role(function: Function, known: dict[str, list[Statement]]) -> Json:
    """Return a function's role: its run, its log, and its grants."""
    named = ("run", *function.grants)
    statements: list[Any] = [statement for name in named for statement in known[name]]
    log = logging(f"/aws/lambda/${{FunctionPrefix}}{function.name}")
    return role("lambda", f"Function {function.name}", [*statements, log, key_statement()], is_bound=False)


def machine_role(machine: Machine, known: dict[str, list[Statement]]) -> Json:
    """Return a machine's role: exactly its functions, its jobs, its workgroup and its topic.

    Athena works with the rights of whoever starts a query, so it reads silver, and reads and writes gold.

    Args:
        machine: what works with it.
        known: what each name allows, over the tables of the machine's own pipeline.
    """
    functions = [arn("lambda", f"function:${{FunctionPrefix}}{name}") for name in machine.functions]
    names = [name for job in machine.jobs for name in (job, f"{job}{BACKFILL}")]
    jobs = [arn("glue", f"job/${{JobPrefix}}{name}") for name in names]
    statements: list[Any] = [allow(("lambda:InvokeFunction",), *functions)]
    if jobs:
        runs = ("glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun")
        statements.append(allow(runs, *jobs))
    crawler = ("glue:StartCrawler", "glue:GetCrawler")
    statements += [
        allow(crawler, arn("glue", f"crawler/{crawler_name(machine.pipeline)}")),
        *athena(),
        *known["gold_write"],
        *known["silver_read"],
        *known["publish"],
        listing(LAKE),
        *machine_log(),
        key_statement(),
    ]
    return role("states", f"Machine {machine.name}", statements)


def athena() -> list[Statement]:
    """Return the right to query in the product's workgroup, with its results."""
    queries = ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults", "GetWorkGroup")
    results = ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
    where = f"arn:${{AWS::Partition}}:s3:::{RESULTS}"
    return [
        allow([f"athena:{name}" for name in queries], arn("athena", "workgroup/${WorkGroupName}")),
        allow(("athena:GetDataCatalog",), arn("athena", "datacatalog/AwsDataCatalog")),
        objects(results, RESULTS, "*"),
        allow(("s3:GetBucketLocation", "s3:ListBucket"), where),
    ]


def machine_log() -> list[Statement]:
    """Return the rights of a machine to deliver its log, for which CloudWatch takes no ARN.

    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    actions = [f"logs:{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")]
    actions += ["logs:ListLogDeliveries", "logs:PutResourcePolicy"]
    actions += ["logs:DescribeResourcePolicies", "logs:DescribeLogGroups"]
    return [{"Effect": "Allow", "Action": sorted(actions), "Resource": ["*"]}]


def glue_role(known: dict[str, list[Statement]]) -> Json:
    """Return the role of the Glue jobs: landing and archive to read, silver to write."""
    names = ("run", "landing", "archive_read", "bronze_read", "silver_write", "gold_read")
    statements: list[Any] = [statement for name in names for statement in known[name]]
    logs = arn("logs", f"log-group:{GLUE_LOGS}/*")
    statements += [
        objects(READ, "${CodeBucket}", "*"),
        allow(("s3:ListBucket",), "arn:${AWS::Partition}:s3:::${CodeBucket}"),
        allow(("logs:CreateLogStream", "logs:PutLogEvents"), logs, f"{logs}:*"),
        key_statement(),
    ]
    return role("glue", "Glue jobs of the lakehouse", statements, is_bound=False)


def crawler_role(known: dict[str, list[Statement]]) -> Json:
    """Return the crawlers' role: they read silver's files, and write their entries in the catalog."""
    logs = arn("logs", "log-group:/aws-glue/crawlers*")
    statements = [
        listing(LAKE),
        *known["silver_read"],
        *known["silver_catalog"],
        allow(("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"), logs, f"{logs}:*"),
        key_statement(),
    ]
    return role("glue", "Crawlers of silver", statements, is_bound=False)


def scheduler_role(machines: list[Machine]) -> Json:
    """Return the role of EventBridge Scheduler: it starts the machines, and asks `CheckTick`."""
    started = [arn("states", f"stateMachine:${{FunctionPrefix}}{machine.name}") for machine in machines]
    statements = [
        allow(("states:StartExecution",), *started),
        allow(("sqs:SendMessage",), "${DeadLetters.Arn}"),
    ]
    if any(function.name == "CheckTick" for function in FUNCTIONS):
        statements.append(allow(("lambda:InvokeFunction",), arn("lambda", "function:${FunctionPrefix}CheckTick")))
    return role("scheduler", "Schedules of the lakehouse", statements)


def analyst_policies(known: dict[str, list[Statement]]) -> list[Json]:
    """Return what analysts may do: query silver and gold in the workgroup, and change nothing but its results."""
    return _own([*athena(), *known["silver_read"], *known["gold_read"], listing(LAKE), key_statement()])


def erasure_policies(known: dict[str, list[Statement]]) -> list[Json]:
    """Return what erasing a person takes: every object of lake and landing with its versions, and entries of gold."""
    buckets = (LAKE, LANDING)
    versions = ("s3:GetObjectVersion", "s3:DeleteObjectVersion")
    return _own(
        [
            *(listing(bucket) for bucket in buckets),
            *(objects((*REPLACE, *versions), bucket, "*") for bucket in buckets),
            allow(("s3:ListBucketVersions",), *(f"arn:${{AWS::Partition}}:s3:::{bucket}" for bucket in buckets)),
            *known["gold_write"],
            key_statement(),
        ]
    )


def _own(statements: list[Statement]) -> list[Json]:
    return [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]
