"""A function is called for each item of a list, some at a time, and the first error ends the rest."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from lakehouse_assets.compute.calls import LocalContext, answered, each_answered
from lakehouse_assets.compute.tasks import FunctionTask, fill
from lakehouse_assets.errors import ContractInvalid, StorageUnavailable
from lakehouse_assets.progress import Progress


def counted(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A handler that needs as many calls as its event says, and tells how often it was called."""
    calls = (event.get("token") or 0) + 1
    return {"calls": calls, "token": calls, "done": calls == event["needs"], "told": [event["needs"]]}


def test_each_item_goes_on_until_it_is_done_and_answers_are_summed_up() -> None:
    """Items that need 1, 3 and 2 calls: numbers are added, lists joined in the order of the items."""

    def call(item: int, context: LocalContext) -> dict[str, Any]:
        return answered(counted, fill({"needs": "{item}"}, {"item": item}), context, repeat=True)

    assert each_answered(call, [1, 3, 2], 2, LocalContext(Progress())) == {
        "items": 3,
        "calls": 6,
        "told": [1, 3, 2],
        "token": 6,
    }
    assert each_answered(call, [], 2, LocalContext(Progress())) == {"items": 0}


def test_no_more_calls_than_allowed_go_on_at_once() -> None:
    """Of 12 items three at a time, and three there are."""
    lock, now, most = threading.Lock(), [0], [0]

    def call(_item: int, _context: LocalContext) -> dict[str, Any]:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        return {}

    each_answered(call, range(12), 3, LocalContext(Progress()))
    assert most == [3]


def test_the_first_error_ends_what_goes_on_and_begins_nothing_more() -> None:
    """The second item fails: the first, which tells its progress all the time, ends; of the other 98 none is begun."""
    begun = list[int]()

    def call(item: int, context: LocalContext) -> dict[str, Any]:
        begun.append(item)
        if item == 1:
            raise StorageUnavailable(store="s", problem="it is away")
        while True:
            context.progress.add(rows=1)
            time.sleep(0.001)

    with pytest.raises(StorageUnavailable, match="it is away"):
        each_answered(call, range(100), 2, LocalContext(Progress()))
    assert set(begun) <= {0, 1, 2}


def test_progress_of_all_calls_is_one() -> None:
    """Two calls count five rows each."""
    progress = Progress()
    each_answered(lambda _item, context: context.progress.add(rows=5) or {}, [1, 2], 2, LocalContext(progress))
    assert progress.now.rows == 10


@pytest.mark.parametrize(
    ("wrong", "words"), [({"gives": ("x",)}, "no one answer gives facts"), ({"concurrency": 0}, "the least is 1")]
)
def test_what_cannot_be_called_for_each_is_refused(wrong: dict[str, Any], words: str) -> None:
    """Facts of many answers, and nobody to work."""
    with pytest.raises(ContractInvalid, match=words):
        FunctionTask("Pull", each="{slices}", **wrong)
