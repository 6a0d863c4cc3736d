"""The end of a process that is asked to end: exit codes, what is given back, what becomes of other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

START = "import subprocess, sys, time; from pathlib import Path; from lakehouse_assets import interruption as i\n"
END = "\nfrom lakehouse_assets.operations.entry import Watch; sys.exit(Watch().run(work))"
STUCK = "def work():\n    with i.gracefully(60): print('begun', flush=True); time.sleep(60)"
IGNORING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"


@contextmanager
def begun(work: str, *arguments: str, before: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """A process that does some work, from when it has said that it has begun; it is a group of its own."""
    command = [*before, sys.executable, "-c", START + work + END, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """How a process ended within some seconds: exit code, and what it wrote."""
    out, err = process.communicate(timeout=8)
    return process.returncode, out, err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_work_that_need_not_be_waited_for_is_ended_and_what_it_holds_given_back(
    tmp_path: Path, number: int, code: int
) -> None:
    """One signal ends it whatever it does; the exit code is 128 and the signal's number."""
    held = tmp_path / "held"
    held.touch()
    work = "def work():\n    d = i.Duty(clean=Path(sys.argv[1]).unlink); print('begun', flush=True); time.sleep(60)"
    with begun(work, str(held)) as process:
        process.send_signal(number)
        assert ended(process) == (code, "", "error: interrupted\n")
    assert not held.exists()


def test_work_that_ends_by_itself_is_waited_for() -> None:
    """It is asked at once, and tidies up in its own thread."""
    work = (
        "def work():\n    with i.gracefully(60):\n        print('begun', flush=True)\n"
        "        while not i.requested(): time.sleep(0.01)\n        print('tidied', flush=True); i.check()"
    )
    with begun(work) as process:
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, "tidied\n", "error: interrupted\n")


def test_a_second_signal_ends_a_process_at_once() -> None:
    """Nobody waits any more for work that was to end by itself; the code is that of the last signal."""
    with begun(STUCK) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (143, "", "error: interrupted\n")


def test_work_that_does_not_end_in_its_time_is_ended() -> None:
    """It had half a second, and what it holds is given back all the same."""
    work = (
        "def work():\n    d = i.Duty(clean=lambda: print('given back', flush=True))\n"
        "    with i.gracefully(0.5): print('begun', flush=True); time.sleep(60)"
    )
    with begun(work) as process:
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (143, "given back\n", "error: interrupted\n")


def test_other_processes_do_not_hear_what_the_terminal_sends_to_all() -> None:
    """Ctrl-C goes to a whole group: a process that the work has started says nothing about it."""
    child = "import time\nprint('begun', flush=True)\ntry: time.sleep(1)\nexcept KeyboardInterrupt: print('heard')"
    work = f"def work():\n    with i.gracefully(60): subprocess.run([sys.executable, '-c', {child!r}])"
    with begun(work) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert ended(process) == (130, "", "error: interrupted\n")


def test_what_is_ignored_from_the_start_stays_ignored() -> None:
    """A job in the background of a script does not end when Ctrl-C is meant for another one."""
    work = "def work():\n    print('begun', flush=True); time.sleep(0.5); print('done'); return 3"
    with begun(work, before=[sys.executable, "-c", IGNORING]) as process:
        process.send_signal(signal.SIGINT)
        assert ended(process) == (3, "done\n", "")


def test_an_error_of_the_work_is_the_process_s_own() -> None:
    """Whoever waits adds nothing to it."""
    with begun("def work():\n    print('begun', flush=True); raise ValueError('of the work')") as process:
        code, _, err = ended(process)
    assert code == 1
    assert err.endswith("ValueError: of the work\n")
