"""Who gets a pipeline: the decisions, without clocks, processes or storage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse_assets.core.lease import Claim, Holder, Process, claim, decide, is_proven_dead

T0 = datetime(2025, 4, 1, 9, 0, tzinfo=UTC)
HERE = Process("here", 7, "boot/70")
HELD = Holder("r1", "there", 42, "boot/1", 5, T0, T0)
RELEASED = replace(HELD, released_at=T0)


@pytest.mark.parametrize(
    ("current", "run_id", "seconds", "is_dead", "expected"),
    [
        (None, "r2", 0, False, "take"),
        (HELD, "r2", 119, False, "refuse"),
        (HELD, "r2", 120, False, "take"),
        (HELD, "r2", 0, True, "take"),
        (HELD, "r1", 0, False, "keep"),
        (HELD, "r1", 999, True, "take"),
        (RELEASED, "r2", 0, False, "take"),
        (RELEASED, "r1", 0, False, "take"),
    ],
)
def test_decide(current: Holder | None, run_id: str, seconds: int, *, is_dead: bool, expected: str) -> None:
    """A free, released, expired or dead hold is taken, one's own kept, a living one refused."""
    assert decide(current, run_id, T0 + timedelta(seconds=seconds), is_dead=is_dead) == expected


@pytest.mark.parametrize(
    ("host", "pid_started", "started_now", "expected"),
    [
        ("here", "boot/1", None, True),
        ("here", "boot/1", "boot/2", True),
        ("here", "boot/1", "boot/1", False),
        ("there", "boot/1", None, False),
        ("here", "unknown", None, False),
        ("here", "boot/1", "unknown", False),
    ],
)
def test_is_proven_dead(host: str, pid_started: str, started_now: str | None, *, expected: bool) -> None:
    """Only a pid that is gone or used again on the same host proves death; not knowing never does."""
    holder = replace(HELD, host=host, pid_started=pid_started)
    assert is_proven_dead(holder, "here", started_now) is expected


@pytest.mark.parametrize(("current", "fence"), [(None, 1), (HELD, 6), (RELEASED, 6)])
def test_each_hold_gets_the_next_fence(current: Holder | None, fence: int) -> None:
    """A hold begins with the fence after the last one, also after a release."""
    now = T0 + timedelta(hours=1)
    expected = Holder("r2", "here", 7, "boot/70", fence, now, now)
    assert claim(current, "r2", HERE, now, is_dead=False) == Claim(expected, begins=True)


def test_a_refused_claimant_hears_of_the_holder() -> None:
    """The answer to a refused claim is the holder."""
    assert claim(HELD, "r2", HERE, T0, is_dead=False) is HELD


def test_another_step_of_the_run_shares_the_hold() -> None:
    """The same run keeps fence and process, and the hold does not begin anew."""
    now = T0 + timedelta(seconds=10)
    assert claim(HELD, "r1", HERE, now, is_dead=False) == Claim(replace(HELD, renewed_at=now), begins=False)


def test_a_run_that_died_is_carried_on_under_a_fence_of_its_own() -> None:
    """Another process is another holder: the one before it may only be suspended, and must not commit any more."""
    now = T0 + timedelta(seconds=10)
    expected = Holder("r1", "here", 7, "boot/70", 6, now, now)
    assert claim(HELD, "r1", HERE, now, is_dead=True) == Claim(expected, begins=True)


@pytest.mark.parametrize("holder", [HELD, RELEASED])
def test_round_trip(holder: Holder) -> None:
    """A holder survives its JSON form."""
    assert Holder.from_dict(holder.to_dict()) == holder


EXECUTION = replace(HELD, hold_seconds=7200)


@pytest.mark.parametrize(("seconds", "expected"), [(121, "refuse"), (7199, "refuse"), (7200, "take")])
def test_the_hold_of_an_execution_lasts_as_long_as_it_says(seconds: int, expected: str) -> None:
    """Nobody renews it while no function works; it ends by itself, as after an execution that was stopped."""
    assert decide(EXECUTION, "r2", T0 + timedelta(seconds=seconds), is_dead=False) == expected


def test_the_hold_of_an_execution_outlives_the_process_that_took_it() -> None:
    """On this very host the pid is gone, which proves nothing of the execution."""
    assert is_proven_dead(replace(HELD, host="here"), "here", None)
    assert not is_proven_dead(replace(EXECUTION, host="here"), "here", None)


def test_a_lease_of_before_executions_is_read() -> None:
    """It has no `hold_seconds`, and a run of one process writes none, for versions that know no such field."""
    assert Holder.from_dict(HELD.to_dict()) == HELD
    assert "hold_seconds" not in HELD.to_dict()
    assert Holder.from_dict(EXECUTION.to_dict()).held_until == T0 + timedelta(hours=2)
