"""Run the branches of a Parallel or the items of a Map side by side, until all are done or one has failed."""

from __future__ import annotations

import contextvars
import copy
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from .stopping import CURRENT, STOPPED, Part

Work = Callable[[dict[str, Any]], Any]


def run_parts(works: list[Work], execution: dict[str, Any], context: dict[str, Any], at_once: int) -> list[Any]:
    """Return what each work returned.

    Each has variables of its own, as they were when it began: what a branch assigns is not seen outside.

    Raises:
        _ExecutionError: the first that failed; by then the others are given up and have ended.
    """
    from ministack.services.stepfunctions import _ExecutionError

    whole = Part(execution, beside=CURRENT.get())
    failures: list[_ExecutionError] = []

    def run(work: Work) -> Any:
        CURRENT.set(whole)
        try:
            if whole.is_given_up():
                return None
            own = {**context, "variables": copy.deepcopy(context.get("variables", {}))}
            return work(own)
        except _ExecutionError as error:
            if error.error != STOPPED:
                failures.append(error)
            whole.given_up = True
        except Exception as error:  # noqa: BLE001 - as MiniStack tells what it did not expect
            failures.append(_ExecutionError("States.Runtime", str(error)))
            whole.given_up = True

    with ThreadPoolExecutor(max_workers=max(at_once, 1)) as pool:
        begun = [pool.submit(contextvars.copy_context().run, run, work) for work in works]
        results = [one.result() for one in begun]
    if whole.given_up or whole.is_given_up():
        raise failures[0] if failures else _ExecutionError(STOPPED, "")
    return results


def run_in_time(invoke: Callable[[], Any], seconds: float) -> Any:
    """Return what a task's call returns, unless it takes too long: then nobody waits for it, and its job goes on.

    Raises:
        _ExecutionError: `States.Timeout`, or what the call raised.
    """
    from ministack.services.stepfunctions import _ExecutionError

    above = CURRENT.get()
    own = Part(above.execution, beside=above) if above else None

    def run() -> Any:
        CURRENT.set(own)
        return invoke()

    pool = ThreadPoolExecutor(max_workers=1)
    future: Future[Any] = pool.submit(contextvars.copy_context().run, run)
    pool.shutdown(wait=False)
    try:
        return future.result(timeout=seconds)
    except TooLate:
        if own:
            own.left_alone = True
        raise _ExecutionError("States.Timeout", f"Task timed out after {seconds} seconds") from None
