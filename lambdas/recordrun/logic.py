"""Record how a run of a state machine ended, and say it in one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lakehouse_assets.compute.alerts import (
    NOTHING_TO_DO,
    REPEATED,
    RUN_FAILED,
    RUN_WARNED,
    end_of,
    message_of,
    news_of,
)
from lakehouse_assets.compute.causes import cause_of
from lakehouse_assets.compute.executions import noted
from lakehouse_assets.compute.notify import FolderTopic
from lakehouse_assets.compute.recording import Ended, checks_not_passed, machine_report, record
from lakehouse_assets.compute.reports import Failure, RunReport
from lakehouse_assets.compute.telling import Teller
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


def said(folder: RunFolder, report: RunReport, topic: Teller) -> dict[str, str]:
    """Return the message for people, which the lake keeps too; its kind is `repeated` where it is no news.

    The machine sends it, but for a run that had nothing to do: that is told here when it ends a trouble.

    Args:
        folder: of the run.
        report: of the run.
        topic: what people are told through; what it kept of earlier messages is delivered.
    """
    topic.deliver_kept(folder.pipeline)
    checks = checks_not_passed(folder)
    message = message_of(report, checks)
    verdict = topic.judge(folder.pipeline, report.job or folder.pipeline, end_of(report, checks))
    news = news_of(report, verdict, checks)
    if message.kind == NOTHING_TO_DO:
        if news is not None:
            topic.publish(news)
    elif news is None and message.kind in {RUN_FAILED, RUN_WARNED}:
        message = replace(message, kind=REPEATED)
    else:
        message = news or message
        FolderTopic(folder.store).publish(message)
    return {"subject": message.subject, "message": message.body, "kind": message.kind}


def _failure(event: Mapping[str, Any]) -> Failure | None:
    if event["outcome"] != FAILED:
        return None
    told = event.get("failure") or {}
    error, sentence = cause_of(told.get("Cause"), told.get("Error"))
    return Failure(None, error, sentence, state=told.get("State"))
