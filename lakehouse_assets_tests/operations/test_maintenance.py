"""`lakehouse optimize`, `vacuum`, `contracts`, `emit`, `sample` and `dev`: the commands around the pipeline."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from lakehouse_assets.operations import dev
from lakehouse_assets.storage.lease import Lease
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import SECOND, Cli, Shop, put

EVERYTHING = (
    "SELECT * FROM delta_lakehouse.clean_orders ORDER BY order_id",
    "SELECT * FROM ecommerce_gold.user_orders ORDER BY user_id",
)


def test_care_keeps_what_tables_hold(cli: Cli, shop: Shop) -> None:
    """After a second day, compaction leaves one file per table and every row; old files go when asked for."""
    put(shop.landing, SECOND)
    cli(*shop.run)
    before = [cli("sql", query, "--format", "csv", *shop.at).out for query in EVERYTHING]
    assert cli("optimize", *shop.at).code == 0
    listed = cli("vacuum", "--retention-hours", "0", "--force", *shop.at)
    assert "Nothing was removed" in listed.out
    files = _parquet(shop)
    assert cli("vacuum", "--retention-hours", "0", "--force", "--delete", *shop.at).code == 0
    assert _parquet(shop) < files
    assert [cli("sql", query, "--format", "csv", *shop.at).out for query in EVERYTHING] == before
    assert len(list(shop.lake.rglob("clean_orders/**/*.parquet"))) == 1


def test_vacuum_of_a_new_lake_finds_nothing(cli: Cli, shown: Shop) -> None:
    """Within a week no file is dead."""
    before = _parquet(shown)
    assert cli("vacuum", "--delete", *shown.at).code == 0
    assert _parquet(shown) == before


def test_care_waits_for_no_run(cli: Cli, shown: Shop) -> None:
    """While a run holds the pipeline, care is refused with its name; afterwards it goes on."""
    with Lease(open_store(str(shown.lake)), "ecommerce").acquire("some-run"):
        result = cli("optimize", *shown.at)
    assert result.code == 1
    assert "held by run `some-run`" in result.err
    assert cli("vacuum", *shown.at).code == 0


def test_contracts_are_released(cli: Cli) -> None:
    """The committed released state is current."""
    result = cli("contracts", "--check")
    assert result.code == 0
    assert "released state is current" in result.out


def test_emit_check_agrees_with_the_emitter(cli: Cli) -> None:
    """Exit code 1 exactly when a file is out of date."""
    from stepfunctions.emit import check

    assert cli("emit", "--check").code == int(bool(check()))


def test_a_sample_is_the_same_for_the_same_seed(cli: Cli, tmp_path: Path) -> None:
    """Two samples with equal options are equal files, with the answer beside them."""
    options = ("--days", "2", "--orders-per-day", "20", "--bad-ratio", "0.1", "--seed", "3")
    for name in ("one", "two"):
        assert cli("sample", tmp_path / name, *options).code == 0
    texts = [{p.name: p.read_bytes() for p in (tmp_path / n).rglob("*.csv")} for n in ("one", "two")]
    assert texts[0] == texts[1]
    assert json.loads((tmp_path / "one.expected.json").read_text())["tables"]["clean_orders"]["read"] == 40


def test_a_sample_goes_into_an_empty_folder_only(cli: Cli, tmp_path: Path) -> None:
    """Files that are there are never mixed with a sample."""
    put(tmp_path / "mine", {"orders.csv": "x"})
    assert cli("sample", tmp_path / "mine").code == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["orders.csv"]


def test_the_ui_listens_on_this_machine_only() -> None:
    """The UI is started on the loopback address with a workspace that exists, whatever the current folder."""
    command = dev.command(3999)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert Path(command[command.index("--workspace") + 1]).is_absolute()
    assert Path(command[command.index("--workspace") + 1]).exists()


def test_a_port_in_use_is_bad_input(cli: Cli, tmp_path: Path) -> None:
    """The UI is not started where somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = cli("dev", "--port", port, "--lake", tmp_path / "lake")
    assert result.code == 2
    assert f"port {port} is in use" in result.err


def _parquet(shop: Shop) -> int:
    return len(list(shop.lake.rglob("*.parquet")))
