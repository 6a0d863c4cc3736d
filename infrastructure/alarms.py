"""Make the alarms of each pipeline, on the numbers that its runs put into CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infrastructure.yaml_text import Json

NAMESPACE = "Lakehouse"
PERIOD = 300


@dataclass(frozen=True)
class Alarm:
    """Describe an alarm.

    Attributes:
        metric: its name in our namespace.
        about: what people read.
        statistic: over five minutes.
        threshold: above which it tells; a number, or a parameter.
    """

    metric: str
    about: str
    statistic: str
    threshold: Any


ALARMS = (
    Alarm("RunsFailed", "A run of {pipeline} failed; the message of the run says where and why.", "Sum", 0),
    Alarm("TicksMissed", "A tick of {pipeline} has no run; look at its schedule and its machine.", "Sum", 0),
    Alarm(
        "OldestLandedSeconds",
        "A file of {pipeline} has been in landing for too long.",
        "Maximum",
        {"Ref": "LandedSeconds"},
    ),
    Alarm(
        "RejectRatio",
        "A run of {pipeline} rejected too many rows; see `lakehouse rejects`.",
        "Maximum",
        {"Ref": "RejectPercent"},
    ),
)


def alarm_resources(pipelines: list[str]) -> dict[str, Json]:
    """Return the alarms of these pipelines."""
    return {f"{name.capitalize()}{alarm.metric}Alarm": _alarm(name, alarm) for name in pipelines for alarm in ALARMS}


def _alarm(pipeline: str, alarm: Alarm) -> Json:
    properties: Json = {
        "AlarmName": {"Fn::Sub": f"${{EnvironmentName}}-{pipeline}-{alarm.metric}"},
        "AlarmDescription": alarm.about.format(pipeline=pipeline),
        "Namespace": NAMESPACE,
        "MetricName": alarm.metric,
        "Dimensions": [{"Name": "Pipeline", "Value": pipeline}],
        "Statistic": alarm.statistic,
        "Period": PERIOD,
        "EvaluationPeriods": 1,
        "Threshold": alarm.threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        # Between two runs there is nothing to measure, which is no reason to wake anybody.
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
