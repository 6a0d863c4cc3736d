"""Look at services as they were deployed: topic, functions, buckets, rules, schedules, workgroup."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infrastructure.smoke.check import Outputs, Unproven
from lakehouse_assets.storage.aws import client as s3_client
from lakehouse_assets.storage.aws import client_of


def topic_is_confirmed(of: Outputs) -> None:
    """Ask whether somebody reads the messages."""
    pages = client_of("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=of["Topic"])
    found = [item["SubscriptionArn"] for page in pages for item in page["Subscriptions"]]
    if not any(one.startswith("arn:") for one in found):
        raise Unproven(message="nobody has confirmed a subscription: look for the mail of AWS")


def functions_start(of: Outputs) -> None:
    """Call a function from an image, and one from a zip, with an event that they refuse in a sentence."""
    for name in ("PlanRun", "Moves3Objects"):
        answer = client_of("lambda").invoke(FunctionName=f"{of['FunctionPrefix']}{name}", Payload=b"{}")
        told = answer["Payload"].read().decode()
        if "errorType" not in told or "Runtime." in told:
            raise Unproven(message=f"{name} answered {told[:300]}")


def definitions_are_valid(of: Outputs) -> None:
    """Have Step Functions itself look at the deployed definitions."""
    states = client_of("stepfunctions")
    for name in (key for key in of if key.endswith("Machine")):
        text = states.describe_state_machine(stateMachineArn=of[name])["definition"]
        found = states.validate_state_machine_definition(definition=text, severity="WARNING")
        if found["result"] != "OK" or found["diagnostics"]:
            raise Unproven(message=f"{name}: {found['diagnostics'][:3]}")


def a_limit_holds(of: Outputs) -> None:
    """Look that the workgroup enforces its engine, its results and its limit."""
    found = client_of("athena").get_work_group(WorkGroup=of["WorkGroup"])["WorkGroup"]["Configuration"]
    if not (found["EnforceWorkGroupConfiguration"] and found.get("BytesScannedCutoffPerQuery")):
        raise Unproven(message=f"the workgroup lets queries decide for themselves: {sorted(found)}")


def a_condition_holds(of: Outputs) -> None:
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


def plain_http_is_refused(of: Outputs) -> None:
    """Look that the policies refuse requests without TLS."""
    for kind in ("Lake", "Landing", "Results", "Code"):
        policy = s3_client().get_bucket_policy(Bucket=of[f"{kind}Bucket"])["Policy"]
        if "aws:SecureTransport" not in policy:
            raise Unproven(message=f"the policy of {of[f'{kind}Bucket']} takes requests without TLS")


def a_landing_wakes(of: Outputs) -> None:
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


def schedules_know_their_zone(of: Outputs) -> None:
    """Look that schedules are in the zone of their pipeline, so that they move with the clocks of people."""
    asked, group = client_of("scheduler"), f"{of['FunctionPrefix']}lakehouse-{of['EnvironmentName']}"
    found = [asked.get_schedule(Name=item["Name"], GroupName=group) for item in _schedules(asked, group)]
    zones = {item["Name"]: item.get("ScheduleExpressionTimezone") for item in found}
    if not zones or None in zones.values():
        raise Unproven(message=f"schedules have the zones {zones}")


def _schedules(asked: Any, group: str) -> list[dict[str, Any]]:  # noqa: ANN401 - its types are not installed
    pages = asked.get_paginator("list_schedules").paginate(GroupName=group)
    return [item for page in pages for item in page["Schedules"]]
