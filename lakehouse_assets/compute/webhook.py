"""Tell people through a webhook that takes Slack's JSON, as Slack, Mattermost, Rocket.Chat and others do.

Its URL is a secret: whoever has it can write there. It gets into no message, log or error.
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
"""

from __future__ import annotations

import time
from http import HTTPStatus

from lakehouse_assets.compute.notify import Channel, Notification
from lakehouse_assets.errors import ServiceRefused, ServiceUnavailable

TIMEOUT_SECONDS = (3.05, 10.0)
"""How long a connection is waited for, and then an answer."""
PAUSES_SECONDS = (0.0, 0.5, 2.0)
"""The pauses before each try."""
TEXT_CHARS = 12_000
"""Limits a text; Slack cuts off what is longer than 40,000 characters, and others take less."""
CUT = "\n(the message was too long and is cut off here)"
SERVICE = "the webhook"


class Webhook(Channel):
    """Post messages to a URL."""

    name = "webhook"

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, notification: Notification) -> None:
        """Post a message; what may pass is tried again, a few seconds at most; see `notify.Channel.send`.

        Raises:
            ServiceUnavailable: nobody answers, or it has an error or too much to do.
            ServiceRefused: it does not take the message.
        """
        body = {"text": text_of(notification)}
        for pause in PAUSES_SECONDS:
            time.sleep(pause)
            problem = self._post(body)
            if not problem:
                return
        raise ServiceUnavailable(service=SERVICE, problem=problem)

    def _post(self, body: dict[str, str]) -> str:
        """Post once, and return what was wrong that may pass.

        Raises:
            ServiceRefused: trying again does not help.
        """
        # Slow to import, and wanted where somebody is told.
        import requests

        try:
            # A redirect would take the message to whom nobody named.
            answer = requests.post(self._url, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            return type(error).__name__  # the error's own text holds the URL
        if HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return ""
        problem = f"answer {answer.status_code}"
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return problem
        raise ServiceRefused(service=SERVICE, operation="a message", problem=problem)


def text_of(notification: Notification) -> str:
    r"""Return a message as Slack shows it: the subject in bold; `<`, `>` and `&` are spelled as Slack wants them.

    >>> text_of(Notification("r1", "weather", "run_failed", "weather: run failed", "1 < 2 & so on"))
    '*weather: run failed*\n1 &lt; 2 &amp; so on'
    """
    plain = f"*{notification.subject}*\n{notification.body}"
    if len(plain) > TEXT_CHARS:
        plain = plain[: TEXT_CHARS - len(CUT)] + CUT
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
