"""Hold a job's execution plan as plain values, which the emitter reads whatever tool made the plan."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse_assets.compute.tasks import Task


@dataclass(frozen=True)
class RetryPolicy:
    """Say how often a step is tried again, after how many seconds first, and the factor from one pause to the next."""

    max_retries: int
    delay_seconds: int
    backoff_rate: float


@dataclass(frozen=True)
class Step:
    """Describe a step: its key, the assets and checks that it makes, what it runs, how often it is tried again."""

    key: str
    assets: tuple[str, ...]
    checks: tuple[str, ...]
    task: Task
    retry: RetryPolicy


Levels = tuple[tuple[Step, ...], ...]
"""Steps in the order in which they may run; those of one level do not wait for each other."""
