"""Machines of the emulator publish as on AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lakehouse_assets_tests.emulator.asking import Aws


@pytest.fixture
def inbox(either: Aws) -> tuple[str, str]:
    """A topic and the URL of a queue that is subscribed to it."""
    return subscribed(either)


def subscribed(aws: Aws) -> tuple[str, str]:
    """Make a topic with a queue behind it; return the topic's ARN and the queue's URL."""
    url, arn = aws.queue("inbox")
    sns = aws.client("sns")
    topic = sns.create_topic(Name="etl")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url


def publishes(topic: str, **more: Any) -> dict[str, Any]:
    """A state that publishes a message."""
    message = {"TopicArn": topic, "Subject": "subject", "Message": "message", **more}
    return {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Arguments": message, "End": True}


def test_attributes_arrive(either: Aws, inbox: tuple[str, str]) -> None:
    """Subscriptions filter by them; the emulator drops those of a machine."""
    topic, url = inbox
    attributes = {"kind": {"DataType": "String", "StringValue": "run_failed"}}
    assert either.run({"A": publishes(topic, MessageAttributes=attributes)})["status"] == "SUCCEEDED"
    (received,) = either.received(url)
    body = json.loads(received["Body"])
    assert (body["Subject"], body["Message"]) == ("subject", "message")
    expected = {"kind": {"Type": "String", "Value": "run_failed"}} if either.is_patched else {}
    assert body.get("MessageAttributes", {}) == expected


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"Subject": "x" * 101}, "SNS.InvalidParameterException"),
        ({"Message": ""}, "SNS.InvalidParameterException"),
        ({"TopicArn": "arn:aws:sns:eu-west-1:000000000000:none"}, "SNS.NotFoundException"),
    ],
    ids=["a long subject", "no message", "no topic"],
)
def test_a_refusal_has_the_name_of_sns(aws: Aws, message: dict[str, Any], name: str) -> None:
    """So that a machine can tell."""
    topic, _ = subscribed(aws)
    assert aws.run({"A": publishes(topic, **message)})["error"] == name


def test_sns_can_be_made_to_refuse(aws: Aws) -> None:
    """By a control, until the next reset."""
    topic, url = subscribed(aws)
    aws.emulator.control(refuse_publish="the topic takes nothing now")
    ended = aws.run({"A": publishes(topic)})
    assert (ended["error"], ended["cause"]) == ("SNS.AuthorizationErrorException", "the topic takes nothing now")
    aws.emulator.control(refuse_publish=None)
    assert aws.ended(aws.start(ended["stateMachineArn"]))["status"] == "SUCCEEDED"
    assert len(aws.received(url)) == 1
