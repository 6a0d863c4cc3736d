"""Make sure that an execution which ended badly has given its pipeline back, is recorded, and was told, once each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from lakehouse_assets.compute.alerts import end_of, message_of
from lakehouse_assets.compute.aws.links import execution_link
from lakehouse_assets.compute.causes import cause_of
from lakehouse_assets.compute.executions import Execution, noted
from lakehouse_assets.compute.recording import Ended, checks_not_passed, is_recorded, machine_report, record
from lakehouse_assets.compute.reports import REPORT, Failure, RunReport
from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.core.ticks import run_id_of
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.runs import RunFolder

TOLD = "told: "
"""Begins the cause of a machine's Fail state when its message was delivered."""
ENDED = "execution_ended"
"""Names the kind of the message about an execution that told nothing itself."""
WORDS = {
    "ABORTED": ("Aborted", "the execution was stopped; the next run makes up for it"),
    "TIMED_OUT": ("TimedOut", "the execution took longer than it may, and was ended"),
}


@dataclass(frozen=True)
class Ending:
    """Hold how an execution ended.

    Attributes:
        arn: of the execution.
        run_id: as the machine names its run; for an execution that has noted none.
        pipeline: as the machine's name says it; the same.
        failure: why it failed.
        started_at: ISO-8601; empty where it is not known.
        is_told: whether the machine has told people itself.
    """

    arn: str
    run_id: str
    pipeline: str
    failure: Failure
    started_at: str = ""
    is_told: bool = False

    @classmethod
    def from_event(cls, detail: Mapping[str, Any], pipelines: Iterable[str]) -> Self:
        """Read the `detail` of EventBridge's event; the machine of a pipeline has its name in its own."""
        machine, cause = detail["stateMachineArn"].rpartition(":")[2], detail.get("cause") or ""
        named = sorted((name for name in pipelines if name in machine), key=len)
        pipeline = named[-1] if named else machine
        job = machine[machine.rindex(pipeline) :]  # an environment's prefix is none of its
        known = WORDS.get(detail["status"])
        error, sentence = known or cause_of(cause.removeprefix(TOLD), detail.get("error"))
        began = detail.get("startDate")
        return cls(
            arn=detail["executionArn"],
            run_id=run_id_of(job, detail["name"], _tick(detail.get("input"))),
            pipeline=pipeline,
            failure=Failure(None, error, sentence, detail.get("state")),
            started_at=datetime.fromtimestamp(began / 1000, UTC).isoformat() if began else "",
            is_told=cause.startswith(TOLD),
        )

    @property
    def link(self) -> str:
        """Return where people see the execution."""
        return execution_link(self.arn)


def _tick(given: str | None) -> object:
    """Return the tick in an execution's input; None where there is none, or none that can be read."""
    try:
        asked = json.loads(given or "{}")
    except ValueError:
        return None
    return asked.get("tick") if isinstance(asked, Mapping) else None


def end(store: ObjectStore, ending: Ending, topic: Teller) -> dict[str, Any]:
    """Do what the execution did not do, and return what that was.

    Args:
        store: the lake.
        ending: of the execution.
        topic: what people are told through.
    """
    run = noted(store, ending.arn) or Execution(ending.arn, ending.pipeline, ending.run_id, 0)
    folder = RunFolder(store, run.pipeline, run.run_id)
    released = Lease(store, run.pipeline).give_back(run.run_id, run.fence)
    was_recorded = is_recorded(folder)
    if not was_recorded:
        ended = Ended(ending.failure, ending.arn, ending.link, ending.started_at, run.tick, run.job)
        record(folder, machine_report(folder, ended))
    told = _tell(folder, ending, topic, is_judged=was_recorded)
    return {
        "pipeline": run.pipeline,
        "run_id": run.run_id,
        "released": released,
        "recorded": not was_recorded,
        "told": told,
    }


def _tell(folder: RunFolder, ending: Ending, topic: Teller, *, is_judged: bool) -> bool:
    """Tell people of an execution that has told nothing itself; return False when that was done before, or is no news.

    What RecordRun has recorded it has judged too, and the machine was to send it.
    """
    kept = folder.report(REPORT, RunReport)
    if kept is None:
        return False
    report, checks = replace(kept, status="failed", failure=kept.failure or ending.failure), checks_not_passed(folder)
    is_news = is_judged or topic.judge(folder.pipeline, report.job or folder.pipeline, end_of(report, checks)).tell
    if ending.is_told or not is_news:
        return False
    # The run's own message may be noted as told, though the machine could not send it.
    return topic.publish(replace(message_of(report, checks), kind=ENDED))
