"""What the waker is built on works in the emulator: a drop becomes an event, a message, and a call of a function."""

from __future__ import annotations

import json

from lakehouse_assets_tests.emulator.asking import BUCKET, Aws, until

WAKES = """
import boto3, json

def handler(event, context):
    s3 = boto3.client("s3")
    failures = []
    for record in event["Records"]:
        key = json.loads(record["body"])["detail"]["object"]["key"]
        seen = int(record["attributes"]["ApproximateReceiveCount"])
        if key.startswith("landing/later") and seen < 2:
            failures.append({"itemIdentifier": record["messageId"]})
        else:
            s3.put_object(Bucket="things", Key="seen/" + key, Body=str(seen).encode())
    return {"batchItemFailures": failures}
"""


def wire(aws: Aws) -> None:
    """Lead drops below `landing/` by EventBridge and a queue to a function."""
    _, arn = aws.queue("drops")
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
    detail = {"bucket": {"name": [BUCKET]}, "object": {"key": [{"prefix": "landing/"}]}}
    events = aws.client("events")
    events.put_rule(Name="drops", EventPattern=json.dumps({**pattern, "detail": detail}))
    events.put_targets(Rule="drops", Targets=[{"Id": "q", "Arn": arn}])
    aws.function("wakes", WAKES)
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName="wakes",
        BatchSize=10,
        MaximumBatchingWindowInSeconds=0,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def seen(aws: Aws) -> dict[str, str]:
    """What the function was called for, with how often each message had been received."""
    s3 = aws.client("s3")
    found = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="seen/").get("Contents", [])]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in found}


def test_a_drop_reaches_a_function(aws: Aws) -> None:
    """And what it reports back as not done comes again when it is visible."""
    wire(aws)
    url = aws.client("sqs").get_queue_url(QueueName="drops")["QueueUrl"]
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    aws.put("landing/now.csv", "a")
    aws.put("landing/later.csv", "b")
    aws.put("elsewhere/c.csv", "c")
    found = until(lambda: seen(aws), lambda found: len(found) == 2, seconds=150)
    assert found.keys() == {"seen/landing/now.csv", "seen/landing/later.csv"}
    assert int(found["seen/landing/later.csv"]) >= 2
