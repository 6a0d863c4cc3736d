"""Make the resources of the functions: each with its role, its log and, where nobody waits for it, its dead letters."""

from __future__ import annotations

from typing import Any

from infrastructure.functions import FUNCTIONS, Function
from infrastructure.grants import Statement
from infrastructure.logs import log_group
from infrastructure.package import PYTHON
from infrastructure.roles import function_role
from infrastructure.yaml_text import Json

VARIABLES: dict[str, Any] = {
    # Nothing is written beside /tmp, and no home is there.
    "HOME": "/tmp",  # noqa: S108 - the one folder that Lambda lets a function write into
    "LAKEHOUSE_TARGET": "aws",
    "LAKEHOUSE_SCHEDULER": {"Ref": "ScheduledBy"},
    "LAKEHOUSE_LAKE": {"Fn::Sub": "s3://${LakeBucket}"},
    "LAKEHOUSE_AWS__TOPIC": {"Ref": "Topic"},
    "LAKEHOUSE_AWS__WORKGROUP": {"Ref": "WorkGroupName"},
    "LAKEHOUSE_AWS__FUNCTION_PREFIX": {"Ref": "FunctionPrefix"},
    "LAKEHOUSE_AWS__JOB_PREFIX": {"Ref": "JobPrefix"},
}
PULLING: dict[str, Any] = {
    "LAKEHOUSE_AFFISE__URL": {"Fn::If": ["HasAffise", {"Ref": "AffiseUrl"}, {"Ref": "AWS::NoValue"}]},
    "LAKEHOUSE_AWS__SECRET_PREFIX": {"Ref": "SecretPrefix"},
}


def function_resources(known: dict[str, list[Statement]]) -> dict[str, Json]:
    """Return the resources of every function."""
    made: dict[str, Json] = {}
    for function in FUNCTIONS:
        made |= {
            function.logical_id: _function(function),
            f"{function.logical_id}Role": function_role(function, known),
            f"{function.logical_id}Log": log_group(f"/aws/lambda/${{FunctionPrefix}}{function.name}"),
        }
    return made


def _function(function: Function) -> Json:
    variables = VARIABLES | (PULLING if "affise" in function.grants else {})
    properties: Json = {
        "FunctionName": {"Fn::Sub": f"${{FunctionPrefix}}{function.name}"},
        "Description": function.about,
        "Role": {"Fn::GetAtt": [f"{function.logical_id}Role", "Arn"]},
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": function.scratch},
        "Environment": {"Variables": variables},
        "LoggingConfig": {"LogGroup": {"Ref": f"{function.logical_id}Log"}, "LogFormat": "JSON"},
        **_code(function),
    }
    if "letters" in function.grants:
        properties["DeadLetterConfig"] = {"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def _code(function: Function) -> Json:
    """Return what a function runs: a zip, or an image where there is one and the function is to have it."""
    zip_of = "FunctionsPackage" if function.packages == "functions" else "EnginePackage"
    zipped = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": zip_of}}
    if not function.is_image:
        return {"Runtime": f"python{PYTHON}", "Handler": function.handler, "Code": zipped}
    nothing = {"Ref": "AWS::NoValue"}
    return {
        "PackageType": {"Fn::If": ["HasImage", "Image", "Zip"]},
        "Runtime": {"Fn::If": ["HasImage", nothing, f"python{PYTHON}"]},
        "Handler": {"Fn::If": ["HasImage", nothing, function.handler]},
        "ImageConfig": {"Fn::If": ["HasImage", {"Command": [function.handler]}, nothing]},
        "Code": {"Fn::If": ["HasImage", {"ImageUri": {"Ref": "ImageUri"}}, zipped]},
    }
