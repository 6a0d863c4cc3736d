"""What a wake-up does, as a decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse_assets.core.arrivals import LandingSnapshot
from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import BadRequest
from lambdas.startpipeline.logic import ATTEMPTS, Wake, decide, failures, name_of, pause

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


def landing(*files: str, age: int = 120, size: int = 10) -> LandingSnapshot:
    """A landing with files of this age in seconds, of which one counts as whole after a minute."""
    entries = [FileEntry("orders", key, f"etag-{key}", size, NOW - timedelta(seconds=age)) for key in files]
    return LandingSnapshot(entries, NOW, 60)


def test_files_that_are_ready_are_started_once() -> None:
    """The execution is named after its files, so whatever wakes again asks for the same name."""
    first = decide("shop", landing("a", "b"), {}, is_running=False)
    second = decide("shop", landing("b", "a"), {}, is_running=False)
    assert first.start == second.start is not None
    assert first.start.startswith("shop-")
    assert first.start.endswith("-1")
    assert first.start != decide("shop", landing("a", "c"), {}, is_running=False).start


def test_a_running_pipeline_sends_the_message_back() -> None:
    """What landed meanwhile is started when the run has ended."""
    decision = decide("shop", landing("a"), {1: "RUNNING"}, is_running=True)
    assert (decision.start, decision.again) == (None, 3)


def test_a_run_that_another_wake_up_has_just_started_is_waited_for() -> None:
    """It was not there when executions were listed, and is when its name is looked up."""
    decision = decide("shop", landing("a"), {1: "RUNNING"}, is_running=False)
    assert (decision.start, decision.again) == (None, 3)


def test_a_file_that_is_being_written_is_waited_for() -> None:
    """A file counts when it has been left alone for the quiet time."""
    decision = decide("shop", landing("a", age=5), {}, is_running=False)
    assert (decision.start, decision.again) == (None, 1)


@pytest.mark.parametrize(("age", "again"), [(120, 1), (700, 3)], ids=["a while", "too long"])
def test_whole_files_wait_a_while_for_those_that_are_being_written(age: int, again: int) -> None:
    """A burst is one run; but a file that never comes to rest does not hold up the others for ever."""
    seen = landing("a", age=age)
    both = LandingSnapshot([*seen.entries, *landing("b", age=5).entries], NOW, 60)
    decision = decide("shop", both, {}, is_running=False)
    assert (decision.start is None, decision.again) == (again == 1, again)


@pytest.mark.parametrize("seen", [landing(), landing("a", size=0)], ids=["nothing", "an empty file"])
def test_an_empty_wake_up_is_forgotten(seen: LandingSnapshot) -> None:
    """Where nothing can be taken, nothing is started and the message goes."""
    decision = decide("shop", seen, {}, is_running=False)
    assert (decision.start, decision.again) == (None, None)


def test_files_that_a_run_left_are_tried_again_and_given_up() -> None:
    """A run that failed left its files: they get further attempts, each under a name of its own, and then rest."""
    again = decide("shop", landing("a"), {1: "FAILED"}, is_running=False)
    assert again.start == name_of("shop", landing("a"), 2)
    given_up = decide("shop", landing("a"), dict.fromkeys(range(1, ATTEMPTS + 1), "FAILED"), is_running=False)
    assert (given_up.start, given_up.again) == (None, None)


def test_a_started_run_keeps_its_message() -> None:
    """The message comes again after the start, to see whether the run left files."""
    assert decide("shop", landing("a"), {}, is_running=False).again
    assert failures(["m1"]) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_a_message_outlives_the_longest_run() -> None:
    """It comes back within minutes at first and every quarter of an hour later: for a week, before it is given up."""
    going_on = decide("shop", landing("a"), {1: "RUNNING"}, is_running=True)
    assert (pause(going_on, 60, 1), pause(going_on, 60, 301)) == (180, 900)
    assert sum(pause(going_on, 1, receives) for receives in range(1, 1001)) > 7 * 24 * 3600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pipeline": "shop", "quiet_seconds": "soon"}'])
def test_a_strange_message_is_refused(text: str) -> None:
    """What is no message of the rule is told, and not taken for one."""
    with pytest.raises(BadRequest, match="no message that wakes"):
        Wake.from_text(text)
