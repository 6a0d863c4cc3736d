"""Lambda `JudgeChecks` keeps what the checks of a step found, and fails when a blocking one did not pass."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.storage.held import fenced
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets.storage.runs import RunFolder
from lambdas.judgechecks.logic import judge


@fenced
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Judge a step's checks and answer how many have `warned`.

    The event holds `run_id`, `pipeline`, `lake` (URI), `step`, and `outcomes`: for each check `check`
    (`layer.table code`), `verdict`, and either `failing` and `sample` (rows as text, header first) or `error`
    (`Error`, `Cause`); `statistics` of its query where they are known.
    """
    folder = RunFolder(open_store(event["lake"], create=False), event["pipeline"], event["run_id"])
    return judge(folder, event["step"], event["outcomes"])
