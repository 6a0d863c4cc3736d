"""Every gold model and every check gives the same rows on Athena (Trino), on the embedded engine and on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY
from lakehouse_assets.contracts import Contract, contracts
from lakehouse_assets.ecommerce.sample import write_demo
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.gold import merge_statement, window_parameters
from lakehouse_assets.sql.models import levels
from lakehouse_assets_tests.affise.tenant import tenant
from lakehouse_assets_tests.emulator.asked_of_all import Question, Shared
from lakehouse_assets_tests.emulator.asking import BUCKET, Aws
from lakehouse_assets_tests.emulator.running import Emulator
from lakehouse_assets_tests.emulator.spoiling import spoil
from lakehouse_assets_tests.emulator.trino.serving import Trino
from lakehouse_assets_tests.lake import folder_files
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks
from lakehouse_assets_tests.recorded import is_recorded, recorded_folder
from lakehouse_assets_tests.s3_lake import S3LakeDriver

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.e2e_all
ZONE = "Europe/Berlin"
LATER = datetime(2025, 4, 20, 12, tzinfo=UTC)
BEFORE, AFTER = datetime(2025, 4, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
QUIET = frozenset(
    {
        "volume",
        "volume_of_weekday",
        "day_missing",
        "totals_match_report",
        "clicks_counted_by_api",
        "rejected_facts_missing",
    }
)
"""Checks that look for days with too little, and find none in such a lake: no rows are all that is compared."""


CHECKS = [
    pytest.param(
        pipeline,
        contract.name,
        rule.code,
        id=f"{pipeline} {contract.name} {rule.code}",
    )
    for pipeline in ("ecommerce", "marketing")
    for contract in contracts(pipeline).values()
    for rule in contract.assertions
]
"""Every check, by pipeline, table and code."""
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


@pytest.fixture(scope="module")
def spoiled(lakes: dict[str, Shared]) -> dict[str, Shared]:
    """The lake with faults of every kind that keys and references can have; what comes before sees it whole."""
    for shared in lakes.values():
        spoil(shared)
    return lakes


def table_of(shared: Shared, name: str) -> Contract:
    """The contract of a table."""
    return next(one for one in shared.stored() if one.name == name)


@pytest.mark.spark
@pytest.mark.parametrize(("pipeline", "table"), GOLD)
def test_a_model_has_the_same_rows(lakes: dict[str, Shared], spark: SparkSession, pipeline: str, table: str) -> None:
    """Athena gets the text that production sends; values are of the same types, and there are some."""
    shared = lakes[pipeline]
    asked = shared.model(table_of(shared, table))
    found = shared.athena(asked)
    assert found
    assert shared.embedded(asked) == found
    assert shared.spark(asked, spark) == found


def test_a_delta_moment_has_milliseconds_and_a_zone(lakes: dict[str, Shared]) -> None:
    """What Trino reads of microseconds is rounded, so engines are compared by the millisecond."""
    shared = lakes["ecommerce"]
    table = table_of(shared, "clean_orders")
    kinds = shared.aws.rows(f"SELECT DISTINCT typeof(order_timestamp) FROM {table.catalog_name}")
    assert kinds == [["timestamp(3) with time zone"]]


@pytest.mark.parametrize(("pipeline", "table"), GOLD)
def test_a_merge_on_athena_mends_gold(lakes: dict[str, Shared], pipeline: str, table: str) -> None:
    """Rows of one window are deleted; the MERGE that production sends for it brings them back, and nothing else."""
    shared = lakes[pipeline]
    contract = table_of(shared, table)
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


@pytest.mark.spark
@pytest.mark.parametrize(("pipeline", "table", "code"), CHECKS)
def test_a_check_finds_the_same_rows(
    spoiled: dict[str, Shared], spark: SparkSession, pipeline: str, table: str, code: str
) -> None:
    """In a lake with keys twice and without parents, which is asked long before and after, too, until it finds some."""
    shared, found = spoiled[pipeline], list[Any]()
    contract = table_of(shared, table)
    for as_of in (None, BEFORE, AFTER):
        asked = shared.check(contract, code, as_of)
        found = shared.athena(asked)
        assert shared.embedded(asked) == found
        assert shared.spark(asked, spark) == found
        if found:
            break
    is_empty = not shared.athena(Question(f"SELECT 1 AS one FROM {contract.catalog_name} LIMIT 1", {}))
    assert found or is_empty or code in QUIET
