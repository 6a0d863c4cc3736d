"""Whoever writes into landing while runs go on, all rows arrive, now or later."""

from __future__ import annotations

import pytest

from lakehouse_assets.storage import writers
from lakehouse_assets_tests.operations.conftest import ORDERS, Cli, Shop

ROWS = [f"{n},{9100 + n},7,2025-04-02T10:00:00,{100 + n}.75,2025-04-02\n" for n in range(40)]
COUNT = "SELECT count(*) AS n FROM delta_lakehouse.clean_orders WHERE order_id LIKE '91%'"


def arrived(cli: Cli, shop: Shop) -> str:
    """How many of the forty orders silver holds."""
    return cli("sql", COUNT, *shop.at, "--format", "csv").out.split()[1]


@pytest.mark.parametrize("shown", [True, False])
def test_an_upload_that_pauses_loses_no_row(
    cli: Cli, shop: Shop, monkeypatch: pytest.MonkeyPatch, *, shown: bool
) -> None:
    """Where the system shows the writer its file is left alone; where not, what comes later is found and loaded."""
    if not shown:
        monkeypatch.setattr(writers, "is_being_written", lambda _: None)
    with (shop.landing / "orders/2025-04-02.csv").open("w") as upload:
        upload.writelines([ORDERS, *ROWS[:19]])
        upload.flush()
        first = cli(*shop.run)
        assert (first.code, arrived(cli, shop)) == (0, "0" if shown else "19")
        assert ("Left alone: orders/2025-04-02.csv, a process is still writing it" in first.out) is shown
        upload.writelines(ROWS[19:])
    second = cli(*shop.run)
    assert (second.code, arrived(cli, shop)) == (0, "40")
    assert ("Back in landing: orders/2025-04-02.csv" in second.out) is not shown
    assert not list(shop.landing.rglob("*.csv"))


def test_links_and_what_is_no_file_are_told(cli: Cli, shop: Shop) -> None:
    """A linked folder is read like any other; a dead link is named also by a run with nothing to do."""
    share = shop.landing.with_name("share")
    (shop.landing / "orders").rename(share)
    (shop.landing / "orders").symlink_to("../share")
    (share / "2025-04-02.csv").write_text("".join([ORDERS, *ROWS]))
    assert (cli(*shop.run).code, arrived(cli, shop)) == (0, "40")
    (shop.landing / "products.csv").symlink_to("nowhere.csv")
    again = cli(*shop.run)
    assert again.code == 0
    assert "✔ nothing to do" in again.out
    assert "Left alone: products.csv, a link to something that is not there" in again.out


def test_the_present_folder_is_a_landing_and_a_lake(cli: Cli, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dot is what everybody types."""
    (shop.landing / "orders/2025-04-02.csv").write_text("".join([ORDERS, *ROWS]))
    monkeypatch.chdir(shop.landing)
    assert cli("run", "--landing", ".", *shop.at).code == 0
    monkeypatch.chdir(shop.lake)
    assert cli("sql", COUNT, "--lake", ".", "--format", "csv").out == "n\n40\n"


def test_a_folder_without_a_name_is_refused(cli: Cli, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of a script that is not set makes it; the present folder's files stay where they are."""
    monkeypatch.chdir(shop.landing)
    for option in ("--landing", "--lake"):
        result = cli("run", option, "")
        assert (result.code, result.err) == (2, "error: a folder's name is empty; the present folder is `.`\n")
