"""Let machines publish as they can on AWS: with attributes, refused by name, and refused on request.

MiniStack drops MessageAttributes of a machine's task and names every refusal `SNS.PublishFailed`.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

from .controls import CONTROLS

LONGEST_SUBJECT = 100
LARGEST_MESSAGE = 262_144


def messages() -> None:
    """Replace how a machine publishes, and look at every message."""
    from ministack.services import sns
    from ministack.services import stepfunctions as sfn

    publish = sns._publish

    def published(asked: dict[str, Any]) -> Any:
        refused = CONTROLS["refuse_publish"]
        if refused:
            return sns._error("AuthorizationError", refused, 403)
        why = wrong(sns._p(asked, "Subject"), sns._p(asked, "Message"))
        return sns._error("InvalidParameter", why, 400) if why else publish(asked)

    sns._publish = published
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = by_machine


def wrong(subject: Any, message: Any) -> str | None:
    r"""Return why SNS takes no such message.

    >>> wrong("two\nlines", "text"), wrong("", "text")
    ('Invalid parameter: Subject', None)
    """
    said = str(subject or "")
    if len(said) > LONGEST_SUBJECT or any(not sign.isprintable() for sign in said) or not said.isascii():
        return "Invalid parameter: Subject"
    if not message:
        return "Invalid parameter: Empty message"
    if len(str(message).encode()) > LARGEST_MESSAGE:
        return "Invalid parameter: Message too long"
    return None


def by_machine(_: str, given: dict[str, Any]) -> dict[str, Any]:
    """Publish for a task.

    Raises:
        _ExecutionError: SNS refuses; the name is SNS' with its service before it.
    """
    from ministack.services import sns
    from ministack.services.stepfunctions import _ExecutionError

    asked = {name: value for name, value in given.items() if name != "MessageAttributes"}
    status, _, body = sns._publish({**asked, **attributes(given.get("MessageAttributes") or {})})
    text = body.decode() if isinstance(body, bytes) else body
    if status >= 400:
        found = {element.tag.rpartition("}")[2]: element.text for element in ET.fromstring(text).iter()}  # noqa: S314 - the emulator's own
        raise _ExecutionError(f"SNS.{found.get('Code')}Exception", found.get("Message"))
    identity = re.search(r"<MessageId>(.+?)</MessageId>", text)
    return {"MessageId": identity[1] if identity else ""}


def attributes(given: dict[str, Any]) -> dict[str, Any]:
    """Return attributes as the query protocol numbers them.

    >>> attributes({"kind": {"DataType": "String", "StringValue": "x"}})["MessageAttributes.entry.1.Name"]
    'kind'
    """
    found: dict[str, Any] = {}
    for number, (name, value) in enumerate(given.items(), 1):
        entry = f"MessageAttributes.entry.{number}"
        found[f"{entry}.Name"] = name
        for part, held in value.items():
            found[f"{entry}.Value.{part}"] = held
    return found
