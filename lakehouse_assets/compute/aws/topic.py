"""Tell people through a topic of SNS.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakehouse_assets.compute.notify import Channel, Notification
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.service_errors import answering

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

MESSAGE_BYTES = 262_144
CUT = "\n(the message was too long and is cut off here)"


def request_of(notification: Notification, topic: str) -> dict[str, Any]:
    """Return what Publish takes; people may filter by kind and pipeline."""
    facts = {"kind": notification.kind, "pipeline": notification.pipeline, "run_id": notification.run_id}
    return {
        "TopicArn": topic,
        "Subject": notification.subject,
        "Message": fit_message(notification.body),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in facts.items()},
    }


def fit_message(text: str) -> str:
    """Return a text that SNS takes; the end of one that is too long is cut off."""
    data = text.encode()
    if len(data) <= MESSAGE_BYTES:
        return text
    return data[: MESSAGE_BYTES - len(CUT.encode())].decode(errors="ignore") + CUT


class SnsTopic(Channel):
    """Publish messages to a topic.

    Args:
        topic: its ARN.
    """

    name = "sns"

    def __init__(self, topic: str) -> None:
        self.topic = topic

    def send(self, notification: Notification) -> None:
        """Tell people; see `notify.Channel.send`.

        Raises:
            ServiceUnavailable, ServiceRefused, AccessDenied: the topic cannot be reached.
        """
        with answering("sns", f"topic `{self.topic}`"):
            _sns().publish(**request_of(notification, self.topic))


def _sns() -> SNSClient:
    made: SNSClient = client_of("sns")
    return made
