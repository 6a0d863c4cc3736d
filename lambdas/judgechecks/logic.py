"""Judge the checks of a step: all are kept, and the first blocking one that did not pass ends the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lakehouse_assets.compute.judged import CheckReport, JudgedCheck, keep_checks
from lakehouse_assets.errors import AssertionFailed, CheckUnanswered
from lakehouse_assets.storage.runs import RunFolder


def judge(folder: RunFolder, step: str, outcomes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Keep what the checks of a step found and return how many have warned.

    Raises:
        AssertionFailed: a blocking check found rows that must not exist.
        CheckUnanswered: a blocking check could not be asked.
    """
    checks = tuple(JudgedCheck.from_outcome(outcome) for outcome in outcomes)
    keep_checks(folder, CheckReport(step, checks))
    blocking = [check for check in checks if check.is_blocking and not check.passed]
    for check in sorted(blocking, key=lambda one: bool(one.error)):
        if check.failing:
            raise AssertionFailed(check=check.name, failing=check.failing)
        raise CheckUnanswered(check=check.name, problem=check.error)
    return {"warned": sum(not check.passed for check in checks)}
