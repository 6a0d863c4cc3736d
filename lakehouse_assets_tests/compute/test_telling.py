"""People are told through a webhook; what it does not take is kept, and told by whoever comes next."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lakehouse_assets.compute import telling, webhook
from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.telling import Teller, open_topic
from lakehouse_assets.compute.troubles import End
from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.folder import FolderStore

TOLD = Notification("run-1", "shop", "run_failed", "shop: run failed", "Größe < 5 & more")
HIDDEN = "T0KEN"


class Hook(HTTPServer):
    """A real webhook, which answers with the next of its codes, 200 when there is none, and keeps what it took."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.codes: list[int] = []
        self.asked = 0
        self.texts: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens; the path is the secret."""
        return f"http://127.0.0.1:{self.server_port}/services/{HIDDEN}"


class _Answers(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        """Take a message, or refuse it."""
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        code = self.server.codes.pop(0) if self.server.codes else 200
        if code == 200:
            self.server.texts.append(content["text"])
        self.send_response(code)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """A webhook that the settings name; nobody waits between tries."""
    monkeypatch.setattr(webhook, "PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(telling, "BEING_DELIVERED", timedelta(0))
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        monkeypatch.setenv("LAKEHOUSE_ALERTS__WEBHOOK", server.url)
        yield server
        server.shutdown()
        thread.join()


def waiting(root: Path) -> list[str]:
    """What is kept for later."""
    return sorted(file.name for file in root.glob("notifications/shop/untold/*"))


def test_a_message_is_posted_once_as_slack_takes_it(hook: Hook, tmp_path: Path) -> None:
    """The subject in bold; the log keeps when it was told, and nothing waits."""
    told = [open_topic(FolderStore(tmp_path)).publish(TOLD) for _ in range(2)]
    assert told == [True, False]
    assert hook.texts == ["*shop: run failed*\nGröße &lt; 5 &amp; more"]
    assert json.loads((tmp_path / "notifications/shop/run-1-run_failed.json").read_text("utf-8"))["at"]
    assert waiting(tmp_path) == []


def test_a_webhook_that_is_down_fails_nobody_and_is_told_later(
    hook: Hook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried three times, the log says a sentence without the URL, and the next one who tells delivers it."""
    hook.codes = [503, 429, 500]
    topic = open_topic(FolderStore(tmp_path))
    assert topic.publish(TOLD)
    assert (hook.asked, hook.texts) == (3, [])
    (line,) = caplog.messages
    assert line == (
        "`shop: run failed` was not told by the webhook and is kept for later: the webhook does not answer: answer 500"
    )
    assert HIDDEN not in caplog.text
    assert waiting(tmp_path) == ["run-1-run_failed.webhook.json"]
    assert [open_topic(FolderStore(tmp_path)).deliver_kept("shop") for _ in range(2)] == [1, 0]
    assert "could not be told then" in hook.texts[0]
    assert waiting(tmp_path) == []


def test_nobody_listens(hook: Hook, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An address without a server is a sentence too, and gives no secret away."""
    hook.shutdown()
    hook.server_close()
    open_topic(FolderStore(tmp_path)).publish(TOLD)
    assert "does not answer: ConnectionError" in caplog.text
    assert HIDDEN not in caplog.text
    assert HIDDEN not in (tmp_path / "notifications/shop/untold/run-1-run_failed.webhook.json").read_text()


@pytest.mark.parametrize("code", [302, 403, 404])
def test_what_will_not_pass_is_not_tried_again(hook: Hook, tmp_path: Path, code: int) -> None:
    """A refusal, and a redirect to whom nobody named."""
    hook.codes = [code]
    topic = open_topic(FolderStore(tmp_path))
    topic.publish(TOLD)
    assert hook.asked == 1
    assert f"answer {code}" in str(topic.undelivered[0])


def test_whoever_dies_before_it_was_told_leaves_it_to_others(hook: Hook, tmp_path: Path) -> None:
    """The letter is put first, so that a message is told twice rather than never."""

    class Dying(webhook.Webhook):
        """A channel at which the process ends."""

        def send(self, notification: Notification) -> None:
            """End."""
            raise KeyboardInterrupt(notification.kind)

    with pytest.raises(KeyboardInterrupt):
        Teller(FolderStore(tmp_path), [Dying(hook.url)]).publish(TOLD)
    assert open_topic(FolderStore(tmp_path)).deliver_kept("shop") == 1


def test_a_letter_is_left_to_whoever_is_delivering_it(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that two who come at once do not tell twice."""
    hook.codes = [404]
    open_topic(FolderStore(tmp_path)).publish(TOLD)
    monkeypatch.setattr(telling, "BEING_DELIVERED", timedelta(hours=1))
    assert open_topic(FolderStore(tmp_path)).deliver_kept("shop") == 0


def test_what_is_known_is_shared_by_all_who_tell(tmp_path: Path) -> None:
    """Many at once count every failure, and one of them tells."""
    found: list[bool] = []

    def judge(number: int) -> None:
        end = End(f"r{number}", "failed", "now", "key")
        found.append(Teller(FolderStore(tmp_path)).judge("shop", "shop", end).tell)

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]
    kept = json.loads((tmp_path / "notifications/shop/standing/shop.json").read_text())
    assert kept["failed"]["tries"] == 8


@pytest.mark.parametrize(
    "url", ["http://example.com/services/T0KEN", "T0KEN", "https://me:T0KEN@example.com/", "https://"]
)
def test_a_webhook_that_cannot_be_one_is_refused_without_showing_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what is allowed; the settings do not show a good one either."""
    monkeypatch.setenv("LAKEHOUSE_ALERTS__WEBHOOK", url)
    with pytest.raises(
        SettingsInvalid, match=r"LAKEHOUSE_ALERTS__WEBHOOK is `\.\.\.`, allowed is https://<host>/<path>"
    ) as error:
        read_settings()
    assert HIDDEN not in str(error.value)
    monkeypatch.setenv("LAKEHOUSE_ALERTS__WEBHOOK", "https://example.com/services/T0KEN")
    assert HIDDEN not in repr(read_settings())
