"""One GET: what is tried again, what ends at once, how long is waited, and that the key goes nowhere else."""

from __future__ import annotations

import logging
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from lakehouse_assets.affise.endpoints import CONVERSIONS
from lakehouse_assets.affise.errors import AnswerInvalid, ApiRefused, BudgetSpent, KeyRefused
from lakehouse_assets.affise.limits import Budget
from lakehouse_assets.affise.pull import BUDGET_SECONDS
from lakehouse_assets.affise.wire import Patience
from lakehouse_assets.errors import ApiUnavailable, BadRequest
from lakehouse_assets_tests.affise.wire import (
    KEY,
    Act,
    Keys,
    answer,
    client,
    cut,
    drip,
    hang,
    late_drip,
    listed,
    reset,
    serving,
)  # fmt: skip

GOOD = answer(listed([{"id": "a"}]))


@pytest.mark.parametrize(
    "fault",
    [
        answer({"error": "slow down"}, 429),
        answer({"error": "Server error"}, 500),
        answer(b"<html>Bad Gateway</html>", 502),
        answer({}, 503),
        answer(b'{"status": 1, "conversions": ['),
        answer(b"<html></html>"),
        answer({"status": 2, "error": "please try again"}),
        answer({"status": 2, "message": "internal"}),
        cut(listed([{"id": "a"}])),
        reset,
        hang,
        drip,
    ],
    ids=["429", "500", "html", "503", "json", "no-json", "error", "message", "cut", "reset", "hang", "drip"],
)
def test_what_may_pass_is_tried_again(fault: Act) -> None:
    """Two faults and a good answer are one good answer, after two pauses."""
    naps: list[float] = []
    with serving(fault, fault, GOOD) as wire:
        found = client(wire.url, naps=naps, answer_seconds=0.4).get(CONVERSIONS)
    assert (found.data["conversions"], len(wire.asked), len(naps)) == ([{"id": "a"}], 3, 2)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"status": 2, "error": "Bad Request"}),
        (403, {"status": 2, "message": "Auth Denied"}),
        (404, {"error": "Resource Not Found"}),
        (405, {}),
        (200, {"status": 2, "error": "Invalid parameter"}),
    ],
)
def test_what_stays_refused_is_asked_once(status: int, body: dict[str, object]) -> None:
    """There is no second request, and the error says status and reason."""
    with serving(answer(body, status)) as wire, pytest.raises(ApiRefused, match=f"with status {status}: ") as error:
        client(wire.url).get(CONVERSIONS)
    assert len(wire.asked) == 1
    assert str(next(iter(body.values()), "no reason is given")) in str(error.value) or "status" in body


def test_an_api_that_stays_away_is_a_transient_error() -> None:
    """It says how often it was tried and what the last try met."""
    with serving(answer({"error": "Server error"}, 500)) as wire, pytest.raises(ApiUnavailable, match="tries: 3") as e:
        client(wire.url).get(CONVERSIONS)
    assert ("Server error" in str(e.value), len(wire.asked)) == (True, 3)


def test_retry_after_is_honoured_in_both_forms() -> None:
    """Seven seconds, and a date a minute ahead: what is waited is that and at most a second more."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    naps: list[float] = []
    faults = [answer({}, 429, f"Retry-After: {value}\r\n") for value in ("7", later)]
    with serving(*faults, GOOD) as wire:
        client(wire.url, naps=naps).get(CONVERSIONS)
    assert 7 <= naps[0] <= 8
    assert 58 <= naps[1] <= 61


def test_an_hour_of_retry_after_is_left_to_the_next_run() -> None:
    """Nobody sits in a function for it."""
    naps: list[float] = []
    with serving(answer({}, 429, "Retry-After: 3600\r\n")) as wire, pytest.raises(ApiUnavailable, match="tries: 1"):
        client(wire.url, naps=naps).get(CONVERSIONS)
    assert naps == []


@pytest.mark.parametrize(("after", "tries"), [("7", 1), ("1", 3)])
def test_no_try_begins_later_than_its_bound(after: str, tries: int) -> None:
    """A wait that would end more than five seconds after the first one began is not begun; shorter ones are."""
    naps: list[float] = []
    with serving(answer({"error": "slow"}, 429, f"Retry-After: {after}\r\n")) as wire:
        api = client(wire.url, naps=naps, retry_seconds=5)
        with pytest.raises(ApiUnavailable, match=f"tries: {tries}") as found:
            api.get(CONVERSIONS)
    assert ("slow" in str(found.value), len(wire.asked), len(naps)) == (True, tries, tries - 1)


def test_tries_that_last_long_are_fewer() -> None:
    """Each hangs for 0.3 s, so in half a second two of twenty begin, whatever the pauses are."""
    with serving(hang) as wire, pytest.raises(ApiUnavailable, match="tries: 2"):
        client(wire.url, tries=20, retry_seconds=0.5, first_wait=0).get(CONVERSIONS)
    assert len(wire.asked) == 2


def test_a_rotated_key_is_not_tried_later_than_that_either() -> None:
    """The next request has it."""
    keys = Keys()
    with serving(answer({}, 401), GOOD) as wire:
        api = client(wire.url, keys=keys, retry_seconds=0)
        keys.values["AFFISE_API_KEY"] = "the-new-key"
        with pytest.raises(ApiUnavailable):
            api.get(CONVERSIONS)
        api.get(CONVERSIONS)
    assert [asked.headers["api-key"] for asked in wire.asked] == [KEY, "the-new-key"]


def test_what_a_call_begins_ends_within_900_seconds() -> None:
    """A page begun at the end of its time, the last try of it, and the last piece of that."""
    patience = Patience()
    longest = patience.retry_seconds + patience.answer_seconds + patience.read_seconds
    assert BUDGET_SECONDS + longest <= 890


def test_the_time_of_an_answer_begins_with_the_request() -> None:
    """A server that is slow to begin and slow to go on is left after both together."""
    began = time.monotonic()
    with serving(late_drip) as wire, pytest.raises(ApiUnavailable, match="no whole answer in time"):
        client(wire.url, tries=1, read_seconds=1, answer_seconds=0.5).get(CONVERSIONS)
    assert time.monotonic() - began < 0.8


def test_pauses_are_random_below_a_bound_that_doubles() -> None:
    """Full jitter: of 30 first pauses below 1 s and second ones below 2 s, some are in each half."""
    naps: list[float] = []
    with serving(answer({}, 500)) as wire:
        for _ in range(30):
            with pytest.raises(ApiUnavailable):
                client(wire.url, naps=naps).get(CONVERSIONS)
    first, second = naps[::2], naps[1::2]
    assert 0 <= min(first) < 0.5 < max(first) <= 1
    assert min(second) < 1 < max(second) <= 2


def test_a_rotated_key_is_read_again_once() -> None:
    """The second request carries the new key, and the run goes on."""
    keys = Keys()
    with serving(answer({"status": 2, "error": "Token is necessary"}, 401), GOOD) as wire:
        api = client(wire.url, keys=keys)
        keys.values["AFFISE_API_KEY"] = "the-new-key"
        api.get(CONVERSIONS)
    assert [asked.headers["api-key"] for asked in wire.asked] == [KEY, "the-new-key"]


@pytest.mark.parametrize("rotated", [True, False])
def test_a_key_that_stays_refused_ends_the_run(rotated: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """With the same key in the secret nothing is asked again; with another one it is, once."""
    keys = Keys()
    with serving(answer({}, 401)) as wire:
        api = client(wire.url, keys=keys)
        keys.values["AFFISE_API_KEY"] = "the-new-key" if rotated else KEY
        with pytest.raises(KeyRefused, match="AFFISE_API_KEY") as error:
            api.get(CONVERSIONS)
    assert (len(wire.asked), keys.readings) == (1 + rotated, 2)
    assert KEY not in str(error.value)


def test_a_redirect_is_not_followed() -> None:
    """The other host, here another port, gets no request and so no key."""
    with serving(GOOD) as other, serving(answer({}, 302, f"Location: {other.url}/\r\n")) as wire:
        with pytest.raises(ApiRefused, match="redirects"):
            client(wire.url).get(CONVERSIONS)
        assert other.asked == []


def test_a_proxy_gets_no_key_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would read what goes to it over plain HTTP; it is not asked."""
    with serving(GOOD) as proxy, serving(GOOD) as wire:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        client(wire.url).get(CONVERSIONS)
        assert (len(wire.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize(
    "url",
    ["http://api-acme.affise.com", "ftp://127.0.0.1", "https://", "https://u:p@host", "https://host/3.0/",
     "http://127.0.0.1.evil.com", "https://host?api-key=1", "https://host:port"],
)  # fmt: skip
def test_a_url_that_would_show_the_key_is_refused(url: str) -> None:
    """Plain HTTP reaches this machine only, and a base URL is a host and nothing else."""
    with pytest.raises(BadRequest, match="allowed is https"):
        client(url)


def test_a_run_asks_no_more_than_its_budget() -> None:
    """The third request is not made; of an API that is down, the run makes no further tries than it may."""
    with serving(GOOD) as wire:
        api = client(wire.url)
        api.budget = Budget(requests=2, retries=0)
        api.get(CONVERSIONS)
        api.get(CONVERSIONS)
        with pytest.raises(BudgetSpent, match="2 requests"):
            api.get(CONVERSIONS)
    with serving(answer({}, 500)) as wire:
        api = client(wire.url)
        api.budget = Budget(requests=9, retries=1)
        for _ in range(2):
            with pytest.raises(ApiUnavailable):
                api.get(CONVERSIONS)
    assert (len(wire.asked), api.budget.made) == (3, 3)


def test_an_answer_without_end_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is noticed while it comes."""
    monkeypatch.setattr("lakehouse_assets.affise.wire.MOST_BYTES", 1000)
    with serving(answer(b" " * 5000)) as wire, pytest.raises(AnswerInvalid, match="MiB"):
        client(wire.url).get(CONVERSIONS)


def test_a_hanging_server_costs_no_more_than_its_time_out() -> None:
    """Three tries of 0.3 s, and no pause between them in this test."""
    began = time.monotonic()
    with serving(hang) as wire, pytest.raises(ApiUnavailable, match="no whole answer in time"):
        client(wire.url).get(CONVERSIONS)
    assert time.monotonic() - began < 2


def test_no_error_and_no_log_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """A server that throws the key, an address and an IP back does not bring them into a message or a traceback."""
    caplog.set_level(logging.DEBUG)
    echo = {"status": 2, "error": f"{KEY} of ann@example.com at 10.1.2.3 is not allowed"}
    faults = [answer(echo, 403), answer(echo, 401), answer(echo, 500), reset]
    for fault in faults:
        with serving(fault) as wire, pytest.raises((ApiRefused, KeyRefused, ApiUnavailable)) as found:
            client(wire.url).get(CONVERSIONS)
        told = "".join(traceback.format_exception(found.value)) + caplog.text
        assert not [canary for canary in (KEY, "ann@example.com", "10.1.2.3") if canary in told]
        assert all(KEY not in f"{asked.path}{asked.params}" for asked in wire.asked)
