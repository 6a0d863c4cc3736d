"""Lambda `StartPipeline` starts a pipeline's machine for what has landed; a queue of S3 events calls it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from lakehouse_assets.core.arrivals import LandingSnapshot
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.aws import client_of
from lakehouse_assets.storage.landing import landed
from lakehouse_assets.storage.opening import open_store
from lambdas.startpipeline.logic import (
    ATTEMPTS,
    GOING_ON,
    Decision,
    State,
    Wake,
    decide,
    failures,
    name_of,
    pause,
)

LOG = logging.getLogger(__name__)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Start what there is to start, and answer which messages are to come again: one for each pipeline at most.

    The event is a batch of SQS; each message holds the fields of `logic.Wake`, put there by the rule of EventBridge.
    """
    records, kept = defaultdict[Wake, list[dict[str, Any]]](list), []
    for record in event["Records"]:
        try:
            records[Wake.from_text(record["body"])].append(record)
        except BadRequest as error:  # it ends among the dead letters, and stops no other one
            LOG.warning("%s", error)
            kept.append(record["messageId"])
    for wake, messages in records.items():
        decision = woken(wake)
        LOG.info("%s: %s", wake.pipeline, decision.why)
        if decision.again:
            kept.append(messages[0]["messageId"])
            receives = int(messages[0].get("attributes", {}).get("ApproximateReceiveCount", 1))
            _sooner(messages[0], pause(decision, wake.quiet_seconds, receives))
    return failures(kept)


def woken(wake: Wake) -> Decision:
    """Look at a pipeline's landing, start what is to be started, and return what was decided."""
    # Landing is looked at last, so that it lacks what a run has archived that went on until just now.
    states = client_of("stepfunctions")
    running = states.list_executions(stateMachineArn=wake.machine, statusFilter=GOING_ON, maxResults=1)
    store = open_store(wake.landing, create=False)
    seen = LandingSnapshot(landed(wake.pipeline, store), datetime.now(UTC), wake.quiet_seconds)
    attempts = _attempts(wake, [name_of(wake.pipeline, seen, number) for number in range(1, ATTEMPTS + 1)])
    decision = decide(wake.pipeline, seen, attempts, is_running=bool(running["executions"]))
    if decision.start:
        # Another wake-up may have started the same files meanwhile; the message comes again and sees how it ended.
        with suppress(states.exceptions.ExecutionAlreadyExists):
            states.start_execution(stateMachineArn=wake.machine, name=decision.start, input="{}")
    return decision


def _attempts(wake: Wake, names: list[str]) -> Mapping[int, State]:
    """Return how the executions of these names stand, up to the first that there is not."""
    states, found = client_of("stepfunctions"), dict[int, State]()
    machine = wake.machine.replace(":stateMachine:", ":execution:")
    for number, name in enumerate(names, start=1):
        try:
            found[number] = states.describe_execution(executionArn=f"{machine}:{name}")["status"]
        except states.exceptions.ExecutionDoesNotExist:
            break
    return found


def _sooner(record: Mapping[str, Any], seconds: int) -> None:
    """Have a message come again after so long, and not only after the queue's usual time."""
    region, account, queue = record["eventSourceARN"].split(":")[3:6]
    del region
    queues = client_of("sqs")
    url = queues.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=account)["QueueUrl"]
    queues.change_message_visibility(QueueUrl=url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds)
