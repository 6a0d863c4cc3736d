"""Send one GET and read its answer, whatever that says; not here: whether it is tried again (`session.py`).

The key is set on the prepared request alone, so it is in no URL, no log and no exception. Redirects are not followed,
since `requests` takes headers other than `Authorization` to another host.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from lakehouse_assets.affise.endpoints import Params
from lakehouse_assets.affise.envelope import NoJsonError, parsed

CHUNK_BYTES = 1 << 16
MOST_BYTES = 48 << 20
"""How large an answer may be; the reader of bronze takes documents of 64 MiB."""


@dataclass(frozen=True)
class Patience:
    """Say how long one request is waited for, and how often it is tried.

    A try ends at most `answer_seconds` and, for the last piece, `read_seconds` after it began, and the last one begins
    at most `retry_seconds` after the first: as they are here, a request takes no more than 300 s with all its tries.

    Attributes:
        connect_seconds: until a connection stands.
        read_seconds: between two pieces of an answer.
        answer_seconds: from the request to the end of its answer, so that one that drips does not hold a run for hours.
        tries: of one request.
        retry_seconds: from the beginning of the first try to that of the last; a longer wait ends the trying.
        first_wait: upper bound in seconds of the first random pause; it doubles with every try.
        longest_wait: upper bound of every pause.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    answer_seconds: float = 120.0
    tries: int = 6
    retry_seconds: float = 120.0
    first_wait: float = 1.0
    longest_wait: float = 30.0


@dataclass(frozen=True)
class Answer:
    """Hold one good answer.

    Attributes:
        status: of HTTP.
        body: bytes as they came, unpacked.
        data: the body's value.
        requested_at, received_at: UTC.
        headers: of the answer, names in lower case.
    """

    status: int
    body: bytes
    data: Any
    requested_at: datetime
    received_at: datetime
    headers: dict[str, str] = field(default_factory=dict)


class WireFailed(Exception):  # noqa: N818 - it says what happened
    """Say in words of our own that there is no whole answer; the library's own error holds the key."""


class TooLarge(Exception):  # noqa: N818 - it says what happened
    """Say that an answer has more bytes than are taken."""


def send(session: requests.Session, url: str, params: Params, key: str, patience: Patience) -> Answer:
    """Send one request and return its answer.

    Args:
        session: see `open_session`.
        url: without a query.
        params: of the query.
        key: of the API.
        patience: time-outs.

    Raises:
        WireFailed: the connection failed, took too long, or broke off.
        TooLarge: the answer is larger than what is taken.
    """
    request = session.prepare_request(requests.Request("GET", url, params=list(params), auth=_KeyHeader(key)))
    settings = session.merge_environment_settings(url, {}, True, None, None)  # noqa: FBT003 - stream
    at, times = datetime.now(UTC), (patience.connect_seconds, patience.read_seconds)
    until = time.monotonic() + patience.answer_seconds
    try:
        with session.send(request, timeout=times, allow_redirects=False, **settings) as response:
            body = _body(response, until)
            status, headers = response.status_code, {name.lower(): value for name, value in response.headers.items()}
    except (OSError, HTTPError) as error:
        problem = _words(error)
    else:
        return Answer(status, body, _value(body), at, datetime.now(UTC), headers)
    raise WireFailed(problem)


def _body(response: requests.Response, until: float) -> bytes:
    pieces, size = [], 0
    # One read of the socket at a time: `iter_content` waits for a whole chunk, however slowly it comes.
    while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
        size += len(piece)
        if size > MOST_BYTES:
            raise TooLarge
        if time.monotonic() > until:
            raise requests.ReadTimeout
        pieces.append(piece)
    return b"".join(pieces)


class _KeyHeader(requests.auth.AuthBase):
    """Set the key; with it `requests` also looks for no other credentials, such as those in a `.netrc`."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["API-Key"] = self._key
        return request


def open_session(*, is_local: bool) -> requests.Session:
    """Return a session with pooled connections; tries are made by whoever uses it."""
    session = requests.Session()
    session.headers.update({"Accept": "application/json", "User-Agent": "lakehouse-assets"})
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=8, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # A proxy is no part of this machine: what goes there over plain HTTP could be read.
    session.trust_env = not is_local
    return session


def _value(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return parsed(body)
    except NoJsonError:
        return None


def _words(error: Exception) -> str:
    """Return what went wrong with a connection; the library's own text names pools and addresses in memory."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "the certificate or the encryption failed"),
        (requests.exceptions.ConnectTimeout, "no connection in time"),
        (requests.exceptions.Timeout, "no whole answer in time"),
        (ReadTimeoutError, "no whole answer in time"),
        (DecodeError, "the answer could not be unpacked"),
        (ProtocolError, "the answer broke off"),
        (requests.exceptions.ProxyError, "the proxy failed"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), "the connection failed")
