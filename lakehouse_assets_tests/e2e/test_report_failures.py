"""Executions of the report's machine that really fail: one message with state and cause each, and the next run repairs.

The same days are pulled and reported again by every run, so that a repaired run has something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.affise.simulator.running import Simulator
from lakehouse_assets.contracts import contracts
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.e2e.production import Execution, Production

pytestmark = pytest.mark.e2e_all
AT = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
REPORT = "reports/Sub5-2026-03-09.csv"
Failing = Callable[[Production, Simulator], AbstractContextManager[None]]


def run(production: Production, account: Simulator, **asked: str) -> Execution:
    """A run at a moment when the account's days are over."""
    account.clock.set(AT)
    return production.run("marketing", {"as_of": AT.isoformat()} | asked)


@contextmanager
def api_down(production: Production, account: Simulator) -> Iterator[None]:
    """Every answer of the account is an error."""
    del production
    account.faults.turn_on("server-error:times=0")
    yield
    account.faults.turn_off("server-error")


@contextmanager
def key_refused(production: Production, account: Simulator) -> Iterator[None]:
    """The secret holds another key than the account knows."""
    production.tell_secrets("0" * 32)
    yield
    production.tell_secrets(account.key)


@contextmanager
def slices_refused(production: Production, account: Simulator) -> Iterator[None]:
    """The plan is answered, and what it names is not."""
    del production
    account.faults.turn_on("server-error:endpoint=stats/conversions,skip=5,times=0")
    yield
    account.faults.turn_off("server-error")


@contextmanager
def doubled(production: Production, account: Simulator) -> Iterator[None]:
    """A click stands in silver twice, written past the pipeline."""
    del account
    table = open_lake(production.lake).delta(contracts("marketing")["silver.clicks"])
    options, before = table._storage_options, table.version()  # noqa: SLF001 - its own
    write_deltalake(table, table.to_pyarrow_table().slice(0, 1), mode="append")
    yield
    DeltaTable(table.table_uri, storage_options=options).restore(before)


@contextmanager
def export_broken(production: Production, account: Simulator) -> Iterator[None]:
    """The function that exports is deployed with a handler that it does not have."""
    del account
    with production.broken("export-sub5-report"):
        yield


@pytest.fixture(scope="module", autouse=True)
def first(production: Production, account: Simulator) -> Execution:
    """A run that goes well, so that there is a report which a failed one must not touch."""
    production.sleeping()
    done = run(production, account)
    assert done.status == "SUCCEEDED", done
    production.told()
    return done


@pytest.mark.parametrize(
    ("failing", "state", "cause"),
    [
        (api_down, "PlanAffisePull", "gave no usable answer"),
        (key_refused, "PlanAffisePull", "AFFISE_API_KEY"),
        (slices_refused, "PullAffiseSlices", "stats/conversions"),
        (doubled, "JudgeAthenaValidationSilver", "check `clicks.keys_unique` failed: 1 rows"),
        (export_broken, "ExportSub5Report", "gone"),
    ],
    ids=["api down", "key refused", "slices refused", "blocking check", "export"],
)
def test_a_failure_is_told_once_and_the_report_stays(
    production: Production, account: Simulator, failing: Failing, state: str, cause: str
) -> None:
    """Nothing is exported or held, the message names state and cause, and the next run ends well."""
    before = production.read(REPORT)
    with failing(production, account):
        # A replay asks whole tables: a row that no run has touched is not looked at else.
        done = run(production, account, **{"mode": "replay"} if failing is doubled else {})
    (message,) = production.told()
    assert done.status == "FAILED", done
    assert message.subject == f"marketing: run failed in {state}"
    assert cause in message.body.partition("\n")[0]
    assert production.read(REPORT) == before
    assert production.holder("marketing") is None
    repaired = run(production, account)
    assert repaired.status == "SUCCEEDED", repaired
    production.told()
