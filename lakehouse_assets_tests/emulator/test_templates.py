"""CloudFormation of the emulator makes and keeps what it should."""

from __future__ import annotations

import json
from typing import Any

from lakehouse_assets_tests.emulator.asking import Aws, until


def stack(aws: Aws, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make a stack; return what is told of it."""
    cloud = aws.client("cloudformation")
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
    if not outputs:
        del template["Outputs"]
    cloud.create_stack(StackName="s", TemplateBody=json.dumps(template))
    return told(aws)


def told(aws: Aws) -> dict[str, Any]:
    """What is told of the stack once it is at rest."""
    ask = aws.client("cloudformation").describe_stacks
    found: dict[str, Any] = until(
        lambda: ask(StackName="s")["Stacks"][0], lambda one: not one["StackStatus"].endswith("IN_PROGRESS")
    )
    return found


def test_a_secret_is_referred_to_by_its_arn(either: Aws) -> None:
    """A policy that names `Ref` of it grants something; and it goes with its stack."""
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "key", "SecretString": "x"}}
    found = stack(either, {"S": secret}, {"Secret": {"Ref": "S"}})
    (output,) = found["Outputs"]
    assert output["OutputValue"].startswith("arn:aws:secretsmanager:") == either.is_patched
    either.client("cloudformation").delete_stack(StackName="s")
    manager = either.client("secretsmanager")
    until(lambda: manager.list_secrets()["SecretList"], lambda secrets: not secrets)


def test_a_bucket_with_objects_stays(either: Aws) -> None:
    """Its stack cannot be deleted; the emulator deletes both."""
    stack(either, {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "data"}}})
    s3 = either.client("s3")
    s3.put_object(Bucket="data", Key="a", Body=b"kept")
    either.client("cloudformation").delete_stack(StackName="s")
    if either.is_patched:
        assert told(either)["StackStatus"] == "DELETE_FAILED"
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert ("data" in buckets) == either.is_patched


def test_a_job_keeps_how_often_it_may_run(either: Aws) -> None:
    """ExecutionProperty, which the emulator drops."""
    command = {"Name": "glueetl", "ScriptLocation": "s3://things/a.py"}
    properties = {"Name": "j", "Role": "anybody", "Command": command, "ExecutionProperty": {"MaxConcurrentRuns": 2}}
    stack(either, {"J": {"Type": "AWS::Glue::Job", "Properties": properties}})
    job = either.client("glue").get_job(JobName="j")["Job"]
    assert job.get("ExecutionProperty") == ({"MaxConcurrentRuns": 2} if either.is_patched else None)


def test_an_address_that_a_template_subscribes_waits_for_its_owner(either: Aws) -> None:
    """Nothing is sent to it before somebody agreed; the emulator takes that for granted."""
    sns = either.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    properties = {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com"}
    stack(either, {"S": {"Type": "AWS::SNS::Subscription", "Properties": properties}})
    (one,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    told_of_it = sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"]
    assert (told_of_it.get("PendingConfirmation") == "true") == either.is_patched
