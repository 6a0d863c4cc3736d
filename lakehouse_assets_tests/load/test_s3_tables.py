"""Tables of a lake in S3 beside those of a folder: dirty rows, moments of the past, replays, and upkeep.

One lake for all tests here; each leaves it with the rows that it found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse_assets.engines import maintenance
from lakehouse_assets.engines.delta_log import commits
from lakehouse_assets.engines.restore import restore
from lakehouse_assets.errors import BadRequest
from lakehouse_assets_tests.emulator.fixtures import empty_bucket
from lakehouse_assets_tests.emulator.running import Emulator
from lakehouse_assets_tests.lake import LakeDriver, facts_of, never
from lakehouse_assets_tests.load.crashing import EARLIER, KILLED, NEXT_DAY
from lakehouse_assets_tests.load.test_real import tables
from lakehouse_assets_tests.load.test_s3 import ORDERS, SALES, answer, built
from lakehouse_assets_tests.s3_lake import S3LakeDriver


@pytest.fixture(scope="module")
def both(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LakeDriver]]:
    """A lake in S3 and one in a folder after the same two loads, with rejects, a rename, and a row that waits."""
    with pytest.MonkeyPatch.context() as patch:
        bucket = empty_bucket(emulator, emulator.url, patch)
        found: list[LakeDriver] = [S3LakeDriver(bucket), LakeDriver(tmp_path_factory.mktemp("folder"))]
        for one in found:
            one.load(*EARLIER)
            built(one)
            one.load(*KILLED, as_of=NEXT_DAY, max_reject_ratio=1.0)
            built(one)
        yield found


def moments(lake: LakeDriver) -> Iterator[datetime]:
    """Just before the second load and just after it, by the commits of orders."""
    times = [commit["timestamp"] for commit in commits(lake.value.delta(lake.known["silver.clean_orders"]))]
    for millis in (times[0] - 1, times[0]):
        yield datetime.fromtimestamp(millis / 1000, UTC)


def test_dirty_rows_end_where_they_do_in_a_folder(both: list[LakeDriver]) -> None:
    """Silver, gold, rejects and what waits; a second pass of the same files changes nothing."""
    there, here = both
    assert tables(there) == tables(here)
    assert len(there.rejects()) > 1
    before = there.data_files()
    there.load(*KILLED, as_of=NEXT_DAY, max_reject_ratio=1.0)
    assert (there.data_files(), tables(there)) == (before, tables(here))


def test_tables_are_asked_as_they_were(both: list[LakeDriver]) -> None:
    """Silver and gold before the second load, and a moment at which there was nothing."""
    before, after = moments(both[0])
    orders = [answer(both[0], ORDERS, moment) for moment in (before, after)]
    assert orders == [[("o1", "10.00"), ("o2", "5.01")], [("o1", "11.00"), ("o2", "5.01"), ("o3", "7.00")]]
    assert answer(both[0], SALES, before) == [("15.01",)]
    assert answer(both[0], SALES) == answer(both[1], SALES) == [("23.01",)]
    with pytest.raises(BadRequest, match="did not exist"):
        answer(both[0], ORDERS, before - timedelta(days=1))


def test_a_statement_reads_nothing_beside_the_lake(both: list[LakeDriver]) -> None:
    """Neither another prefix of the bucket nor a file of this machine."""
    for place in (f"{both[0].landed.uri}/orders/1.csv", "/etc/passwd"):
        with pytest.raises(BadRequest, match="tables of this lake, and no other file"):
            answer(both[0], f"SELECT * FROM read_csv('{place}')")


def test_a_replay_judges_open_rejects_again(both: list[LakeDriver]) -> None:
    """With nothing corrected the same rows stay open, on either side."""
    answers = [facts_of(one.load(mode="replay", as_of=NEXT_DAY, max_reject_ratio=1.0)) for one in both]
    assert answers[0] == answers[1]
    assert both[0].rejects() == both[1].rejects()


def test_tables_are_compacted_cleaned_and_brought_back(both: list[LakeDriver]) -> None:
    """Fewer files hold the same rows; without their old files a table goes on; an earlier moment comes back."""
    there, (before, _) = both[0], moments(both[0])
    held, orders, sales = tables(there), there.known["silver.clean_orders"], there.known["gold.daily_sales"]
    assert restore(orders, there.value, before, never, never).rows == 2
    assert [row[0] for row in answer(there, ORDERS)] == ["o1", "o2"]
    restore(orders, there.value, next(iter(list(moments(there))[:1])), never, never)
    assert tables(there) == held
    for contract in (orders, sales):
        first, last = maintenance.optimize(contract, there.value, never)
        assert last <= first
    removed = maintenance.vacuum(orders, there.value, never, hours=0, delete=True)
    assert removed
    assert not {f"lakehouse-dwh/clean_orders/{name}" for name in removed} & set(there.value.store.look().keys)
    assert tables(there) == held
    for contract in (orders, sales):
        there.value.require_whole(contract)
