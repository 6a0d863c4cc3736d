"""Run Lambda functions as AWS does: in a bare Python that has their package only, told apart by their errors' names.

MiniStack runs them by its own interpreter, whose packages they see, and calls every error `Runtime.HandlerError`, so a
Retry on a name of ours can never match. It also ends their process after each error, where AWS keeps it.
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import io
import math
import os
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

from .function_worker import FAILED, TREE

NOTHING = io.BytesIO()
zipfile.ZipFile(NOTHING, "w").close()
LONGEST_LOG = 4096
DIED = "Worker process died"


def clean_functions() -> None:
    """Have functions run by `function_worker`, each package unpacked once."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    lambda_runtime._PYTHON_WORKER_SCRIPT = Path(__file__).with_name("function_worker.py").read_text(encoding="utf-8")
    detect, execute = lambda_runtime._detect_runtime_binary, lambda_svc._execute_function_warm

    def bare(runtime: str) -> tuple[str, str]:
        _, script = detect(runtime)
        return (getattr(sys, "_base_executable", sys.executable), script) if runtime.startswith("python") else ("", "")

    def executed(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        begun = time.monotonic()
        answer = with_its_name(execute(function, event, request_id), request_id)
        return reported(answer, function.get("config") or function, request_id, time.monotonic() - begun)

    lambda_runtime._detect_runtime_binary = bare
    lambda_svc._execute_function_warm = executed
    unpack_once(lambda_runtime.Worker)


def with_its_name(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Return what an invocation came to, with an error as AWS tells it.

    >>> with_its_name({"body": {FAILED: {"errorType": "LeaseHeld"}}, "log": ""}, "r")
    {'body': {'errorType': 'LeaseHeld', 'requestId': 'r'}, 'error': True, 'log': ''}
    """
    body = answer.get("body")
    if isinstance(body, dict) and FAILED in body:
        log = "\n".join(filter(None, [answer.get("log", ""), "".join(body[FAILED].get("stackTrace", []))]))
        return {"body": {**body[FAILED], "requestId": request_id}, "error": True, "log": log}
    if isinstance(body, dict) and answer.get("error") and body.get("errorMessage") == DIED:
        said = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
        return {**answer, "body": {"errorType": "Runtime.ExitError", "errorMessage": said}}
    return answer


def reported(answer: dict[str, Any], config: dict[str, Any], request_id: str, seconds: float) -> dict[str, Any]:
    """Return an answer whose log begins and ends as AWS' do: the last line says what is charged."""
    spent, memory = math.ceil(seconds * 1000), config.get("MemorySize", 128)
    charged = f"Duration: {seconds * 1000:.2f} ms\tBilled Duration: {spent} ms\tMemory Size: {memory} MB\t"
    lines = [
        f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}",
        *filter(None, answer.get("log", "").splitlines()),
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\t{charged}Max Memory Used: {memory} MB\t",
    ]
    return {**answer, "log": "\n".join(lines)[-LONGEST_LOG:], "log_source": "rie"}


def unpack_once(worker: Any) -> None:
    """Have all processes of one package share one unpacked tree: a copy for each takes seconds and a disk."""
    spawn, lock = worker._spawn, threading.Lock()

    def spawned(self: Any) -> None:
        package, config = self.code_zip, self.config
        with lock:
            tree = unpacked(config["CodeSha256"], package)
        variables = {**config.get("Environment", {}).get("Variables", {}), TREE: str(tree)}
        self.code_zip, self.config = NOTHING.getvalue(), {**config, "Environment": {"Variables": variables}}
        try:
            spawn(self)
        finally:
            self.code_zip, self.config = package, config

    worker._spawn = spawned


def unpacked(digest: str, package: bytes) -> Path:
    """Return the folder of a package, unpacked when it is new."""
    tree = Path(os.environ["TMPDIR"], "functions", digest.replace("/", "_"))
    if not tree.exists():
        half = tree.with_suffix(".half")
        zipfile.ZipFile(io.BytesIO(package)).extractall(half)
        half.rename(tree)
    return tree
