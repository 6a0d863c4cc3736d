"""The rate and the budget, with a clock that tests move; and secrets of this machine."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from lakehouse_assets import interruption
from lakehouse_assets.affise.errors import SecretMissing, SecretUnfit
from lakehouse_assets.affise.limits import TokenBucket, nap
from lakehouse_assets.affise.opening import open_api
from lakehouse_assets.affise.secrets import LocalSecrets, api_key, hash_key
from lakehouse_assets.errors import SettingsInvalid
from lakehouse_assets.settings import Affise


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    """Of 11 requests, 3 go at once and 8 at 2 a second, which takes 4 s; after a long pause it is 3 again, not more."""
    clock = Clock()
    bucket = TokenBucket(rate=2, burst=3, clock=clock, sleep=clock.sleep)
    for _ in range(11):
        bucket.take()
    assert clock.now == pytest.approx(104)
    clock.sleep(1000)
    for _ in range(5):
        bucket.take()
    assert clock.now == pytest.approx(1105)


def test_threads_share_one_rate() -> None:
    """Four threads with 5 requests each at 100 a second and no burst take as long as one with 20."""
    bucket, began = TokenBucket(rate=100, burst=1), time.monotonic()
    threads = [threading.Thread(target=lambda: [bucket.take() for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.18 < time.monotonic() - began < 1


def test_a_pause_ends_when_the_process_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for a run that is to end."""
    monkeypatch.setattr(interruption, "_wished", threading.Event())  # the wish of this test alone
    threading.Timer(0.05, interruption.request).start()
    began = time.monotonic()
    with pytest.raises(interruption.Interrupted):
        nap(60)
    assert time.monotonic() - began < 2


def test_a_secret_is_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    """The environment wins; a line of the file may be exported, quoted or a comment, and is read anew every time."""
    file, environment = tmp_path / ".env", {"A": "from-environment"}
    file.write_text("# A=no\nexport B='quoted value'\nA=from-file\n\nC=plain=with=signs\n", encoding="utf-8")
    secrets = LocalSecrets(environment, file)
    assert [secrets.read(name, "x") for name in "ABC"] == ["from-environment", "quoted value", "plain=with=signs"]
    file.write_text("B=rotated", encoding="utf-8")
    assert secrets.read("B", "x") == "rotated"
    assert "from-environment" not in repr(secrets)


def test_a_secret_that_is_not_set_is_named(tmp_path: Path) -> None:
    """The sentence says which one, what it is for and where it may be set."""
    with pytest.raises(SecretMissing, match=r"AFFISE_API_KEY` \(key of the Affise API\) is neither .*\.env"):
        api_key(LocalSecrets({}, tmp_path / ".env"), "AFFISE_API_KEY")


@pytest.mark.parametrize("value", ["short", "x" * 15])
def test_a_hash_key_that_can_be_guessed_is_refused(value: str, tmp_path: Path) -> None:
    """With it every IPv4 could be found again; it is not shown."""
    with pytest.raises(SecretUnfit, match="fewer than 16") as error:
        hash_key(LocalSecrets({"K": value}, tmp_path / "none"), "K")
    assert value not in str(error.value)


def test_a_key_with_a_line_break_inside_is_refused(tmp_path: Path) -> None:
    """It could add a header; one at its end, as files have them, is taken off."""
    with pytest.raises(SecretUnfit, match="no HTTP header"):
        api_key(LocalSecrets({"K": "a\r\nHost: b"}, tmp_path / "none"), "K")
    assert api_key(LocalSecrets({"K": "abc\n"}, tmp_path / "none"), "K") == "abc"


def test_an_account_without_a_url_is_no_account(tmp_path: Path) -> None:
    """The setting is named."""
    with pytest.raises(SettingsInvalid, match="LAKEHOUSE_AFFISE__URL is not set"):
        open_api(Affise(), LocalSecrets({}, tmp_path / "none"))
