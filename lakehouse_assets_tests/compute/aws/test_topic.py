"""People are told through SNS, each outcome of a run once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lakehouse_assets.compute.aws.topic import MESSAGE_BYTES, SnsTopic, fit_message
from lakehouse_assets.compute.notify import FolderTopic, Notification, open_topic
from lakehouse_assets.errors import ServiceUnavailable
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.emulator.proxy import Proxy

TOLD = Notification("run-1", "shop", "run_failed", "shop: run failed", "Größe: the cause")


def subscribed() -> tuple[str, Callable[[], list[str]]]:
    """A topic, and what tells the bodies that a queue behind it has received so far."""
    topic = client_of("sns").create_topic(Name="etl")["TopicArn"]
    queue = client_of("sqs").create_queue(QueueName="people")["QueueUrl"]
    arn = client_of("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client_of("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received() -> list[str]:
        told = client_of("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in told]

    return topic, received


def test_an_outcome_is_told_once(s3: str) -> None:
    """The message has subject, text and what it is about; the second time nothing is sent."""
    topic, received = subscribed()
    store = open_store(f"{s3}/lake")
    assert SnsTopic(topic, store).publish(TOLD)
    (body,) = map(json.loads, received())
    assert (body["Subject"], body["Message"]) == ("shop: run failed", "Größe: the cause")
    assert body["MessageAttributes"]["kind"]["Value"] == "run_failed"
    assert not SnsTopic(topic, store).publish(TOLD)
    assert received() == []


def test_what_could_not_be_told_is_told_later(s3_proxy: Proxy) -> None:
    """A topic that does not answer leaves no trace of having told, so the next try tells."""
    topic, received = subscribed()
    store = open_store(f"{s3_proxy.uri}/lake")
    rule = s3_proxy.fail("slow down", "POST", "^/$", 99)
    with pytest.raises(ServiceUnavailable, match=r"topic `arn:aws:sns.*` does not answer"):
        SnsTopic(topic, store).publish(TOLD)
    rule.times = 0
    s3_proxy.fail("reset", "POST", "^/$")
    assert SnsTopic(topic, store).publish(TOLD)
    assert len(received()) == 1


def test_the_settings_say_where_people_are_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On AWS with a topic that is SNS; else it is the folder in the lake."""
    store = open_store(f"{s3}/lake")
    assert isinstance(open_topic(store), FolderTopic)
    monkeypatch.setenv("LAKEHOUSE_TARGET", "aws")
    assert isinstance(open_topic(store), FolderTopic)
    monkeypatch.setenv("LAKEHOUSE_AWS__TOPIC", "arn:aws:sns:eu-west-1:123456789012:etl")
    assert isinstance(open_topic(store), SnsTopic)


def test_a_message_that_is_too_long_is_cut_off() -> None:
    """SNS counts bytes; no character is cut in two."""
    cut = fit_message("ü" * MESSAGE_BYTES)
    assert len(cut.encode()) <= MESSAGE_BYTES
    assert cut.startswith("üü")
    assert cut.endswith("cut off here)")
    assert fit_message("x") == "x"
