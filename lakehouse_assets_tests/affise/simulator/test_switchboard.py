"""How switches are written, and on which request each fires."""

from __future__ import annotations

import pytest

from lakehouse_assets.affise.simulator.faults import Kind
from lakehouse_assets.affise.simulator.switches import Switch, Switchboard, parse
from lakehouse_assets.errors import BadRequest


def test_a_switch_is_read_with_its_options() -> None:
    """Options follow a colon, separated by commas."""
    assert parse("server-error") == Switch("server-error", skip=0, every=1, times=1, endpoint="", seconds=3)
    assert parse("slow-response:seconds=9,endpoint=stats/clicks") == Switch(
        "slow-response", endpoint="stats/clicks", seconds=9
    )


@pytest.mark.parametrize(
    "text",
    ["sever-error", "server-error:often=2", "server-error:skip=x", "server-error:every=0", "server-error:name=x"],
)
def test_a_switch_that_cannot_be_read_is_refused(text: str) -> None:
    """A wrong name, option or number is bad input."""
    with pytest.raises(BadRequest):
        parse(text)


@pytest.mark.parametrize(
    ("switch", "fired"),
    [
        ("server-error", [0]),
        ("server-error:skip=2,times=3", [2, 3, 4]),
        ("server-error:every=3,times=0", [0, 3, 6, 9]),
        ("server-error:skip=1,every=4,times=2", [1, 5]),
    ],
)
def test_a_switch_fires_on_the_requests_that_it_names(switch: str, fired: list[int]) -> None:
    """`skip` leaves some alone, `every` takes one in so many, `times` ends it, and 0 never does."""
    board = Switchboard([switch])
    found = [number for number in range(10) if board.firing(Kind.TRANSPORT, "/3.0/offers")]
    assert found == fired


def test_requests_to_other_endpoints_do_not_count() -> None:
    """Only those whose path has the endpoint in it are counted."""
    board = Switchboard(["server-error:skip=1,endpoint=clicks"])
    paths = ["/offers", "/clicks", "/offers", "/clicks"]
    assert [bool(board.firing(Kind.TRANSPORT, path)) for path in paths] == [False, False, False, True]


def test_the_switches_of_the_world_are_told_apart() -> None:
    """Only those of the truth go into it."""
    board = Switchboard(["offer-deleted", "server-error", "unknown-keys"])
    assert board.world == {"offer-deleted"}
    assert board.on == {"offer-deleted", "server-error", "unknown-keys"}
