"""People are told through SNS, each outcome of a run once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from lakehouse_assets.compute import telling
from lakehouse_assets.compute.aws.topic import MESSAGE_BYTES, SnsTopic, fit_message
from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.telling import Teller, open_topic
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
    assert Teller(store, [SnsTopic(topic)]).publish(TOLD)
    (body,) = map(json.loads, received())
    assert (body["Subject"], body["Message"]) == ("shop: run failed", "Größe: the cause")
    assert body["MessageAttributes"]["kind"]["Value"] == "run_failed"
    assert not Teller(store, [SnsTopic(topic)]).publish(TOLD)
    assert received() == []


def test_what_could_not_be_told_is_told_later(s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that does not answer fails nobody who tells; whoever comes next tells what was kept, once."""
    monkeypatch.setattr(telling, "BEING_DELIVERED", timedelta(0))
    topic, received = subscribed()
    store = open_store(f"{s3_proxy.uri}/lake")
    rule = s3_proxy.fail("slow down", "POST", "^/$", 99)
    teller = Teller(store, [SnsTopic(topic)])
    assert teller.publish(TOLD)
    with pytest.raises(ServiceUnavailable, match=r"topic `arn:aws:sns.*` does not answer"):
        teller.require_delivered()
    rule.times = 0
    s3_proxy.fail("reset", "POST", "^/$")
    later = [Teller(store, [SnsTopic(topic)]).deliver_kept("shop") for _ in range(2)]
    assert later == [1, 0]
    (body,) = map(json.loads, received())
    assert body["Message"].startswith("(This happened at ")


def test_the_settings_say_where_people_are_told(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On AWS with a topic that is SNS; anywhere a webhook; the folder in the lake keeps all of it."""
    store = open_store(f"{s3}/lake")
    assert open_topic(store).channels == ()
    monkeypatch.setenv("LAKEHOUSE_TARGET", "aws")
    monkeypatch.setenv("LAKEHOUSE_ALERTS__WEBHOOK", "https://hooks.example.com/services/secret")
    assert [one.name for one in open_topic(store).channels] == ["webhook"]
    monkeypatch.setenv("LAKEHOUSE_AWS__TOPIC", "arn:aws:sns:eu-west-1:123456789012:etl")
    assert [one.name for one in open_topic(store).channels] == ["sns", "webhook"]


def test_a_message_that_is_too_long_is_cut_off() -> None:
    """SNS counts bytes; no character is cut in two."""
    cut = fit_message("ü" * MESSAGE_BYTES)
    assert len(cut.encode()) <= MESSAGE_BYTES
    assert cut.startswith("üü")
    assert cut.endswith("cut off here)")
    assert fit_message("x") == "x"
