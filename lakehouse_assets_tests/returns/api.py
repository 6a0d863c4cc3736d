"""Serve a warehouse's API on the loopback interface: pages of scans by day, as the returns pipeline pulls them.

`python -m lakehouse_assets_tests.returns.api scans.json` serves the scans of a JSON file until it is interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scan = Mapping[str, Any] | str
"""A scan; a text where something that is none shall come."""
Days = Mapping[str, Sequence[Scan] | bytes]
"""What the API knows by day; bytes are served as they are, as the day's only page."""
PORT = 8400
PAGE_SCANS = 2
"""How many scans a page holds."""


@contextmanager
def serving(days: Days, port: int = 0) -> Iterator[str]:
    """Serve these scans and yield the API's address; what is added to the scans meanwhile is served too.

    Args:
        days: scans by day.
        port: where it listens; 0 for any port that is free.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one page."""
            asked = parse_qs(urlsplit(self.path).query)
            scans = days.get(asked["day"][0], ())
            is_raw = isinstance(scans, bytes)
            body = scans if is_raw else json.dumps(page_of(scans, int(asked["page"][0]))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page_of(scans: Sequence[Scan], number: int) -> dict[str, Any]:
    """Return one page: its scans, and the number of the next page or None."""
    first = (number - 1) * PAGE_SCANS
    more = number + 1 if len(scans) > first + PAGE_SCANS else None
    return {"data": {"scans": list(scans[first : first + PAGE_SCANS])}, "next": more}


if __name__ == "__main__":
    with serving(json.loads(Path(sys.argv[1]).read_text("utf-8")), PORT) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        Event().wait()
