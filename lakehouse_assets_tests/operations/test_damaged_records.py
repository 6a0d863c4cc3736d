"""A record of the history or of what was told that is damaged is named, and keeps nobody from the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.compute.troubles import End
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.operations.conftest import Cli, Shop


@pytest.fixture
def copy(cli: Cli, shown: Shop, tmp_path: Path) -> Shop:
    """A lake of this test's own after a run, and an empty landing."""
    lake = Shop(tmp_path / "lake", tmp_path / "landing")
    shutil.copytree(shown.lake, lake.lake)
    lake.landing.mkdir()
    assert cli("relocate", *lake.at).code == 0
    return lake


def empty(shop: Shop, folder: str) -> list[Path]:
    """Empty every file below a folder of the lake."""
    files = sorted(path for path in (shop.lake / folder).rglob("*.json"))
    assert files
    for file in files:
        file.write_bytes(b"")
    return files


def test_the_runs_beside_a_damaged_entry_are_listed(cli: Cli, copy: Shop) -> None:
    """A list is a list without it, so the exit code is the usual one; who asks for that run learns why."""
    (entry,) = empty(copy, "history/ecommerce")
    assert cli(*copy.run).code == 0
    done = cli("runs", *copy.at)
    assert (done.code, done.out.count("nothing to do")) == (0, 1)
    assert done.err.startswith(f"warning: the record `{entry}` cannot be used: JSONDecodeError: ")
    assert done.err.endswith("put the file back from a backup of the lake, or remove it; it is passed over\n")
    asked = cli("runs", entry.stem.partition("-")[2], *copy.at)
    assert (asked.code, asked.err.startswith(f"error: the record `{entry}` cannot be used: ")) == (1, True)


def test_several_damaged_entries_are_one_sentence(cli: Cli, copy: Shop) -> None:
    """The latest is named, the others are counted."""
    assert cli(*copy.run).code == 0
    _, latest = empty(copy, "history/ecommerce")
    done = cli("runs", *copy.at)
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert f"`{latest}`" in done.err
    assert done.err.endswith("; it and 1 more are passed over\n")


def test_status_tells_a_damaged_entry_as_a_problem(cli: Cli, copy: Shop) -> None:
    """Its other lines are answered; it never had an exit code for what it finds."""
    (entry,) = empty(copy, "history/ecommerce")
    done = cli("status", *copy.at)
    assert (done.code, "last run   none has ended here" in done.out) == (0, True)
    assert f"problem    the record `{entry}` cannot be used: " in done.out


def test_costs_that_lack_a_run_are_no_success(cli: Cli, copy: Shop) -> None:
    """A sum without it is a wrong one, and a script reads the sum."""
    (entry,) = empty(copy, "history/ecommerce")
    done = cli("cost", *copy.at)
    assert done.code == 1
    assert done.err.startswith(f"error: the record `{entry}` cannot be used: ")
    assert done.err.endswith("it is passed over, so the sums lack what it cost\n")


def test_a_report_says_which_run_it_lacks(cli: Cli, copy: Shop, tmp_path: Path) -> None:
    """The page is for people, and stands among what it says of the pipeline."""
    (entry,) = empty(copy, "history/ecommerce")
    assert cli("report", "ecommerce", "--out", tmp_path / "page.html", *copy.at).code == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count(f"the record `{entry}` cannot be used") == 1


def test_what_was_told_beside_damaged_messages_is_listed(cli: Cli, copy: Shop) -> None:
    """Messages and what stands are one sentence together."""
    files = empty(copy, "notifications/ecommerce")
    done = cli("alerts", *copy.at)
    assert (done.code, done.out) == (0, "Nothing was told.\n")
    assert done.err.count("\n") == 1
    assert done.err.endswith(f"; it and {len(files) - 1} more are passed over\n")


def test_a_run_does_not_fail_for_damaged_messages(cli: Cli, copy: Shop) -> None:
    """With nothing to do it ends well, however often."""
    empty(copy, "notifications/ecommerce")
    for _ in range(2):
        assert cli(*copy.run).code == 0


def test_what_fails_is_told_again_when_what_stood_is_damaged(copy: Shop) -> None:
    """Rather than never; from then on it is known again."""
    teller, end = Teller(open_store(str(copy.lake))), End("r9", "failed", "2026-11-26T06:00:00", "disk", "it is full")
    assert teller.judge("ecommerce", "ecommerce", end).tell
    empty(copy, "notifications/ecommerce/standing")
    again = End("r10", "failed", "2026-11-26T07:00:00", "disk", "it is full")
    assert teller.judge("ecommerce", "ecommerce", again).tell
    assert not teller.judge("ecommerce", "ecommerce", End("r11", "failed", "2026-11-26T08:00:00", "disk", "x")).tell
