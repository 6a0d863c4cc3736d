"""Fixtures for the tests of the command line: calling it, and a small shop whose every number is known."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.operations.cli import main

PRODUCTS = "product_id,department_id,department,product_name\n1,1,Books,Atlas\n2,2,Toys,Kite\n"
ORDERS = "order_num,order_id,user_id,order_timestamp,total_amount,date\n"
ITEMS = "id,order_id,user_id,days_since_prior_order,product_id,add_to_cart_order,reordered,order_timestamp,date\n"
FIRST = {
    "products.csv": PRODUCTS,
    "orders/2025-04-01.csv": ORDERS
    + "1,100,7,2025-04-01T10:00:00,10.00,2025-04-01\n"
    + "2,101,8,2025-04-01T11:00:00,20.50,2025-04-01\n"
    + "3,102,8,2025-04-01T12:00:00,ten,2025-04-01\n",
    "order_items/2025-04-01.csv": ITEMS
    + "1,100,7,,1,1,0,2025-04-01T10:00:00,2025-04-01\n"
    + "2,101,8,,2,1,0,2025-04-01T11:00:00,2025-04-01\n"
    + "3,102,8,1,1,1,1,2025-04-01T12:00:00,2025-04-01\n",
}
"""Two good orders of 30.50 together, one whose amount is no number, and an item that waits for that order."""
SECOND = {
    "orders/2025-04-02.csv": ORDERS + "1,103,9,2025-04-02T10:00:00,5.25,2025-04-02\n",
    "orders/broken.csv": "a,b\n1,2\n",
}
"""One more order, and a file that is none."""


@dataclass(frozen=True)
class Result:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Call the command line in this process."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session", autouse=True)
def heard_signals() -> Iterator[None]:
    """Child processes hear the terminal's signals, also where these tests run in a background that ignores them."""
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    ignored = [number for number in usual if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, usual[number])
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def no_last_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commands of one test remember is not what those of another one open."""
    monkeypatch.setenv("XDG_STATE_HOME", f"{tmp_path}-state")


def process(*arguments: object, **options: Any) -> Result:
    """Call the installed command in a process of its own."""
    command = [str(Path(sys.executable).with_name("lakehouse")), *(str(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)
    return Result(done.returncode, done.stdout, done.stderr)


def put(landing: Path, files: dict[str, str]) -> None:
    """Drop files into landing."""
    for key, text in files.items():
        path = landing / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@dataclass(frozen=True)
class Shop:
    """A small lake after one run over `FIRST`."""

    lake: Path
    landing: Path

    @property
    def at(self) -> tuple[str, str]:
        """The option that names the lake."""
        return "--lake", str(self.lake)

    @property
    def run(self) -> tuple[str, ...]:
        """The arguments of one more run."""
        return "run", "ecommerce", *self.at, "--landing", str(self.landing), "--max-reject-ratio", "1"


def open_shop(folder: Path) -> Shop:
    """A new lake with the first day loaded."""
    shop = Shop(folder / "lake", folder / "landing")
    put(shop.landing, FIRST)
    assert main([*shop.run, "--json"]) == 0
    return shop


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Path]:
    """A lake with the first day loaded, and a copy of its folder, from which it is put back."""
    folder = tmp_path_factory.mktemp("first_day")
    shop = open_shop(folder / "shop")
    return shop, Path(shutil.copytree(folder / "shop", folder / "kept", symlinks=True))


@pytest.fixture
def shop(first_day: tuple[Shop, Path]) -> Shop:
    """A lake of this test's own, as it was after its first run, put back where it was made: a moved lake is refused."""
    shop, kept = first_day
    shutil.rmtree(shop.lake.parent)
    shutil.copytree(kept, shop.lake.parent, symlinks=True)
    return shop


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A lake that all tests look at and leave as it is."""
    return open_shop(tmp_path_factory.mktemp("shown"))
