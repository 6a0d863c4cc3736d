"""Record how a run of a state machine ended, and say it in one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lakehouse_assets.compute.alerts import message_of
from lakehouse_assets.compute.causes import cause_of
from lakehouse_assets.compute.executions import noted
from lakehouse_assets.compute.notify import FolderTopic
from lakehouse_assets.compute.recording import Ended, checks_not_passed, machine_report, record
from lakehouse_assets.compute.reports import Failure, RunReport
from lakehouse_assets.storage.runs import RunFolder

FAILED = "failed"


def recorded(folder: RunFolder, event: Mapping[str, Any]) -> RunReport:
    """Compose the report of a run, keep it and its entry in the history, and return it."""
    arn = event.get("execution") or ""
    known = noted(folder.store, arn) if arn else None
    told = _failure(event), arn, event.get("link") or "", event.get("started_at") or ""
    ended = Ended(*told, tick=known.tick if known else None, job=known.job if known else "")
    report = machine_report(folder, ended)
    if event["outcome"] == "nothing_to_do":
        report = replace(report, status="nothing_to_do")
    return record(folder, report)


def said(folder: RunFolder, report: RunReport) -> dict[str, str]:
    """Return the message for people, which the lake keeps too."""
    message = message_of(report, checks_not_passed(folder))
    FolderTopic(folder.store).publish(message)
    return {"subject": message.subject, "message": message.body, "kind": message.kind}


def _failure(event: Mapping[str, Any]) -> Failure | None:
    if event["outcome"] != FAILED:
        return None
    told = event.get("failure") or {}
    error, sentence = cause_of(told.get("Cause"), told.get("Error"))
    return Failure(None, error, sentence, state=told.get("State"))
