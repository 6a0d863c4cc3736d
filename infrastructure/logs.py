"""Make groups of logs, which are kept for as long as a parameter says, and name those of the Glue jobs."""

from __future__ import annotations

from infrastructure.yaml_text import Json

GLUE_LOGS = "/aws-glue/${JobPrefix}lakehouse-${EnvironmentName}"
"""Begins the names of the jobs' own groups, since Glue's common ones would be kept for ever:
https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html"""


def log_group(name: str) -> Json:
    """Return a log group, which is kept for as long as the parameter says."""
    properties = {
        "LogGroupName": {"Fn::Sub": name},
        "RetentionInDays": {"Ref": "LogDays"},
        "KmsKeyId": {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
    }
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }
