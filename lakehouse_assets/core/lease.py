"""Decide who holds a pipeline, and whether somebody else may take it, from values alone.

Reading and writing the lease, clocks and processes are in `storage/lease.py`.
A lease is never deleted, only marked released, so that fencing numbers only grow.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

RENEW_SECONDS = 30
EXPIRE_SECONDS = 120
"""Spans four missed renewals: longer than a slow commit or a paused laptop disk, short enough to wait for."""

UNKNOWN = "unknown"
"""Stands for a process's start time on a system that does not tell; such a holder is never proven dead."""

Decision = Literal["take", "keep", "refuse"]
TIMES = ("acquired_at", "renewed_at", "released_at")


@dataclass(frozen=True)
class Process:
    """Identify one process by host, pid, and its start time, an opaque text that differs when the pid is used again."""

    host: str
    pid: int
    started: str


@dataclass(frozen=True)
class Holder:
    """Hold what is known of the last holder of one pipeline's lease.

    Attributes:
        run_id: the run that holds it.
        host: where its process runs.
        pid: the process.
        pid_started: its start time, see `Process`.
        fence: 1 for the first holder, one more for each later one.
        acquired_at: UTC.
        renewed_at: UTC, of the last sign of life.
        released_at: UTC, or None while it is held.
        hold_seconds: how long the hold lasts after a sign of life when no process stands for it: the execution of a
            state machine is alive while no function of it works. None for a run that is one process.
    """

    run_id: str
    host: str
    pid: int
    pid_started: str
    fence: int
    acquired_at: datetime
    renewed_at: datetime
    released_at: datetime | None = None
    hold_seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the holder in JSON-ready form; times are in ISO-8601."""
        times = {name: getattr(self, name) for name in TIMES}
        known = {**asdict(self), **{name: time and time.isoformat() for name, time in times.items()}}
        # A version from before executions had holds takes no other field.
        return {name: value for name, value in known.items() if name != "hold_seconds" or value is not None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Holder:
        """Read what `to_dict` wrote."""
        times = {name: data[name] and datetime.fromisoformat(data[name]) for name in TIMES}
        return cls(**{**data, **times})

    @property
    def held_until(self) -> datetime | None:
        """Return until when the hold of an execution lasts without a further sign of life; None for a process."""
        return None if self.hold_seconds is None else self.renewed_at + timedelta(seconds=self.hold_seconds)

    def is_expired(self, now: datetime) -> bool:
        """Say whether the holder gave no sign of life for too long."""
        silent = now - self.renewed_at >= timedelta(seconds=EXPIRE_SECONDS)
        return silent and (self.held_until is None or now >= self.held_until)

    def is_same(self, other: Holder | None) -> bool:
        """Say whether the other is this hold of the lease, not yet released; renewals do not count as a difference."""
        return other is not None and other.released_at is None and self.key == other.key

    @property
    def key(self) -> tuple[str, int]:
        """Return what tells one hold from every other: run and fence."""
        return self.run_id, self.fence


def decide(current: Holder | None, run_id: str, now: datetime, *, is_dead: bool) -> Decision:
    """Decide what a run that asks for the lease gets: a new hold, the one its run already has, or nothing.

    >>> decide(None, "r1", datetime(2025, 4, 1), is_dead=False)
    'take'
    """
    if current is None or current.released_at is not None or is_dead or current.is_expired(now):
        # Also from an earlier process of the same run: it may only be suspended, and must not commit beside this one.
        return "take"
    return "keep" if current.run_id == run_id else "refuse"


def is_proven_dead(holder: Holder, here: str, started: str | None) -> bool:
    """Say whether the holder's process is certainly gone; an execution's hold outlives the process that took it.

    Args:
        holder: whose process it is.
        here: the host that looks.
        started: start time of the process that has the holder's pid here now, None when there is none.
    """
    if holder.hold_seconds is not None or holder.host != here or UNKNOWN in {holder.pid_started, started}:
        return False
    return started != holder.pid_started


@dataclass(frozen=True)
class Claim:
    """Hold what a claimant writes, and whether the hold begins with it or is shared."""

    holder: Holder
    begins: bool


def claim(
    current: Holder | None,
    run_id: str,
    process: Process,
    now: datetime,
    *,
    is_dead: bool,
    hold_seconds: float | None = None,
) -> Claim | Holder:
    """Return the hold that a claimant gets, or the holder that it is refused for.

    Args:
        current: the last holder.
        run_id: the claimant's run.
        process: the claimant's process.
        now: UTC.
        is_dead: whether the last holder's process is certainly gone.
        hold_seconds: as in `Holder`, for a hold that begins.
    """
    decision = decide(current, run_id, now, is_dead=is_dead)
    if current is not None and decision == "refuse":
        return current
    if current is None or decision == "take":
        fence = current.fence + 1 if current else 1
        known = process.host, process.pid, process.started
        return Claim(Holder(run_id, *known, fence, now, now, hold_seconds=hold_seconds), begins=True)
    return Claim(replace(current, renewed_at=now), begins=False)
