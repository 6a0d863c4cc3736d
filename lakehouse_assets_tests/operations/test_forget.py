"""`lakehouse forget`: a person who was everywhere is nowhere any more, and all others are as they were."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from lakehouse_assets.contracts import contracts
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.load.forget import Forget, forget
from lakehouse_assets.operations.cli import main
from lakehouse_assets.sql.forget import where_of
from lakehouse_assets.storage.aws import client
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.bytes_of import holding
from lakehouse_assets_tests.operations.conftest import FIRST, ITEMS, ORDERS, SECOND, Cli, Shop, put

CANARY = "canary-77x"
WHERE = f"user_id = '{CANARY}'"
AT = "2025-04-02T10:00:00"
THEIRS = {
    "orders/c.csv": ORDERS
    + f"9,900,{CANARY},{AT},5.25,2025-04-02\n"
    + f"9,901,{CANARY},{AT},bad,2025-04-02\n"
    + f"9,902,8,{AT},7.00,2025-04-02\n"
    + f'"{CANARY},broken\n',
    "order_items/c.csv": ITEMS
    + f"70,900,other,,1,1,0,{AT},2025-04-02\n"
    + f"71,902,8,,1,1,0,{AT},2025-04-02\n"
    + f"72,999,{CANARY},,1,1,0,{AT},2025-04-02\n"
    + f"73,901,other,,1,1,0,{AT},2025-04-02\n",
    "orders/refused.csv": f"a,b\n{CANARY},2\nx,3\n",
}
"""A good order, one that is rejected and a torn line; an item of each under another user, and one that waits."""
PACKED = ORDERS + f"9,903,{CANARY},{AT},6.25,2025-04-02\n9,904,8,{AT},7.00,2025-04-02\n"
TABLES = {
    "delta_lakehouse.clean_orders": "order_id",
    "delta_lakehouse.clean_orders_items": "id",
    "delta_lakehouse.ecommerce_rejects": "file, line",
    "delta_lakehouse.ecommerce_pending": "file, line",
    "ecommerce_gold.user_orders": "user_id",
    "ecommerce_gold.product_daily": '"date", product_id',
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the canary in archive, quarantine, silver, gold, side tables, ledger, reports and history."""
    folder = tmp_path_factory.mktemp("made")
    shop = Shop(folder / "lake", folder / "landing")
    put(shop.landing, FIRST | THEIRS)
    (shop.landing / "orders" / "g.csv.gz").write_bytes(gzip.compress(PACKED.encode()))
    assert main([*shop.run]) == 0
    put(shop.landing, SECOND)
    assert main([*shop.run]) == 0
    for key in ("told.json", "standing/told.json", "untold/told.json"):
        told = {f"notifications/ecommerce/{key}": f'{{"text": "the group of {CANARY} has no room"}}'}
        put(shop.lake, told)
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path, cli: Cli) -> Shop:
    """A copy of the lake as one of its own."""
    shutil.copytree(made, tmp_path / "shop")
    copied = Shop(tmp_path / "shop" / "lake", tmp_path / "shop" / "landing")
    assert cli("relocate", "--lake", copied.lake).code == 0
    return copied


def keys(cli: Cli, shop: Shop) -> dict[str, list[str]]:
    """The keys of all rows of the tables in which the canary was."""
    asked = {name: f"SELECT {key} FROM {name} ORDER BY {key}" for name, key in TABLES.items()}
    return {name: cli("sql", sql, "--format", "csv", *shop.at).out.splitlines()[1:] for name, sql in asked.items()}


def tables_of(shop: Shop) -> list[Path]:
    """All files of the lake but leases, and Dagster's history."""
    found = (path for path in shop.lake.rglob("*") if path.is_file())
    return [path for path in found if path.relative_to(shop.lake).parts[0] not in ("leases", "watch", "dagster")]


LEFT = {
    "delta_lakehouse.clean_orders": ["100", "101", "103", "902", "904"],
    "delta_lakehouse.clean_orders_items": ["1", "2", "71"],
    "delta_lakehouse.ecommerce_rejects": ["orders/2025-04-01.csv,4"],
    "delta_lakehouse.ecommerce_pending": ["order_items/2025-04-01.csv,4"],
    "ecommerce_gold.user_orders": ["7", "8", "9"],
    "ecommerce_gold.product_daily": ["2025-04-01,1", "2025-04-01,2", "2025-04-02,1"],
}


def test_a_person_is_erased_from_every_byte(shop: Shop, cli: Cli) -> None:
    """What a dry run counts is gone afterwards from every file, other rows stay, and a rebuild agrees."""
    places = {key.partition("/")[0] for key in holding(shop.lake, CANARY)}
    assert places >= {"archived", "quarantine", "lakehouse-dwh", "ecommerce_gold", "runs", "dagster", "notifications"}
    dry = cli("forget", "--where", WHERE, "--dry-run", *shop.at)
    assert " rows of table           delta_lakehouse.clean_orders  " in dry.out
    assert holding(shop.lake, CANARY) != []
    assert cli("forget", "--where", WHERE, *shop.at).code == 0
    assert holding(shop.lake, CANARY) == []
    assert keys(cli, shop) == LEFT
    rebuilt = cli("rebuild", "silver", *shop.at)
    assert (rebuilt.code, rebuilt.out.count("as it was")) == (0, 5)
    assert holding(shop.lake, CANARY) == []
    assert "nothing to do" in cli(*shop.run).out


def test_done_again_it_finds_nothing(shop: Shop, cli: Cli) -> None:
    """A second time there is nothing to erase, and no file changes but leases."""
    assert cli("forget", "--where", WHERE, *shop.at).code == 0
    before = {path: path.stat().st_mtime_ns for path in (shop.lake / "archived").rglob("*")}
    again = cli("forget", "--where", WHERE, *shop.at)
    assert [line for line in again.out.splitlines() if "table" in line or "file" in line] == []
    assert {path: path.stat().st_mtime_ns for path in (shop.lake / "archived").rglob("*")} == before


def test_a_condition_that_nobody_meets_changes_nothing(shop: Shop, cli: Cli) -> None:
    """Where nobody is found it says so, and no file of the lake is gone, new or another."""
    for only in (("--dry-run",), ()):
        before = {str(path): path.stat().st_mtime_ns for path in tables_of(shop)}
        done = cli("forget", "--where", "user_id = 'nobody-at-all'", *only, *shop.at)
        assert (done.code, "Nobody meets the condition" in done.out, "Erased" in done.out) == (0, True, False)
        assert {str(path): path.stat().st_mtime_ns for path in tables_of(shop)} == before


def test_a_dry_run_says_what_else_goes(shop: Shop, cli: Cli) -> None:
    """Whoever only asks is told that older versions of all tables would go."""
    assert "no time travel" in cli("forget", "--where", WHERE, "--dry-run", *shop.at).out


class Killed(BaseException):
    """Stands for the end of the process."""


NOTE = "leases/ecommerce.forgetting.json"


def killed(shop: Shop, changes: int) -> None:
    """An erasure whose process ends before its change after so many."""
    left = iter(range(changes))

    def guard() -> None:
        if next(left, None) is None:
            raise Killed

    lake = open_lake(str(shop.lake))
    with pytest.raises(Killed):
        forget(Forget("ecommerce", contracts("ecommerce"), lake, lambda: DuckEngine(lake), guard, where_of(WHERE)))


@pytest.mark.parametrize("changes", [1, 2, 3, 12, 24, 40])
def test_killed_anywhere_it_is_finished_by_the_next_one(shop: Shop, cli: Cli, changes: int) -> None:
    """After a process that ended before any of its changes, the same command leaves what one command leaves."""
    killed(shop, changes)
    assert cli("forget", "--where", WHERE, *shop.at).code == 0
    assert holding(shop.lake, CANARY) == []
    assert keys(cli, shop) == LEFT
    assert not (shop.lake / NOTE).exists()


def test_the_next_erasure_deletes_older_versions_that_a_killed_one_left(shop: Shop, cli: Cli) -> None:
    """Also one whose own condition nobody meets; until then the lake cannot be cloned."""
    killed(shop, 24)
    assert holding(shop.lake, CANARY) != []
    refused = cli("clone", shop.lake.parent / "clone", *shop.at)
    assert (refused.code, "was killed and has not ended" in refused.err) == (2, True)
    done = cli("forget", "--where", "user_id = 'nobody-at-all'", *shop.at)
    assert (done.code, "An erasure of before was killed" in done.out) == (0, True)
    assert [key for key in holding(shop.lake, CANARY) if not key.startswith("dagster/")] == []  # of its own condition
    assert cli("clone", shop.lake.parent / "clone", *shop.at).code == 0


def test_nothing_is_erased_while_a_run_goes_on(shop: Shop, cli: Cli) -> None:
    """The lease of another run keeps the command away."""
    before = holding(shop.lake, CANARY)
    with Lease(open_lake(str(shop.lake)).store, "ecommerce").acquire("a-run"):
        done = cli("forget", "--where", WHERE, *shop.at)
    assert (done.code, "a-run" in done.err) == (1, True)
    assert holding(shop.lake, CANARY) == before


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("mood = 'good'", "no silver table has `mood`; there are"),
        ("user_id", "names a column and a value"),
        ("user_id = (SELECT '1')", "without other queries"),
        ("user_id = ", "this is no SQL"),
        ("nosuch(user_id) = '1'", "nosuch"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(shop: Shop, cli: Cli, where: str, says: str) -> None:
    """A condition on no known column, on no value, or that is none is refused in one sentence."""
    done = cli("forget", "--where", where, *shop.at)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert says in done.err
    assert not (shop.lake / NOTE).exists()


@pytest.mark.slow
def test_in_a_versioned_bucket_no_older_version_is_left(
    s3: str, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every object below the lake only the newest version is left, and none of them holds the canary."""
    bucket = s3.removeprefix("s3://").partition("/")[0]
    client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    places = {"LAKE": f"{s3}/lake", "LANDING": f"{s3}/landing", "HISTORY": str(tmp_path / "history")}
    for name, value in (places | {"PIPELINES": "lakehouse_assets.ecommerce"}).items():
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    for key, text in (FIRST | THEIRS).items():
        open_store(places["LANDING"]).put(key, text.encode())
    assert cli("run", "ecommerce", "--max-reject-ratio", "1").code == 0
    assert cli("forget", "--where", WHERE).code == 0
    prefix = f"{s3.removeprefix(f's3://{bucket}').strip('/')}/lake/".lstrip("/")
    kept = client().list_object_versions(Bucket=bucket, Prefix=prefix)
    marks = (f"{prefix}leases/", f"{prefix}watch/")
    theirs = [version for version in kept["Versions"] if not version["Key"].startswith(marks)]
    assert [v["Key"] for v in theirs if not v["IsLatest"]] == []
    for version in theirs:
        place = tmp_path / "objects" / version["Key"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(client().get_object(Bucket=bucket, Key=version["Key"])["Body"].read())
    assert holding(tmp_path / "objects", CANARY) == []
    assert holding(tmp_path / "history", CANARY) == []
    assert cli("rebuild", "silver").out.count("as it was") == 5
