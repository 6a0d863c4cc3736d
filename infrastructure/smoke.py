"""Check in a deployed environment what no emulator can prove; `make smoke ENV=prod`, once after the first deployment.

Each check is a sentence and a question to AWS. None of them changes data; what costs says so in its sentence.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import stack
from infrastructure.deploy import Deployment, parameters_of
from lakehouse_assets.errors import BadRequest, LakehouseError
from lakehouse_assets.storage.aws import client as s3_client
from lakehouse_assets.storage.aws import client_of

SECONDS = 180
OUTPUTS = dict[str, str]


class Unproven(LakehouseError):  # noqa: N818 - an error is named for what happened
    """Says that what was expected of AWS is not so; the sentence tells what is."""


@dataclass(frozen=True)
class Check:
    """Hold one check: what it proves, in a sentence, and the question."""

    sentence: str
    ask: Callable[[OUTPUTS], None]


def topic_is_confirmed(of: OUTPUTS) -> None:
    """Ask whether somebody reads the messages."""
    pages = client_of("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=of["Topic"])
    found = [item["SubscriptionArn"] for page in pages for item in page["Subscriptions"]]
    if not any(one.startswith("arn:") for one in found):
        raise Unproven(message="nobody has confirmed a subscription: look for the mail of AWS")


def functions_start(of: OUTPUTS) -> None:
    """Call a function from an image, and one from a zip, with an event that they refuse in a sentence."""
    for name in ("PlanRun", "Moves3Objects"):
        answer = client_of("lambda").invoke(FunctionName=f"{of['FunctionPrefix']}{name}", Payload=b"{}")
        told = answer["Payload"].read().decode()
        if "errorType" not in told or "Runtime." in told:
            raise Unproven(message=f"{name} answered {told[:300]}")


def definitions_are_valid(of: OUTPUTS) -> None:
    """Have Step Functions itself look at the deployed definitions."""
    states = client_of("stepfunctions")
    for name in (key for key in of if key.endswith("Machine")):
        text = states.describe_state_machine(stateMachineArn=of[name])["definition"]
        found = states.validate_state_machine_definition(definition=text, severity="WARNING")
        if found["result"] != "OK" or found["diagnostics"]:
            raise Unproven(message=f"{name}: {found['diagnostics'][:3]}")


def delta_is_read(of: OUTPUTS) -> None:
    """Read a Delta table in Athena, with its deletion vectors off and its times with their zone."""
    rows = query(of, "SELECT count(*) AS c, max(order_timestamp) AS latest FROM delta_lakehouse.clean_orders")
    if not rows[0][0]:
        raise Unproven(message="clean_orders is empty: run the e-commerce pipeline once before")


def iceberg_is_merged(of: OUTPUTS) -> None:
    """Look that Athena can plan to read a gold table by its day, without reading it."""
    query(of, "EXPLAIN SELECT * FROM ecommerce_gold.daily_sales WHERE \"date\" = DATE '2000-01-01'")


def ddl_is_accepted(of: OUTPUTS) -> None:
    """Look how Athena has kept a comment with an apostrophe."""
    query(of, "DESCRIBE ecommerce_gold.daily_sales")


def a_limit_holds(of: OUTPUTS) -> None:
    """Look that the workgroup enforces its engine, its results and its limit."""
    found = client_of("athena").get_work_group(WorkGroup=of["WorkGroup"])["WorkGroup"]["Configuration"]
    if not (found["EnforceWorkGroupConfiguration"] and found.get("BytesScannedCutoffPerQuery")):
        raise Unproven(message=f"the workgroup lets queries decide for themselves: {sorted(found)}")


def a_condition_holds(of: OUTPUTS) -> None:
    """Put an object twice with the condition that it is not there: the second one is refused."""
    store, key = s3_client(), "smoke/conditional"
    store.delete_object(Bucket=of["ResultsBucket"], Key=key)
    store.put_object(Bucket=of["ResultsBucket"], Key=key, Body=b"1", IfNoneMatch="*")
    try:
        store.put_object(Bucket=of["ResultsBucket"], Key=key, Body=b"2", IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return
        raise
    finally:
        store.delete_object(Bucket=of["ResultsBucket"], Key=key)
    raise Unproven(message="S3 has overwritten an object that was not to be there")


def plain_http_is_refused(of: OUTPUTS) -> None:
    """Look that the policies refuse requests without TLS."""
    for kind in ("Lake", "Landing", "Results", "Code"):
        policy = s3_client().get_bucket_policy(Bucket=of[f"{kind}Bucket"])["Policy"]
        if "aws:SecureTransport" not in policy:
            raise Unproven(message=f"the policy of {of[f'{kind}Bucket']} takes requests without TLS")


def a_job_tells_its_error(of: OUTPUTS) -> None:
    """Start a job without its arguments, and look that the sentence arrives; costs a minute of two workers."""
    glue, job = client_of("glue"), f"{of['JobPrefix']}Lakehouse"
    run = glue.start_job_run(JobName=job)["JobRunId"]
    deadline = time.monotonic() + SECONDS * 3
    while (found := glue.get_job_run(JobName=job, RunId=run)["JobRun"])["JobRunState"] in {
        "STARTING",
        "RUNNING",
        "WAITING",
        "STOPPING",
    }:
        if time.monotonic() > deadline:
            raise Unproven(message=f"the run {run} of the job {job} goes on")
        time.sleep(10)
    if "BadRequest" not in found.get("ErrorMessage", ""):
        raise Unproven(message=f"the error that the machine would read is `{found.get('ErrorMessage')}`")


def a_landing_wakes(of: OUTPUTS) -> None:
    """Look that the bucket tells EventBridge, and that a rule listens."""
    found = s3_client().get_bucket_notification_configuration(Bucket=of["LandingBucket"])
    if "EventBridgeConfiguration" not in found:
        raise Unproven(message="the bucket of landing tells EventBridge nothing")
    rules = client_of("events").list_rules()["Rules"]
    landed = [
        rule for rule in rules if rule["Name"].startswith(of["FunctionPrefix"]) and rule["Name"].endswith("-landed")
    ]
    if not any(rule["State"] == "ENABLED" for rule in landed):
        raise Unproven(message="no rule that wakes is enabled: is ScheduledBy `dagster`?")


def schedules_know_their_zone(of: OUTPUTS) -> None:
    """Look that schedules are in the zone of their pipeline, so that they move with the clocks of people."""
    asked, group = client_of("scheduler"), f"{of['FunctionPrefix']}lakehouse-{of['EnvironmentName']}"
    found = [asked.get_schedule(Name=item["Name"], GroupName=group) for item in _schedules(asked, group)]
    zones = {item["Name"]: item.get("ScheduleExpressionTimezone") for item in found}
    if not zones or None in zones.values():
        raise Unproven(message=f"schedules have the zones {zones}")


def _schedules(asked: Any, group: str) -> list[dict[str, Any]]:  # noqa: ANN401 - its types are not installed
    pages = asked.get_paginator("list_schedules").paginate(GroupName=group)
    return [item for page in pages for item in page["Schedules"]]


CHECKS = (
    Check("Somebody has confirmed the subscription of the topic", topic_is_confirmed),
    Check("An image and a zip start with Python 3.13, and an error keeps its class", functions_start),
    Check("Step Functions finds nothing in the deployed definitions, not even a warning", definitions_are_valid),
    Check("S3 keeps its conditions on puts", a_condition_holds),
    Check("Requests without TLS are refused", plain_http_is_refused),
    Check("The workgroup enforces results, engine and limit", a_limit_holds),
    Check("Files that land are told to EventBridge, and a rule listens", a_landing_wakes),
    Check("Schedules are in the zone of their pipeline", schedules_know_their_zone),
    Check(
        "A failed Glue job hands its sentence to ErrorMessage (costs a minute of two workers)", a_job_tells_its_error
    ),
    Check("Athena reads silver's Delta tables, of the versions that Glue and functions write", delta_is_read),
    Check("Athena has taken the DDL of gold, apostrophes in comments included", ddl_is_accepted),
    Check("Athena plans a query on gold's Iceberg tables", iceberg_is_merged),
)
"""Holds what only AWS can prove, in the order of its price. The last three need one run of e-commerce before."""


def query(of: OUTPUTS, sql: str) -> list[list[str]]:
    """Return the rows that Athena answers, without the header.

    Raises:
        Unproven: the query fails, or takes too long.
    """
    athena = client_of("athena")
    ran = athena.start_query_execution(QueryString=sql, WorkGroup=of["WorkGroup"])["QueryExecutionId"]
    deadline = time.monotonic() + SECONDS
    while True:
        status = athena.get_query_execution(QueryExecutionId=ran)["QueryExecution"]["Status"]
        if status["State"] not in {"QUEUED", "RUNNING"}:
            break
        if time.monotonic() > deadline:
            raise Unproven(message=f"a query has not ended after {SECONDS} s: {sql}")
        time.sleep(1)
    if status["State"] != "SUCCEEDED":
        raise Unproven(message=f"{status['State']}: {status.get('StateChangeReason')}")
    rows = athena.get_query_results(QueryExecutionId=ran)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows[1:]]


def smoke(of: OUTPUTS, checks: Sequence[Check] = CHECKS) -> list[str]:
    """Make the checks one after the other, say how each went, and return the sentences that do not hold."""
    failed = []
    for check in checks:
        try:
            check.ask(of)
            print(f"ok    {check.sentence}")
        except (LakehouseError, ClientError, BotoCoreError) as error:
            failed.append(check.sentence)
            print(f"FAIL  {check.sentence}: {error}")
    return failed


def main(argv: Sequence[str]) -> int:
    """Check an environment, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("env", metavar="ENV")
    parser.add_argument("--list", action="store_true", help="say what would be checked")
    given = parser.parse_args(argv)
    if given.list:
        print("\n".join(check.sentence for check in CHECKS))
        return 0
    try:
        asked = Deployment(given.env, parameters_of(given.env))
        if stack.status_of(asked.stack) is None:
            raise BadRequest(message=f"`{given.env}` is not deployed: `make deploy ENV={given.env}`")
        told = stack.outputs(asked.data_stack) | stack.outputs(asked.stack)
        failed = smoke(stack.parameters_of(asked.stack) | told)
    except (LakehouseError, ClientError, BotoCoreError) as error:
        print(f"smoke: {error}", file=sys.stderr)
        return 1
    print(f"smoke: {len(CHECKS) - len(failed)} of {len(CHECKS)} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
