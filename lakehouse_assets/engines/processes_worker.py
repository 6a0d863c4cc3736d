"""Do tasks that arrive on standard input, in a process that `processes.Workers` starts, and answer on its output."""

from __future__ import annotations

import os
import pickle
import sys

from lakehouse_assets.engines.processes import own_tally, receive, send


def main() -> None:
    """Take the work, then a task at a time, until nobody sends any more."""
    tasks, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # What a library prints is no answer.
    first = receive(tasks)
    if first is None:
        return
    work, tally = pickle.loads(first), own_tally()  # noqa: S301 - whoever started this process wrote it
    while (task := receive(tasks)) is not None:
        answer, failure = None, None
        try:
            answer = work(pickle.loads(task))  # noqa: S301 - as above
        except Exception as error:  # noqa: BLE001 - it is raised where the task comes from
            failure = error
        send(answers, pickle.dumps((answer, failure, tally.take())))


if __name__ == "__main__":
    main()
