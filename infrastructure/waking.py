"""Make what starts machines by events: files that land wake a pipeline, and an execution that ends badly is ended.

S3 tells EventBridge, a rule puts a message with all that the waker needs into a queue, and the queue calls
`StartPipeline`. A message that meets a running pipeline goes back to the queue, until the longest run is over.
"""

from __future__ import annotations

import json

from infrastructure.functions import FUNCTIONS
from infrastructure.machines import Machine, Trigger
from infrastructure.pipelines import Place
from infrastructure.yaml_text import Json

VISIBILITY_SECONDS = 720
"""Six times the waker's time-out, as Lambda asks of a queue; what it gives back comes again sooner, see its logic."""
RECEIVES = 1000
"""How often a message is handed out at most; the most that SQS takes. The waker makes them last for a week."""
BATCH_SECONDS = 20
"""How long events are collected before the waker is called."""
ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")


def waker_resources(machines: list[Machine], found: list[Trigger], places: dict[str, Place]) -> dict[str, Json]:
    """Return the rules, the queue and its caller; nothing of functions that this installation does not have."""
    here, made = {function.name for function in FUNCTIONS}, dict[str, Json]()
    if "EndRun" in here:
        made |= _ends(machines)
    if "StartPipeline" in here and found:
        made |= _queue()
        by_name = {machine.name: machine for machine in machines}
        for trigger in found:
            made |= _wakes(trigger, by_name[trigger.machine], places[trigger.pipeline])
    return made


def _wakes(trigger: Trigger, machine: Machine, place: Place) -> dict[str, Json]:
    """Return the rule that puts a message into the queue for every object below a pipeline's landing."""
    logical, prefix = f"{machine.logical_id.removesuffix('Machine')}Landed", place.landing.partition("/land-folder")[2]
    message = {
        "pipeline": trigger.pipeline,
        "machine": "${Machine}",
        "landing": place.landing,
        "quiet_seconds": "${LandingQuietSeconds}",
        "time": "<time>",
    }
    text = json.dumps(message, sort_keys=True)
    template = [text, {"Machine": {"Ref": machine.logical_id}}]
    detail = {
        "bucket": {"name": [{"Ref": "LandingBucket"}]},
        "object": {"key": [{"prefix": f"land-folder{prefix}/"}]},
    }
    rule: Json = {
        "Name": {"Fn::Sub": f"${{FunctionPrefix}}{trigger.pipeline}-landed"},
        "Description": f"Wakes {trigger.pipeline} for what lands.",
        "State": {"Fn::If": ["SchedulesHere", "ENABLED", "DISABLED"]},
        "EventPattern": {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail},
        "Targets": [
            {
                "Id": "queue",
                "Arn": {"Fn::GetAtt": ["Landed", "Arn"]},
                "InputTransformer": {
                    "InputPathsMap": {"time": "$.time"},
                    "InputTemplate": {"Fn::Sub": template},
                },
                "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
            }
        ],
    }
    return {f"{logical}Rule": {"Type": "AWS::Events::Rule", "Properties": rule}}


def _queue() -> dict[str, Json]:
    """Return the queue of wake-ups, who may send to it, and its caller."""
    letters = {"deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}, "maxReceiveCount": RECEIVES}
    queue: Json = {
        "QueueName": {"Fn::Sub": "${FunctionPrefix}landed"},
        "VisibilityTimeout": VISIBILITY_SECONDS,
        "MessageRetentionPeriod": 1209600,
        "SqsManagedSseEnabled": True,
        "RedrivePolicy": letters,
    }
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    sends: Json = {
        "Sid": "Rules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Landed", "Arn"]},
        "Condition": own,
    }
    policy = {"Queues": [{"Ref": "Landed"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [sends]}}
    caller: Json = {
        "EventSourceArn": {"Fn::GetAtt": ["Landed", "Arn"]},
        "FunctionName": {"Ref": "StartPipeline"},
        "BatchSize": 1000,
        "MaximumBatchingWindowInSeconds": BATCH_SECONDS,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        # The least that a queue may ask for; two that look at once name the same execution.
        "ScalingConfig": {"MaximumConcurrency": 2},
        "Enabled": {"Fn::If": ["SchedulesHere", True, False]},
    }
    return {
        "Landed": {"Type": "AWS::SQS::Queue", "Properties": queue},
        "LandedPolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": policy},
        "LandedCaller": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": caller},
    }


def _ends(machines: list[Machine]) -> dict[str, Json]:
    """Return the rule that calls `EndRun` for an execution that ended badly, which a stopped one cannot do itself."""
    detail = {"status": list(ENDED_BADLY), "stateMachineArn": [{"Ref": machine.logical_id} for machine in machines]}
    rule: Json = {
        "Name": {"Fn::Sub": "${FunctionPrefix}lakehouse-run-ended"},
        "Description": "Ends what an execution left that failed, timed out or was stopped.",
        "EventPattern": {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": detail,
        },
        "Targets": [
            {
                "Id": "end-run",
                "Arn": {"Fn::GetAtt": ["EndRun", "Arn"]},
                "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
            }
        ],
    }
    permission: Json = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "EndRun"},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": ["RunEndedRule", "Arn"]},
        "SourceAccount": {"Ref": "AWS::AccountId"},
    }
    return {
        "RunEndedRule": {"Type": "AWS::Events::Rule", "Properties": rule},
        "RunEndedPermission": {"Type": "AWS::Lambda::Permission", "Properties": permission},
    }
