"""Delta tables in S3: a commit whose answer is lost is one's own, and one of somebody else is a conflict."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from lakehouse_assets.contracts import contract
from lakehouse_assets.contracts.model import Column
from lakehouse_assets.engines import delta, maintenance
from lakehouse_assets.engines.delta_log import commits
from lakehouse_assets.engines.restore import restore
from lakehouse_assets.errors import AccessDenied, BucketMissing, CommitConflict, StorageUnavailable
from lakehouse_assets.storage.lake import Lake, open_lake
from lakehouse_assets_tests.emulator.proxy import Proxy
from lakehouse_assets_tests.engines.test_delta import DAYS, ORDERS, order, rows
from lakehouse_assets_tests.lake import never

if TYPE_CHECKING:
    from deltalake import DeltaTable

LOG = r"_delta_log/\d{20}\.json$"
"""Names a commit: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#delta-log-entries."""


@pytest.fixture
def lake(s3_proxy: Proxy) -> Lake:
    """A lake behind a proxy, with one order in it, once as it was and once changed."""
    made = open_lake(f"{s3_proxy.uri}/lake")
    put(made, "1.00", updates=False)
    put(made, "2.00", updates=True)
    return made


def put(lake: Lake, amount: str, *, updates: bool, table: DeltaTable | None = None) -> int:
    """Bring one order into the table, and return how many rows more it holds."""
    target = table or delta.ensure(ORDERS, lake)
    return delta.commit(ORDERS, target, rows(order("1", amount)), never, dates=DAYS, updates=updates).rows


def amounts(lake: Lake) -> list[str]:
    """The amounts of all orders."""
    held = lake.delta(ORDERS).to_pyarrow_table(columns=["total_amount"])
    return [str(value) for value in held["total_amount"].to_pylist()]


def widened(lake: Lake) -> DeltaTable:
    """The table, given another column."""
    from dataclasses import replace

    return delta.ensure(replace(ORDERS, columns=(*ORDERS.columns, Column("note", "STRING", "A note."))), lake)


def deleted(lake: Lake) -> None:
    """The table without its order."""
    keys = rows(order("1", "1.00")).select(["order_id"]).to_reader()
    delta.delete(ORDERS, lake.delta(ORDERS), keys, never)


def restored(lake: Lake) -> Any:
    """The table as it was after its first rows."""
    from datetime import UTC, datetime

    first = next(c for c in commits(lake.delta(ORDERS)) if c["version"] == 1)
    return restore(ORDERS, lake, datetime.fromtimestamp(first["timestamp"] / 1000, UTC), never, never)


def updated(lake: Lake) -> int:
    """The order with another amount, set in place."""
    return delta.update(ORDERS, lake.delta(ORDERS), "order_id = '1'", {"total_amount": "9.00"}, never)


CHANGES: dict[str, tuple[Callable[[Lake], object], object, list[str]]] = {
    "append": (lambda lake: put(lake, "3.00", updates=False), 1, ["2.00", "3.00"]),
    "merge": (lambda lake: put(lake, "4.00", updates=True), 0, ["4.00"]),
    "update": (updated, 1, ["9.00"]),
    "delete": (deleted, None, []),
    "columns": (lambda lake: [f.name for f in widened(lake).schema().fields][-1], "note", ["2.00"]),
    "restore": (lambda lake: restored(lake).rows, 1, ["1.00"]),
}
"""What changes a table, what it answers, and which amounts the table holds afterwards."""


APART = {"columns", "restore"}
"""Changes during which delta-rs lets no other thread of its process work, so that the proxy needs another process."""


def apart(change: str, lake: Lake) -> Any:
    """What a change answers that is made by another process."""
    program = "from lakehouse_assets_tests.engines.test_delta_s3 import *; from sys import argv; "
    program += "import json; print(json.dumps(CHANGES[argv[1]][0](open_lake(argv[2]))))"
    command = [sys.executable, "-c", program, change, lake.root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("change", CHANGES)
def test_a_commit_whose_answer_is_lost_is_ones_own(lake: Lake, s3_proxy: Proxy, change: str) -> None:
    """delta-rs tries again, meets its own file and calls it a conflict; the change is there once."""
    do, answer, held = CHANGES[change]
    lost = s3_proxy.fail("lost answer", "PUT", LOG, times=2 if change == "columns" else 1)
    assert (apart(change, lake) if change in APART else do(lake)) == answer
    assert lost.done == lost.times
    assert sorted(amounts(lake)) == held


def test_a_table_whose_creation_got_no_answer_is_there(s3_proxy: Proxy) -> None:
    """It is created once, and the first rows go into it."""
    made, lost = open_lake(f"{s3_proxy.uri}/lake"), s3_proxy.fail("lost answer", "PUT", LOG)
    assert put(made, "1.00", updates=False) == 1
    assert (lost.done, amounts(made)) == (1, ["1.00"])


def test_files_are_made_one_though_the_answer_is_lost(lake: Lake, s3_proxy: Proxy) -> None:
    """Compacting says how many files there were and are."""
    put(lake, "3.00", updates=False)
    lost = s3_proxy.fail("lost answer", "PUT", LOG)
    assert maintenance.optimize(ORDERS, lake, never) == (2, 1)
    assert (lost.done, sorted(amounts(lake))) == (1, ["2.00", "3.00"])


@pytest.mark.parametrize("updates", [False, True])
def test_a_commit_of_somebody_else_is_a_conflict(lake: Lake, updates: bool) -> None:  # noqa: FBT001 - the case
    """The put of a version that is there is refused, and what is there is not ours."""
    stale = lake.delta(ORDERS)
    put(lake, "3.00", updates=True)
    with pytest.raises(CommitConflict, match="clean_orders"):
        put(lake, "4.00", updates=updates, table=stale)
    assert amounts(lake) == ["3.00"]


def test_throttled_and_broken_requests_are_tried_again(lake: Lake, s3_proxy: Proxy) -> None:
    """Every third request is answered by 503 or not at all; each change is made once."""
    rules = [s3_proxy.fail("slow down", times=99, every=5), s3_proxy.fail("reset", times=99, every=7)]
    for amount in ("5.00", "6.00"):
        put(lake, amount, updates=True)
    assert amounts(lake) == ["6.00"]
    assert all(rule.done for rule in rules)


def test_a_store_that_goes_on_refusing_is_no_damaged_table(lake: Lake, s3_proxy: Proxy) -> None:
    """Whoever reads hears that the store is throttled, and which object was asked for."""
    s3_proxy.fail("slow down", times=999)
    with pytest.raises(StorageUnavailable, match=r"lake/lakehouse-dwh/clean_orders/_delta_log.*does not answer"):
        lake.delta(ORDERS)


def test_a_missing_bucket_is_named(s3: str) -> None:
    """Reading and writing say it."""
    for place in (f"{s3}-of-nobody/lake", f"{s3}-of-nobody"):
        with pytest.raises(BucketMissing, match="lake-bucket-of-nobody"):
            delta.ensure(contract("ecommerce", "silver.clean_orders"), open_lake(place))


DENIED = "Error performing GET http://localhost/b/t/_delta_log/0.json?X-Amz-Signature=abc in 4ms - 403 Forbidden"


def test_what_may_not_be_read_is_named_without_its_query() -> None:
    """The place is the object's, and no signature is told."""
    from lakehouse_assets.storage.remote_errors import remote_error

    found = remote_error(OSError(DENIED))
    assert isinstance(found, AccessDenied)
    assert "localhost/b/t/_delta_log/0.json`" in str(found)
    assert "abc" not in str(found)
