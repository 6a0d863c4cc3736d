"""A Glue job of the emulator is real Spark: it merges a Delta table on S3, and is stopped with all that it started."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable

from lakehouse_assets_tests.emulator.asking import BUCKET, Aws

pytestmark = [pytest.mark.e2e_all, pytest.mark.spark]
PLACE = f"s3://{BUCKET}/lake/t"
MERGES = f"""
import json, os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.sql("CREATE TABLE delta.`{PLACE}` (id BIGINT, n BIGINT) USING delta")
for _ in range(2):
    spark.sql("MERGE INTO delta.`{PLACE}` t USING (SELECT 1 AS id, 5 AS n) s ON t.id = s.id "
              "WHEN MATCHED THEN UPDATE SET n = t.n + s.n WHEN NOT MATCHED THEN INSERT *")
print(json.dumps([spark.version, spark.sparkContext.master]))
"""
WAITS = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print("started", flush=True)
spark.range(1).foreach(lambda _: __import__("time").sleep(300))
"""


def test_a_job_merges_a_delta_table_on_s3(aws: Aws) -> None:
    """By Spark 4.1.1 and Delta 4.2.0, with nothing in the script about S3; another engine reads what it wrote."""
    aws.job("merges", MERGES)
    run = aws.run_job("merges")
    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", None)
    options = {"AWS_ENDPOINT_URL": aws.emulator.url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    table = DeltaTable(PLACE, storage_options={**options, **keys})
    assert table.to_pyarrow_table().to_pylist() == [{"id": 1, "n": 10}]
    assert "Delta-Lake/4.2.0" in table.history(1)[0]["engineInfo"]
    asked = {"logGroupName": "/aws-glue/jobs/output", "logStreamName": run["Id"]}
    said = [event["message"] for event in aws.client("logs").get_log_events(**asked)["events"]]
    assert json.loads(said[-1]) == ["4.1.1", "local[2]"]


def test_a_stopped_job_leaves_no_java(aws: Aws) -> None:
    """The JVM that it started ends with it."""
    aws.job("waits", WAITS)
    glue = aws.client("glue")
    run = glue.start_job_run(JobName="waits")["JobRunId"]
    deadline = time.monotonic() + 90
    while not spark_processes(aws.emulator.pid) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert spark_processes(aws.emulator.pid)
    glue.batch_stop_job_run(JobName="waits", JobRunIds=[run])
    assert aws.ended_job("waits", run)["JobRunState"] == "STOPPED"
    time.sleep(1)
    assert spark_processes(aws.emulator.pid) == []


def spark_processes(emulator: int) -> list[int]:
    """Java processes whose folder is that of a job of this emulator."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            folder, command = str((process / "cwd").readlink()), (process / "cmdline").read_bytes()
        except OSError:
            continue
        if "/glue-" in folder and b"org.apache.spark.deploy.SparkSubmit" in command and belongs(folder, emulator):
            found.append(int(process.name))
    return found


def belongs(folder: str, emulator: int) -> bool:
    """Whether a folder is below the emulator's temporary one."""
    variables = Path(f"/proc/{emulator}/environ").read_bytes().split(b"\0")
    (temporary,) = [value.removeprefix(b"TMPDIR=").decode() for value in variables if value.startswith(b"TMPDIR=")]
    return folder.startswith(temporary)
