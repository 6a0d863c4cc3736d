"""A job's execution plan as plain values: what the emitter reads, whoever made the plan."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse_assets.compute.tasks import Task


@dataclass(frozen=True)
class RetryPolicy:
    """How often a step is tried again, seconds before the first retry, and the factor from one pause to the next."""

    max_retries: int
    delay_seconds: int
    backoff_rate: float


@dataclass(frozen=True)
class Step:
    """One step: its key, the assets and checks it answers for, what it runs, and how often it is tried."""

    key: str
    assets: tuple[str, ...]
    checks: tuple[str, ...]
    task: Task
    retry: RetryPolicy


Levels = tuple[tuple[Step, ...], ...]
"""Steps in the order in which they may run; those of one level do not wait for each other."""
