"""A proxy before the emulator that can fail: answers 503, throttles, breaks a connection, is slow, or loses an answer.

It keeps Content-Length, without which delta-rs takes no answer, and counts the requests that pass.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

Fault = Literal["slow down", "throttled", "slow", "reset", "lost answer", "half answer", "kill"]
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
THROTTLED = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
SLOW_SECONDS = 1.5
PER_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


@dataclass
class Rule:
    """Which requests fail and how: those of a method whose path with query matches, the first `times` after `after`.

    Both are patterns, and so is `target`, of the operation that services name in a header. `kill` ends the client's
    process, `victim`, once its request is done, without an answer.
    """

    fault: Fault
    method: str
    path: re.Pattern[str]
    times: float
    after: int = 0
    every: int = 1
    seen: int = 0
    done: int = 0
    target: str = ""

    def strikes(self, method: str, path: str, target: str) -> bool:
        """Say whether this request fails, and count it."""
        if not re.fullmatch(self.method, method) or not self.path.search(path) or not re.search(self.target, target):
            return False
        self.seen += 1
        if self.seen <= self.after or self.done >= self.times or (self.seen - self.after) % self.every:
            return False
        self.done += 1
        return True


@dataclass
class Proxy:
    """A running proxy: its address, the rules by which it fails, and what passed, by kind; see `kind_of`."""

    url: str = ""
    uri: str = ""
    rules: list[Rule] = field(default_factory=list)
    victim: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(  # noqa: PLR0913 - one parameter for each thing that tells requests apart
        self,
        fault: Fault,
        method: str = ".*",
        path: str = "",
        times: float = 1,
        *,
        after: int = 0,
        every: int = 1,
        target: str = "",
    ) -> Rule:
        """Have requests fail from now on; the rule that is returned says how many did."""
        rule = Rule(fault, method, re.compile(path), times, after, every, target=target)
        with self.lock:
            self.rules.append(rule)
        return rule

    def struck(self, method: str, path: str, target: str = "") -> Fault | None:
        """Count a request, and return how it fails."""
        with self.lock:
            self.requests[kind_of(method, path)] += 1
            return next((rule.fault for rule in self.rules if rule.strikes(method, path, target)), None)


def kind_of(method: str, path: str) -> str:
    """What a request is, as prices know it: `read`, `look`, `list`, `write` and `delete` in S3, and `glue`.

    >>> [kind_of(*one) for one in [("GET", "/b/k"), ("GET", "/b?list-type=2"), ("PUT", "/b/k"), ("POST", "/")]]
    ['read', 'list', 'write', 'glue']
    """
    if path == "/":
        return "glue"
    if method == "GET" and "list-type=" in path:
        return "list"
    return {"GET": "read", "HEAD": "look", "DELETE": "delete"}.get(method, "write")


@contextmanager
def serving(upstream: str) -> Iterator[Proxy]:
    """Run a proxy before a server of this machine."""
    proxy = Proxy()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (Handler,), {"proxy": proxy, "upstream": urlsplit(upstream).netloc})
    )
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Forwards one request, unless a rule strikes."""

    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two writes, and waiting for the client's acknowledgement of the first takes 40 ms.
    disable_nagle_algorithm = True
    proxy: Proxy
    upstream: str

    def handle_one_request(self) -> None:
        """Read and answer a request; a client that goes away is no error."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _answer(self) -> None:
        body = self._body()
        fault = self.proxy.struck(self.command, unquote(self.path), self.headers.get("X-Amz-Target", ""))
        if fault == "reset":
            self._break()
            return
        if fault == "slow down":
            self._send(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
            return
        if fault == "throttled":
            self._send(400, {"Content-Type": "application/x-amz-json-1.1"}, THROTTLED)
            return
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        status, headers, content = self._forward(body)
        if fault == "kill":
            os.kill(self.proxy.victim, signal.SIGKILL)
        if fault in {"lost answer", "kill"}:
            self._break()
        elif fault == "half answer":
            self._send(status, headers, content, cut=len(content) // 2)
            self._break()
        else:
            self._send(status, headers, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Print nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        sent = {name: value for name, value in self.headers.items() if name.lower() not in {*PER_HOP, "expect"}}
        sent["Content-Length"] = str(len(body))
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            connection.request(self.command, self.path, body, sent)
            got = connection.getresponse()
            return got.status, dict(got.getheaders()), got.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: dict[str, str], content: bytes, cut: int | None = None) -> None:
        self.send_response_only(status)
        kept = {name: value for name, value in headers.items() if name.lower() not in PER_HOP}
        if self.command != "HEAD" and status != 204:
            kept = {name: value for name, value in kept.items() if name.lower() != "content-length"}
            kept["Content-Length"] = str(len(content))
        for name, value in kept.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[:cut])
        self.wfile.flush()

    def _break(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
