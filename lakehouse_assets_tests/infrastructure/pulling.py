"""A run of marketing, function by function, as its machine asks them."""

from __future__ import annotations

import json
from typing import Any

import boto3

from infrastructure.pipelines import places

RUN, AT, ZONE = "run-1", "2026-03-09T06:30:00+00:00", places()["marketing"].zone
LIMITS = {"small_bytes": 10**8, "small_files": 500, "hold_seconds": 3600, "window_days": 7, "most_days": 350}


class Pull:
    """What a run asks of functions, and which of them could not do it.

    Args:
        lake: the URI of the lake.
    """

    def __init__(self, lake: str) -> None:
        self.common = {"run_id": RUN, "pipeline": "marketing", "lake": lake, "as_of": AT, "source_timezone": ZONE}
        self.failed: dict[str, Any] = {}

    def call(self, function: str, **event: Any) -> dict[str, Any]:
        """What a function answers, working with its own role; what it could not do is kept."""
        payload = json.dumps(self.common | event).encode()
        answer = json.loads(boto3.client("lambda").invoke(FunctionName=function, Payload=payload)["Payload"].read())
        if "errorType" in answer:
            self.failed[function] = answer
        return dict(answer)

    def each(self, function: str, name: str, items: list[Any], **event: Any) -> None:
        """Ask a function for each item until it is done with it."""
        for item in items:
            token = None
            while not self.failed:
                answer = self.call(function, **{name: item}, token=token, at_once=3, **event)
                if (token := answer.get("token")) is None:
                    break
