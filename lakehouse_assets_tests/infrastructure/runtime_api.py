"""A Lambda runtime API on loopback: hands one event to the runtime client that asks, and takes its answer.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import awslambdaric

CLIENT = Path(awslambdaric.__file__).parents[1]
PARTS = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client*.so")
"""What the runtime client consists of; in Lambda it lies beside the interpreter."""


@dataclass
class Answer:
    """What a function answered: its value, or its error as Lambda would tell it, and how it ended before that."""

    value: Any = None
    error: dict[str, Any] | None = None
    died: dict[str, Any] | None = None


@dataclass
class _Api:
    event: bytes
    answer: Answer = field(default_factory=Answer)
    over: threading.Event = field(default_factory=threading.Event)


def call(tree: Path, handler: str, event: Any, variables: Mapping[str, str], seconds: float = 120) -> Answer:
    """Call a handler as Lambda does: by its runtime client, in a new interpreter that has the tree alone."""
    api = _Api(json.dumps(event).encode())
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    told = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}", "LAMBDA_TASK_ROOT": str(tree)}
    told |= {"AWS_LAMBDA_FUNCTION_NAME": handler, "AWS_LAMBDA_FUNCTION_VERSION": "1", "HOME": "/nonexistent"}
    told |= {"PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024", "TZ": ":UTC", **variables}
    with TemporaryDirectory() as client:
        command = [sys.executable, "-I", "-S", "-B", "-c", _start(tree, Path(client), handler)]
        process = subprocess.Popen(command, env=told, cwd=tree)
        try:
            assert api.over.wait(seconds), f"{handler} answered nothing within {seconds} s"
        finally:
            process.kill()
            process.wait()
            server.shutdown()
            server.server_close()
    return api.answer


def _start(tree: Path, client: Path, handler: str) -> str:
    """What the interpreter runs: with the tree and the client, and without site-packages (`-S`)."""
    for pattern in PARTS:
        for part in CLIENT.glob(pattern):
            (client / part.name).symlink_to(part)
    paths = f"import sys; sys.path[:0] = [{str(tree)!r}]; sys.path.append({str(client)!r})"
    return f"{paths}; from awslambdaric.__main__ import main; main(['ric', {handler!r}])"


class _Server(ThreadingHTTPServer):
    """A server whose clients are killed when they have answered."""

    daemon_threads = True

    def handle_error(self, *arguments: object) -> None:
        """Say nothing of a connection that ended with its client."""


class _Handler(BaseHTTPRequestHandler):
    """The four calls of the API."""

    api: _Api
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Hand out the event, once; whoever asks again waits for ever, as a warm function does."""
        if self.api.over.is_set():
            threading.Event().wait(600)
            return
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "request-1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:f")
        self.send_header("Content-Length", str(len(self.api.event)))
        self.end_headers()
        self.wfile.write(self.api.event)

    def do_POST(self) -> None:
        """Take an answer, an error, or the news that the function could not start."""
        told = json.loads(b"".join(self._body()) or b"null")
        if self.path.endswith("/init/error"):
            self.api.answer.died = told
        elif self.path.endswith("/error"):
            self.api.answer.error = told
        else:
            self.api.answer.value = told
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.api.over.set()

    def _body(self) -> Iterator[bytes]:
        """The body, which the client sends in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            yield self.rfile.read(int(self.headers["Content-Length"] or 0))
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""
