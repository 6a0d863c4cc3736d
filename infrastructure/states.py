"""Make the machines from what is emitted: definition in S3, substitutions, role, log."""

from __future__ import annotations

from typing import Any

from infrastructure.crawlers import crawler_name
from infrastructure.logs import log_group
from infrastructure.machines import Machine
from infrastructure.pipelines import Place
from infrastructure.yaml_text import Json

SUBSTITUTIONS: dict[str, Any] = {
    "LakeRoot": {"Fn::Sub": "s3://${LakeBucket}"},
    "AthenaWorkGroup": {"Ref": "WorkGroup"},
    "EtlTopicArn": {"Ref": "Topic"},
    "FunctionPrefix": {"Ref": "FunctionPrefix"},
    "JobPrefix": {"Ref": "JobPrefix"},
}
"""Says what is filled into a definition; landing, zone and crawler are the pipeline's."""


def parameter(machine: Machine) -> str:
    """Return the name of the parameter with the key of a machine's definition."""
    return f"{machine.logical_id}Definition"


def machine_resources(machines: list[Machine], places: dict[str, Place]) -> dict[str, Json]:
    """Return the machines and their logs."""
    made: dict[str, Json] = {}
    for machine in machines:
        # AWS asks that names of such groups begin so; see docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
        made[f"{machine.logical_id}Log"] = log_group(f"/aws/vendedlogs/states/${{FunctionPrefix}}{machine.name}")
        made[machine.logical_id] = _machine(machine, places[machine.pipeline])
    return made


def substitutions(pipeline: str, place: Place) -> Json:
    """Return what a machine's definition is filled with: all that a machine may name, however it is emitted."""
    own = {"LandingRoot": {"Fn::Sub": place.landing}, "SourceTimezone": {"Fn::Sub": place.zone}}
    own |= {"CrawlerName": {"Fn::Sub": crawler_name(pipeline)}}
    return SUBSTITUTIONS | {
        name: value if "${" in value["Fn::Sub"] else value["Fn::Sub"] for name, value in own.items()
    }


def _machine(machine: Machine, place: Place) -> Json:
    log = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [f"{machine.logical_id}Log", "Arn"]}}}
    properties: Json = {
        "StateMachineName": {"Fn::Sub": f"${{FunctionPrefix}}{machine.name}"},
        "StateMachineType": "STANDARD",
        "RoleArn": {"Fn::GetAtt": [f"{machine.logical_id}Role", "Arn"]},
        "DefinitionS3Location": {"Bucket": {"Ref": "CodeBucket"}, "Key": {"Ref": parameter(machine)}},
        "DefinitionSubstitutions": substitutions(machine.pipeline, place),
        # What went through states may be facts of people; where it went, and how it ended, may be kept.
        "LoggingConfiguration": {"Level": "ERROR", "IncludeExecutionData": False, "Destinations": [log]},
        "TracingConfiguration": {"Enabled": False},
        "Tags": [{"Key": "lakehouse", "Value": {"Ref": "EnvironmentName"}}],
    }
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
