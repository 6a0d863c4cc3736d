"""A server of raw bytes on loopback, for what no well-behaved server does: it breaks off, hangs, drips, repeats."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lakehouse_assets.affise.limits import Budget, TokenBucket
from lakehouse_assets.affise.session import Api
from lakehouse_assets.affise.wire import Patience

KEY = "canary-api-key-0123456789abcdef"
SECRETS = {"AFFISE_API_KEY": KEY, "AFFISE_HASH_KEY": "canary-hash-key-0123456789"}


@dataclass
class Asked:
    """One request as it came."""

    path: str
    params: list[tuple[str, str]]
    headers: dict[str, str]

    def get(self, name: str) -> str:
        """Return a parameter; the last one of its name."""
        return dict(self.params)[name]


Act = Callable[[socket.socket, Asked], None]


@dataclass
class Wire:
    """A server that does for each request what it is told; the last act goes on for ever."""

    url: str = ""
    acts: Sequence[Act] = ()
    asked: list[Asked] = field(default_factory=list)

    def act(self) -> Act:
        """Return what is done for the request that has come last."""
        return self.acts[min(len(self.asked), len(self.acts)) - 1]


def answer(value: Any, status: int = 200, headers: str = "") -> Act:
    """Answer JSON, or bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()

    def act(peer: socket.socket, _: Asked) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        peer.sendall(head.encode() + body)

    return act


def cut(value: Any) -> Act:
    """Promise a whole body, send half of it, and hang up."""
    body = json.dumps(value).encode()

    def act(peer: socket.socket, _: Asked) -> None:
        peer.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])

    return act


def reset(peer: socket.socket, _: Asked) -> None:
    """Reset the connection in the middle of a body."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang(peer: socket.socket, _: Asked) -> None:
    """Say nothing for as long as the client listens."""
    peer.settimeout(5)
    peer.recv(1)


def drip(peer: socket.socket, _: Asked) -> None:
    """Send a byte every 50 ms, so that no single wait is long."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _number in range(100):
        peer.sendall(b" ")
        time.sleep(0.05)


def late_drip(peer: socket.socket, asked: Asked) -> None:
    """Begin to drip after 0.4 s."""
    time.sleep(0.4)
    drip(peer, asked)


@contextmanager
def serving(*acts: Act) -> Iterator[Wire]:
    """Serve on a port of loopback as long as the block lasts."""
    wire = Wire(acts=acts)
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=_serve, args=(server, wire), daemon=True).start()
        yield wire
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, wire: Wire) -> None:
    with suppress(OSError):
        while True:
            peer, _ = server.accept()
            threading.Thread(target=_one, args=(peer, wire), daemon=True).start()


def _one(peer: socket.socket, wire: Wire) -> None:
    with peer, suppress(OSError):
        text = b""
        while b"\r\n\r\n" not in text:
            text += peer.recv(65536)
        first, *lines = text.decode().split("\r\n\r\n")[0].split("\r\n")
        target = urlsplit(first.split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        asked = Asked(target.path, parse_qsl(target.query, keep_blank_values=True), headers)
        wire.asked.append(asked)
        wire.act()(peer, asked)


@dataclass
class Keys:
    """Secrets of a test, which may change between two readings."""

    values: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    readings: int = 0

    def read(self, name: str, purpose: str) -> str:
        """See `Secrets.read`."""
        del purpose
        self.readings += 1
        return self.values[name]


def client(url: str, *, keys: Keys | None = None, naps: list[float] | None = None, **changes: Any) -> Api:
    """Return a client that does not wait, and writes down how long it would have."""
    patience = Patience(**({"connect_seconds": 1, "read_seconds": 0.3, "tries": 3} | changes))
    bucket, budget = TokenBucket(1e6, 1e6), Budget(requests=1000, retries=100)
    sleep = [].append if naps is None else naps.append
    return Api(url, keys or Keys(), "AFFISE_API_KEY", patience=patience, bucket=bucket, budget=budget, sleep=sleep)


def listed(records: list[Any], **pagination: Any) -> dict[str, Any]:
    """Return a body of conversions."""
    return {"status": 1, "conversions": records, "pagination": pagination}
