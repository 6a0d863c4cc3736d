"""`lakehouse alerts` lists what people were told, what waits, and what fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse_assets.compute.notify import Notification
from lakehouse_assets.compute.telling import Teller
from lakehouse_assets.compute.troubles import End
from lakehouse_assets.compute.webhook import Webhook
from lakehouse_assets.errors import ServiceUnavailable
from lakehouse_assets.storage.lake import open_lake
from lakehouse_assets_tests.operations.conftest import Cli


class Down(Webhook):
    """A webhook that is down."""

    def send(self, notification: Notification) -> None:
        """Do not deliver."""
        raise ServiceUnavailable(service="the webhook", problem=notification.kind)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake in which one message was told, one waits, and the third run in a row failed."""
    made = open_lake(str(tmp_path / "lake"))
    made.create()
    told = Teller(made.store)
    told.publish(Notification("r1", "ecommerce", "run_warned", "ecommerce: checks warned: 1", "b", "2026-11-25T06:00"))
    failed = Notification("r2", "ecommerce", "run_failed", "ecommerce: run failed in load", "b", "2026-11-26T06:00")
    Teller(made.store, [Down("https://example.com/x")]).publish(failed)
    for number in (2, 3, 4):
        told.judge("ecommerce", "ecommerce", End(f"r{number}", "failed", "2026-11-26T06:00:00", "disk", "it is full"))
    return tmp_path / "lake"


def test_it_lists_what_was_told_what_waits_and_what_fails(cli: Cli, lake: Path) -> None:
    """A line each; the webhook that was down is named."""
    done = cli("alerts", "--lake", lake)
    lines = [line.split() for line in done.out.splitlines() if "ecommerce" in line]
    assert lines[0][:3] == ["2026-11-25", "06:00", "run_warned"]
    assert (lines[1][2], lines[1][-1]) == ("run_failed", "webhook")
    assert "failing: ecommerce since 2026-11-26 06:00:00, 3 times in a row: it is full" in done.out


def test_json_holds_the_whole_messages(cli: Cli, lake: Path) -> None:
    """In the order of their telling, with what was not delivered."""
    found = json.loads(cli("alerts", "ecommerce", "--json", "--lake", lake).out)
    assert [(one["run_id"], one["body"], one["undelivered"]) for one in found] == [
        ("r1", "b", []),
        ("r2", "b", ["webhook"]),
    ]


def test_since_leaves_out_what_is_older(cli: Cli, lake: Path) -> None:
    """By when it was told; a date that is none is bad input."""
    assert cli("alerts", "ecommerce", "--json", "--since", "2199-01-01", "--lake", lake).out == "[]\n"
    assert cli("alerts", "--since", "soon", "--lake", lake).code == 2
