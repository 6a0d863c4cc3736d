"""Keep two runs of a pipeline apart by a lease, which is one object in a store.

Here are the effects only: conditional puts, the renewing thread, looking at processes. Who may have the lease is
decided in `core/lease.py`. A lease alone does not stop a run that no longer looks at it: whoever commits calls `check`
right before, and commits without rebase.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from lakehouse_assets.core.lease import (
    RENEW_SECONDS,
    UNKNOWN,
    Holder,
    Process,
    claim,
    is_proven_dead,
)
from lakehouse_assets.errors import BadRequest, FenceLost, LakehouseError, LeaseHeld, ObjectMissing, PreconditionFailed
from lakehouse_assets.storage.objects import ObjectStore

Clock = Callable[[], datetime]
PROC = Path("/proc")
FIRST_PID_NAMESPACE = "pid:[4026531836]"
"""The machine's own pid namespace (PROC_PID_INIT_INO in Linux' include/linux/proc_ns.h); containers have others."""


def utc_now() -> datetime:
    """Return the wall clock's time in UTC."""
    return datetime.now(UTC)


def lease_key(pipeline: str) -> str:
    """Return the key of a pipeline's lease in its lake."""
    return f"leases/{pipeline}.json"


class Lease:
    """Hold a pipeline for one run, so that no other run writes its tables meanwhile.

    A run is re-entrant: each of its steps may acquire with the run's id and gets the fence the run already has.
    Leaving a `with` block ends the hold only where it began; `release` ends it from any step.

    An execution of a state machine has no process that lives from its first to its last step: its first step acquires
    for so many seconds and leaves the hold, every other one joins it by its fence, and the last one releases it.

    Args:
        store: the lake.
        pipeline: what is held.
        clock: UTC now.
        process: whose life stands for the run's; this process when None.
        renew_seconds: pause between two signs of life.
    """

    def __init__(
        self,
        store: ObjectStore,
        pipeline: str,
        *,
        clock: Clock = utc_now,
        process: Process | None = None,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self.store = store
        self.pipeline = pipeline
        self.holder: Holder | None = None
        self._clock = clock
        self._process = process or this_process()
        self._renew_seconds = renew_seconds
        self._began_here = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def fence(self) -> int:
        """Return the fencing number of our hold, or 0 without one."""
        return self.holder.fence if self.holder else 0

    def acquire(self, run_id: str, hold_seconds: float | None = None, fence: int | None = None) -> Self:
        """Acquire the pipeline for a run and renew the lease in the background.

        Args:
            run_id: the run.
            hold_seconds: how long a hold that begins lasts after a sign of life, for an execution of a state machine.
            fence: of the hold that is joined; none other will do then, and none begins.

        Raises:
            LeaseHeld: another run holds the pipeline, lives or may live, and has renewed lately.
            FenceLost: the hold with that fence is over.
        """
        if fence is not None:
            self._join(run_id, fence)
        while fence is None and not self._try_acquire(run_id, hold_seconds):
            pass  # each conflict is another claimant's success, so the next look finds a holder or a release
        self._start_renewing()
        return self

    def check(self) -> None:
        """Make sure that this run still holds the pipeline; call this right before each commit.

        Raises:
            FenceLost: a later holder has it, or it was released.
        """
        current = self._current()
        if self.holder is None or not self.holder.is_same(current):
            raise self._lost(current)

    def renew(self) -> None:
        """Write a sign of life into the lease.

        Raises:
            FenceLost: as in `check`.
        """
        while not self._replace(lambda current: replace(current, renewed_at=self._clock())):
            pass  # another step of our run was faster

    def stop(self) -> None:
        """Stop renewing and leave the hold as it is, for the run's other steps."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def leave(self) -> None:
        """Stop renewing with a last sign of life, from which on the hold lasts for the execution's next step."""
        self.stop()
        with suppress(LakehouseError):  # whoever joins next, or commits, asks for itself
            self._renew_if_due()

    def release(self) -> None:
        """End the run's hold; nothing happens when it was lost or released before."""
        self.stop()
        try:
            while not self._replace(lambda current: replace(current, released_at=self._clock())):
                pass
        except FenceLost:
            return

    def give_back(self, run_id: str, fence: int) -> bool:
        """End the hold of a run that ended, whoever asks for it; return False when it was over before."""
        current = self._current()
        if current is None or current.released_at is not None or current.key != (run_id, fence):
            return False
        self.holder = current
        self.release()
        return True

    def last(self) -> Holder | None:
        """Return who holds or held the pipeline last; None where nobody ever did.

        Raises:
            BadRequest: what is kept is no lease.
        """
        return self._current()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._began_here:
            self.release()
        else:
            self.leave()

    def _join(self, run_id: str, fence: int) -> None:
        """Take part in a hold, without a write where its last sign of life is fresh: branches join side by side."""
        current = self._current()
        if current is None or current.released_at is not None or current.key != (run_id, fence):
            raise FenceLost(run_id=run_id, pipeline=self.pipeline, holder=_holder_now(current))
        self.holder, self._began_here = current, False
        self._renew_if_due()

    def _renew_if_due(self) -> None:
        current = self._current()
        if current is not None and (self._clock() - current.renewed_at).total_seconds() >= self._renew_seconds:
            self.renew()

    def _try_acquire(self, run_id: str, hold_seconds: float | None) -> bool:
        current, etag = self._read()
        is_dead = current is not None and is_dead_here(current)
        asked = claim(current, run_id, self._process, self._clock(), is_dead=is_dead, hold_seconds=hold_seconds)
        if isinstance(asked, Holder):
            raise self._held(asked)
        if not self._write(asked.holder, etag):
            return False
        self.holder, self._began_here = asked.holder, asked.begins
        return True

    def _replace(self, change: Callable[[Holder], Holder]) -> bool:
        """Write our hold with a change; return False when the lease changed in the store meanwhile."""
        current, etag = self._read()
        if current is None or self.holder is None or not self.holder.is_same(current):
            raise self._lost(current)
        return self._write(change(current), etag)

    def _read(self) -> tuple[Holder | None, str | None]:
        """Return holder and etag; the etag is read first, so that a change in between makes the next write fail."""
        stored = self.store.stat(lease_key(self.pipeline))
        current = None if stored is None else self._current()
        return current, None if stored is None or current is None else stored.etag

    def _current(self) -> Holder | None:
        """Return who holds or held the pipeline last; None where nobody ever did."""
        key = lease_key(self.pipeline)
        try:
            return Holder.from_dict(json.loads(self.store.read(key)))
        except ObjectMissing:
            return None
        except (ValueError, KeyError, TypeError) as error:
            problem = f"`{key}` in {self.store.uri} is no lease; remove it when no run of the pipeline is active"
            raise BadRequest(message=problem) from error

    def _write(self, holder: Holder, etag: str | None) -> bool:
        data = json.dumps(holder.to_dict(), indent=1).encode()
        try:
            self.store.put(lease_key(self.pipeline), data, if_absent=etag is None, if_match=etag)
        except PreconditionFailed:
            return False
        return True

    def _start_renewing(self) -> None:
        self.stop()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._keep_renewing, name=f"lease-{self.pipeline}", daemon=True)
        self._thread.start()

    def _keep_renewing(self) -> None:
        while not self._stopping.wait(self._renew_seconds):
            try:
                self.renew()
            except FenceLost:
                return
            except LakehouseError:
                # The next try may reach the store, or find rights and credentials there; until it expires the hold is
                # ours, and whoever commits asks for itself.
                continue

    def _held(self, by: Holder) -> LeaseHeld:
        since = by.acquired_at.isoformat(timespec="seconds")
        return LeaseHeld(pipeline=self.pipeline, holder=by.run_id, host=by.host, pid=by.pid, since=since)

    def _lost(self, to: Holder | None) -> FenceLost:
        run_id = self.holder.run_id if self.holder else "none"
        return FenceLost(run_id=run_id, pipeline=self.pipeline, holder=_holder_now(to))


def _holder_now(current: Holder | None) -> str:
    return current.run_id if current and current.released_at is None else "nobody: it was released"


def this_process() -> Process:
    """Return the running process: its host, its pid, and its boot and start."""
    return Process(this_host(), os.getpid(), started_of(os.getpid()) or UNKNOWN)


def this_host() -> str:
    """Return the machine's name; in a container with its pid namespace, since its pids mean nothing outside."""
    try:
        namespace = str((PROC / "self/ns/pid").readlink())
    except OSError:
        namespace = FIRST_PID_NAMESPACE
    return socket.gethostname() + ("" if namespace == FIRST_PID_NAMESPACE else f" {namespace}")


def started_of(pid: int) -> str | None:
    """Return boot and start of the process with this pid, None when it does not run, "unknown" outside Linux.

    Fields of /proc/<pid>/stat: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return UNKNOWN
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{ticks}"


def is_dead_here(holder: Holder) -> bool:
    """Say whether the holder's process ran on this host and is certainly gone."""
    return is_proven_dead(holder, this_host(), started_of(holder.pid))
