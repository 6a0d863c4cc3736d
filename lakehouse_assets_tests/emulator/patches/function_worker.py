"""One execution environment of a Lambda function: the process that MiniStack starts for it, and what it says to it.

It speaks MiniStack's protocol, lines of JSON. It is run by a bare Python from a copy of this text, so it imports the
standard library only; of the machine's packages it sees those of AWS' runtime (boto3 and what that needs), and they
come after the function's own.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

FAILED = "\x1efailed"
TREE = "EMULATOR_FUNCTION_TREE"
RUNTIME = "EMULATOR_FUNCTION_RUNTIME"


def main() -> None:
    """Import the handler, then answer invocations until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    told = json.loads(sys.stdin.readline())
    prepare(told.get("env", {}))
    handler, broken = load(told["module"], told["handler"])
    answers.write(json.dumps({"status": "ready", "cold": True}) + "\n")
    answers.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        result = {FAILED: broken} if handler is None else call(handler, asked["event"], context_of(told, asked["ctx"]))
        answers.write(json.dumps({"status": "ok", "result": result}) + "\n")
        answers.flush()


def prepare(variables: dict[str, str]) -> None:
    """Make paths and variables those of a function: no packages of this machine, and no home."""
    os.environ.pop("HOME", None)
    os.environ.update(variables)
    tree = os.environ.pop(TREE)
    runtime = os.environ.pop(RUNTIME, "")
    os.environ["LAMBDA_TASK_ROOT"] = tree
    os.chdir(tree)
    standard = [path for path in sys.path[1:] if "site-packages" not in path and "dist-packages" not in path]
    sys.path[:] = [tree, *standard, *([runtime] if runtime else [])]


def load(module: str, name: str) -> tuple[Callable[[Any, Any], Any] | None, dict[str, Any]]:
    """Return the handler, or None and what AWS says when its module cannot be imported."""
    try:
        return getattr(importlib.import_module(module), name), {}
    except ImportError as error:
        said = f"Unable to import module '{module}': {error}"
        return None, {"errorType": "Runtime.ImportModuleError", "errorMessage": said, "stackTrace": []}
    except AttributeError as error:
        said = f"Handler '{name}' missing on module '{module}': {error}"
        return None, {"errorType": "Runtime.HandlerNotFound", "errorMessage": said, "stackTrace": []}
    except Exception as error:  # noqa: BLE001 - whatever it raises is told
        return None, failure(error)


def call(handler: Callable[[Any, Any], Any], event: Any, context: object) -> Any:
    """Return the handler's answer, or its failure under its own key."""
    try:
        answer = handler(event, context)
    except Exception as error:  # noqa: BLE001 - whatever it raises is told
        return {FAILED: failure(error)}
    try:
        json.dumps(answer)
    except (TypeError, ValueError) as error:
        said = f"Unable to marshal response: {error}"
        return {FAILED: {"errorType": "Runtime.MarshalError", "errorMessage": said, "stackTrace": []}}
    return answer


def failure(error: Exception) -> dict[str, Any]:
    """Return an exception as AWS tells it: its class without module, its text, the calls that led to it."""
    frames = traceback.format_tb(error.__traceback__)[1:]
    return {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": frames}


def context_of(told: dict[str, Any], asked: dict[str, Any]) -> object:
    """Return the object that a handler gets as its second argument."""
    end = time.time() + asked.get("timeout_ms", 3000) / 1000
    values = {
        "function_name": told.get("function_name", ""),
        "function_version": "$LATEST",
        "memory_limit_in_mb": told.get("memory", 128),
        "invoked_function_arn": asked.get("invoked_function_arn", ""),
        "aws_request_id": asked.get("request_id", ""),
        "log_group_name": f"/aws/lambda/{told.get('function_name', '')}",
        "log_stream_name": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
        "identity": None,
        "client_context": None,
        "get_remaining_time_in_millis": lambda _: max(0, int((end - time.time()) * 1000)),
    }
    return type("Context", (), values)()


if __name__ == "__main__":
    main()
