"""Every gold model and every check gives the same rows on Athena (Trino), on the embedded engine and on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets.contracts import contracts
from lakehouse_assets.ecommerce.sample import write_demo
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.gold import merge_statement, window_parameters
from lakehouse_assets.sql.models import levels
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.emulator.asked_of_all import Question, Shared
from lakehouse_assets_tests.emulator.asking import BUCKET, Aws
from lakehouse_assets_tests.emulator.running import Emulator
from lakehouse_assets_tests.emulator.trino.serving import Trino
from lakehouse_assets_tests.lake import folder_files
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks
from lakehouse_assets_tests.recorded import is_recorded, recorded_folder
from lakehouse_assets_tests.s3_lake import S3LakeDriver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ZONE = "Europe/Berlin"
LATER = datetime(2025, 4, 20, 12, tzinfo=UTC)


QUESTIONS = [
    pytest.param(pipeline, contract.name, code, id=f"{pipeline} {contract.name} {code}".strip())
    for pipeline in ("ecommerce", "marketing")
    for contract in contracts(pipeline).values()
    for code in ([""] if contract.layer == "gold" else []) + [rule.code for rule in contract.assertions]
]
"""Every model and every check, by pipeline, table and code."""
GOLD = [
    pytest.param(pipeline, contract.name, id=f"{pipeline} {contract.name}")
    for pipeline in ("ecommerce", "marketing")
    for contract in contracts(pipeline).values()
    if contract.layer == "gold"
]


@pytest.fixture(scope="module")
def lakes(emulator: Emulator, trino: Trino, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Shared]]:
    """One lake of both pipelines, loaded, built and declared: a catalog has one."""
    del trino
    aws = Aws(emulator)
    aws.begin()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in emulator.variables.items():
            patch.setenv(name, value)
        yield {
            "ecommerce": shop(aws, tmp_path_factory.mktemp("drops")),
            "marketing": agency(aws, tmp_path_factory.mktemp("agency"), stack),
        }


def shop(aws: Aws, folder: Path) -> Shared:
    """The recorded days, where this machine has them, and the demo's, whose rows are dirty."""
    driver = S3LakeDriver(f"s3://{BUCKET}")
    write_demo(folder)
    for drop in [folder, *([recorded_folder()] if is_recorded(recorded_folder()) else [])]:
        driver.load(*folder_files(drop), as_of=LATER, max_reject_ratio=1)
    return built(aws, driver, LATER)


def agency(aws: Aws, folder: Path, stack: ExitStack) -> Shared:
    """Two ticks of a tenant with everything dirty, on the day on which the clocks change."""
    case = stack.enter_context(tenant(folder, *DIRTY, days=2, clicks_per_day=60, conversions_per_day=20))
    driver = Marketing(folder, case, zone=ZONE, place=f"s3://{BUCKET}/lake")
    pulls = ticks(date(2026, 3, 29), 1, ZONE)
    for pull in pulls:
        driver.tick(pull.at)
    return built(aws, driver, pulls[-1].at)


def built(aws: Aws, driver: S3LakeDriver | Marketing, at: datetime) -> Shared:
    """Build gold in its order, and declare all tables."""
    gold = {c.catalog_name: driver.model(c.name) for c in driver.known.values() if c.layer == "gold"}
    for level in levels(gold):
        for name in level:
            driver.gold(name.rpartition(".")[2], at)
    shared = Shared(aws, driver, at)
    shared.declare()
    return shared


def question(lakes: dict[str, Shared], pipeline: str, table: str, code: str) -> tuple[Shared, Question]:
    """One lake and what is asked of it."""
    shared = lakes[pipeline]
    contract = next(one for one in shared.stored() if one.name == table)
    return shared, shared.check(contract, code) if code else shared.model(contract)


@pytest.mark.parametrize(("pipeline", "table", "code"), QUESTIONS)
def test_athena_and_the_embedded_engine_agree(lakes: dict[str, Shared], pipeline: str, table: str, code: str) -> None:
    """Athena gets the text that production sends; values are of the same types, and a model has rows."""
    shared, asked = question(lakes, pipeline, table, code)
    found = shared.athena(asked)
    assert found == shared.embedded(asked)
    assert found or code


@pytest.mark.spark
@pytest.mark.parametrize(("pipeline", "table", "code"), QUESTIONS)
def test_athena_and_spark_agree(
    lakes: dict[str, Shared], spark: SparkSession, pipeline: str, table: str, code: str
) -> None:
    """The same text, translated for Spark."""
    shared, asked = question(lakes, pipeline, table, code)
    assert shared.athena(asked) == shared.spark(asked, spark)


def test_a_delta_moment_has_milliseconds_and_a_zone(lakes: dict[str, Shared]) -> None:
    """What Trino reads of microseconds is rounded, so engines are compared by the millisecond."""
    shared = lakes["ecommerce"]
    table = next(c for c in shared.stored() if c.name == "clean_orders")
    kinds = shared.aws.rows(f"SELECT DISTINCT typeof(order_timestamp) FROM {table.catalog_name}")
    assert kinds == [["timestamp(3) with time zone"]]


@pytest.mark.parametrize(("pipeline", "table"), GOLD)
def test_a_merge_on_athena_mends_gold(lakes: dict[str, Shared], pipeline: str, table: str) -> None:
    """Rows of one window are deleted; the MERGE that production sends for it brings them back, and nothing else."""
    shared = lakes[pipeline]
    contract = next(one for one in shared.stored() if one.name == table)
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    whole = Question(f"SELECT {columns} FROM {contract.catalog_name}", {})
    before, window = shared.athena(whole), None
    where = ""
    if contract.window:
        ((value,),) = shared.aws.rows(f'SELECT cast(max("{contract.window}") AS varchar) FROM {contract.catalog_name}')
        column = contract.column(contract.window)
        window = (date.fromisoformat(str(value)) if column.type == "DATE" else value,)
        where = f' WHERE "{contract.window}" = {literal(window[0]).sql("athena")}'
    shared.run(f"DELETE FROM {contract.catalog_name}{where}")
    assert shared.athena(whole) != before
    parameters = window_parameters(contract, window)
    shared.run(merge_statement(contract, shared.driver.model(table), parameters, zone=shared.driver.zone))
    assert shared.athena(whole) == before
