"""Make the Glue jobs and their variants for backfills."""

from __future__ import annotations

from infrastructure.logs import GLUE_LOGS, log_group
from infrastructure.machines import BACKFILL, Machine
from infrastructure.yaml_text import Json

GLUE_VERSION = "6.0"
"""Spark 4.1.1, Python 3.13, Delta 4.2.0; a job without one would get whatever is newest."""
DELTA = (
    "spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension"
    " --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog"
)
MINUTES = 25
"""After how long a job is ended: before its state in the machine gives up, since Glue would go on then."""
BACKFILL_MINUTES = 480
SCRIPT = "lakehouse.py"
"""Loads any manifest, whichever pipeline it is of; jobs differ by name and size only."""
CONCURRENT_RUNS = 2
"""The pipeline's lease lets one load at a time; the second waits for it instead of being refused by Glue."""


def job_resources(machines: list[Machine]) -> dict[str, Json]:
    """Return the jobs that machines run, each with a twin for backfills, and the logs of all."""
    names = sorted({name for machine in machines for name in machine.jobs})
    made: dict[str, Json] = {
        f"Glue{kind.capitalize()}Log": log_group(f"{GLUE_LOGS}/{kind}") for kind in ("output", "error")
    }
    for name in names:
        logical = "".join(word.capitalize() if "_" in name else word for word in name.split("_")) + "Job"
        made[logical] = _job(name, MINUTES, "STANDARD")
        made[f"{logical}Backfill"] = _job(f"{name}{BACKFILL}", BACKFILL_MINUTES, "FLEX")
    return made


def _job(name: str, minutes: int, execution: str) -> Json:
    modules = {"Fn::If": ["HasModules", {"Ref": "GlueModules"}, {"Ref": "AWS::NoValue"}]}
    arguments = {
        "--datalake-formats": "delta",
        "--conf": DELTA,
        "--extra-py-files": {"Fn::Sub": "s3://${CodeBucket}/${GluePackage}"},
        "--additional-python-modules": modules,
        # Wheels come from the bucket of what is deployed, with the versions that were tested, and from nowhere else.
        "--python-modules-installer-option": "--no-index --no-deps",
        "--enable-metrics": "true",
        "--custom-logGroup-prefix": {"Fn::Sub": GLUE_LOGS},
        "--TempDir": {"Fn::Sub": "s3://${ResultsBucket}/glue/"},
    }
    script = {"Fn::Sub": f"s3://${{CodeBucket}}/${{GlueScripts}}/{SCRIPT}"}
    properties: Json = {
        "Name": {"Fn::Sub": f"${{JobPrefix}}{name}"},
        "Description": "Loads one manifest into silver.",
        "Role": {"Fn::GetAtt": ["GlueRole", "Arn"]},
        "GlueVersion": GLUE_VERSION,
        "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": script},
        "DefaultArguments": arguments,
        "WorkerType": {"Ref": "GlueWorkerType"},
        "NumberOfWorkers": {"Ref": "GlueWorkers"},
        "ExecutionClass": execution,
        "ExecutionProperty": {"MaxConcurrentRuns": CONCURRENT_RUNS},
        "MaxRetries": 0,
        "Timeout": minutes,
        # A run that finds no capacity waits for it; Flex waits by itself.
        "JobRunQueuingEnabled": execution == "STANDARD",
        "Tags": {"lakehouse": {"Ref": "EnvironmentName"}},
    }
    return {"Type": "AWS::Glue::Job", "Properties": properties}
