"""Call handlers in this process: once, until they are done, or for each item of a list with several at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from lakehouse_assets.compute.functions import Handler
from lakehouse_assets.progress import Progress

Answer = dict[str, Any]


class Stopped(Exception):  # noqa: N818 - it says what happened
    """End a call because another one beside it has failed."""


@dataclass(frozen=True)
class LocalContext:
    """Stand for Lambda's context: what a handler is given beside its event on this machine.

    Attributes:
        progress: is told what the handler does.
        shared: what handlers keep for other calls of the same run in this process, by names of theirs.
    """

    progress: Progress
    shared: dict[str, Any] = field(default_factory=dict)


def answered(handler: Handler, event: Answer, context: LocalContext, *, repeat: bool) -> Answer:
    """Return a handler's answer; with `repeat` it is asked again, with the token of its answer, until it is done."""
    answer = handler(event, context)
    while repeat and not answer["done"]:
        context.progress.add(files=answer.get("moved", 0), size_bytes=answer.get("bytes", 0))
        answer = handler(event | {"token": answer["token"]}, context)
    return answer


def each_answered(
    call: Callable[[Any, LocalContext], Answer], items: Sequence[Any], concurrency: int, context: LocalContext
) -> Answer:
    """Call for each item, at most `concurrency` at a time, and return the answers summed up.

    The first error ends this: no further item is begun, and calls that go on end where they next tell their progress.

    Args:
        call: takes an item, and a context for its handler.
        items: of the list.
        concurrency: how many calls go on at the same time.
        context: of the whole.
    """
    stop = threading.Event()
    beside = replace(context, progress=_Beside(context.progress, stop))
    with ThreadPoolExecutor(concurrency, thread_name_prefix="item") as pool:
        calls = [pool.submit(call, item, beside) for item in items]
        try:
            wait(calls, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    errors = [error for one in calls if not one.cancelled() and (error := one.exception()) is not None]
    if errors:
        raise next((error for error in errors if not isinstance(error, Stopped)), errors[0])
    return {"items": len(items)} | summed(one.result() for one in calls)


def summed(answers: Iterable[Mapping[str, Any]]) -> Answer:
    """Return answers as one: numbers are added up, lists and objects joined; what cannot be summed up is left out.

    >>> summed([{"rows": 2, "told": ["a"], "done": True}, {"rows": 3, "told": [], "done": True}])
    {'rows': 5, 'told': ['a']}
    """
    total: Answer = {}
    for answer in answers:
        for name, value in answer.items():
            if isinstance(value, bool) or not isinstance(value, (int, float, list, Mapping)):
                continue
            total[name] = _sum(total[name], value) if name in total else value
    return total


def _sum(one: Any, other: Any) -> Any:  # noqa: ANN401 - numbers, lists or objects
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {**one, **other}
    return one + other


class _Beside(Progress):
    """Tell the progress of one call beside others, and end it once one of them has failed."""

    def __init__(self, whole: Progress, stop: threading.Event) -> None:
        super().__init__()
        self._whole, self._stop = whole, stop

    def doing(self, what: str, *, files: int = 0, size_bytes: int = 0, rows: int = 0) -> None:
        """See `Progress.doing`."""
        self._go_on()
        self._whole.doing(what, files=files, size_bytes=size_bytes, rows=rows)

    def add(self, *, files: int = 0, size_bytes: int = 0, rows: int = 0) -> None:
        """See `Progress.add`."""
        self._go_on()
        self._whole.add(files=files, size_bytes=size_bytes, rows=rows)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Stopped
