"""What tests tell the emulator to do, by `POST /_emulator/controls` with a JSON object; a reset takes it back."""

# ruff: noqa: SLF001 - a patch replaces what is private
from __future__ import annotations

import json
from typing import Any

PATH = "/_emulator/controls"
AS_IT_COMES: dict[str, Any] = {
    # How long a minute of a Glue job's time-out is.
    "minute_seconds": 60.0,
    # Error and message with which SNS refuses to publish; None when it takes messages.
    "refuse_publish": None,
    # By how much the clock of the scheduler is ahead.
    "clock_ahead_seconds": 0.0,
    # How long a crawler runs at least.
    "crawl_seconds": 0.5,
}
CONTROLS = dict(AS_IT_COMES)


def controls() -> None:
    """Serve the controls."""
    from ministack import app

    shortcuts, reset = app._handle_post_body_shortcuts, app._reset_all_state

    async def served(method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str) -> Any:
        if (method, path) == ("POST", PATH):
            return set_by(json.loads(body))
        return await shortcuts(method, path, headers, body, query, request_id)

    def all_reset() -> None:
        CONTROLS.update(AS_IT_COMES)
        reset()

    app._handle_post_body_shortcuts = served
    app._reset_all_state = all_reset


def set_by(asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Set some of the controls, and answer all of them; an unknown one is refused."""
    unknown = sorted(asked.keys() - CONTROLS.keys())
    if unknown:
        return 400, {"Content-Type": "application/json"}, json.dumps({"unknown": unknown}).encode()
    CONTROLS.update(asked)
    return 200, {"Content-Type": "application/json"}, json.dumps(CONTROLS).encode()
