"""Parts of an installation that are broken for a while, and whole again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow.compute as pc
from deltalake import write_deltalake
from pyiceberg.expressions import And, EqualTo

from lakehouse_assets.contracts import contracts
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.e2e.production import Production
from lakehouse_assets_tests.emulator.spoiling import with_values

KEPT = ("Role", "Command", "DefaultArguments", "GlueVersion", "Timeout", "ExecutionProperty", "JobRunQueuingEnabled")
"""What an update of a Glue job has to say again."""
FAR, DOUBLED = datetime(2099, 1, 1, tzinfo=UTC), "doubled"


@contextmanager
def function(production: Production, name: str) -> Iterator[None]:
    """Have a function deployed with a handler that it does not have."""
    functions = production.client("lambda")
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="lambdas.gone.handler")
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)


@contextmanager
def _job(production: Production, **changed: Any) -> Iterator[None]:
    """Have the Glue job be another one in some of its fields."""
    glue = production.client("glue")
    job = glue.get_job(JobName="Lakehouse")["Job"]
    usual = {name: job[name] for name in KEPT}
    glue.update_job(JobName="Lakehouse", JobUpdate=usual | changed)
    try:
        yield
    finally:
        glue.update_job(JobName="Lakehouse", JobUpdate=usual)


@contextmanager
def job(production: Production, script: str) -> Iterator[None]:
    """Have the Glue job run another script."""
    bucket, key = production.outputs["CodeBucket"], "broken/script.py"
    production.s3.put_object(Bucket=bucket, Key=key, Body=script.encode())
    command = production.client("glue").get_job(JobName="Lakehouse")["Job"]["Command"]
    with _job(production, Command={**command, "ScriptLocation": f"s3://{bucket}/{key}"}):
        yield


@contextmanager
def topic(production: Production) -> Iterator[None]:
    """Have the topic refuse what is published."""
    production.emulator.control(refuse_publish="the topic takes nothing now")
    try:
        yield
    finally:
        production.emulator.control(refuse_publish=None)


def room(production: Production) -> AbstractContextManager[None]:
    """Have the Glue job not run and queue nothing: as if its account had given all it has to others."""
    return _job(production, ExecutionProperty={"MaxConcurrentRuns": 0}, JobRunQueuingEnabled=False)


@contextmanager
def workgroup(production: Production) -> Iterator[None]:
    """Have the workgroup switched off, and declarations forgotten, so that Athena is asked for them first."""
    name = production.outputs["WorkGroup"]
    production.clear("catalog/")
    production.client("athena").update_work_group(WorkGroup=name, State="DISABLED")
    try:
        yield
    finally:
        production.client("athena").update_work_group(WorkGroup=name, State="ENABLED")


@contextmanager
def silver(production: Production, table: str, pipeline: str = "ecommerce") -> Iterator[None]:
    """Have a row stand in silver twice, the second time as if it had just come, past the pipeline."""
    found = open_lake(production.lake).delta(contracts(pipeline)[f"silver.{table}"])
    before, one = found.version(), found.to_pyarrow_table().slice(0, 1)
    write_deltalake(found, with_values(one, {"_file_time": FAR, "_file": DOUBLED}), mode="append")
    try:
        yield
    finally:
        # The same row is taken out again; what was loaded meanwhile stays.
        found.update_incremental()
        assert found.version() > before
        found.delete(f"_file = '{DOUBLED}'")


@contextmanager
def gold(production: Production, table: str, pipeline: str = "ecommerce", **where: Any) -> Iterator[None]:
    """Have a row of gold stand there twice; of some value of its key, where that is given."""
    contract = contracts(pipeline)[f"gold.{table}"]
    lake = open_lake(production.lake)
    rows = lake.iceberg(contract).scan().to_arrow()
    for name, value in where.items():
        rows = rows.filter(pc.equal(rows[name], value))
    one = rows.slice(0, 1)
    key = [EqualTo(name, one[name][0].as_py()) for name in contract.key]
    of_key = And(*key) if len(key) > 1 else key[0]
    lake.iceberg(contract).append(one)
    try:
        yield
    finally:
        # A run may have changed both rows meanwhile, and both alike.
        kept = lake.iceberg(contract).scan(of_key).to_arrow().slice(0, 1)
        lake.iceberg(contract).delete(of_key)
        lake.iceberg(contract).append(kept)


@contextmanager
def metadata(production: Production, catalog_name: str) -> Iterator[None]:
    """Have the newest metadata file of a gold table gone."""
    name, _, table = catalog_name.partition(".")
    found = production.client("glue").get_table(DatabaseName=name, Name=table)["Table"]
    key = found["Parameters"]["metadata_location"].removeprefix(f"{production.lake}/")
    bucket, body = production.outputs["LakeBucket"], production.read(key)
    production.s3.delete_object(Bucket=bucket, Key=key)
    try:
        yield
    finally:
        production.s3.put_object(Bucket=bucket, Key=key, Body=body)
