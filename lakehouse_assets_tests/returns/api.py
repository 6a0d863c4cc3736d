"""A warehouse's API on the loopback interface: pages of scans by day, as the returns pipeline pulls them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scan = Mapping[str, Any]
PAGE_SCANS = 2
"""Scans on one page."""


@contextmanager
def serving(days: Mapping[str, Sequence[Scan]]) -> Iterator[str]:
    """The API's address while it serves these scans by day."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one page."""
            asked = parse_qs(urlsplit(self.path).query)
            body = json.dumps(page_of(days.get(asked["day"][0], ()), int(asked["page"][0]))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page_of(scans: Sequence[Scan], number: int) -> dict[str, Any]:
    """One page: its scans, and the number of the next page or None."""
    first = (number - 1) * PAGE_SCANS
    more = number + 1 if len(scans) > first + PAGE_SCANS else None
    return {"data": {"scans": list(scans[first : first + PAGE_SCANS])}, "next": more}
