"""Work out what a run cost from what it used. Pure; what was used is kept in the run's folder (`usage.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lakehouse_assets.compute.prices import (
    LEAST_GLUE_SECONDS,
    LEAST_SCANNED_BYTES,
    UNITS,
    Unit,
    prices_in,
)


@dataclass(frozen=True)
class Usage:
    """Hold one thing that was metered.

    Attributes:
        unit: of what, see `prices.Unit`.
        amount: how much was used.
        billed: how much of it is charged for, which is never less than a service's minimum.
        region: where.
        table: the table that it was for; empty where it was for several or none.
        check: the check of that table that it was for; empty where it was for none.
    """

    unit: Unit
    amount: float
    billed: float
    region: str
    table: str = ""
    check: str = ""


@dataclass(frozen=True)
class CostLine:
    """Hold what one step of a run used of one unit, and what that costs [US dollars]."""

    step: str
    unit: Unit
    amount: float
    usd: float
    table: str = ""
    check: str = ""


def glue_usage(dpus: float, seconds: float, region: str, *, flex: bool = False) -> Usage:
    """Return what a Glue run of so many DPUs used.

    >>> glue_usage(2, 30, "eu-west-1").billed
    120
    """
    unit: Unit = "flex_dpu_seconds" if flex else "dpu_seconds"
    return Usage(unit, dpus * seconds, dpus * max(seconds, LEAST_GLUE_SECONDS), region)


def query_usage(scanned_bytes: int, region: str, table: str = "", check: str = "", *, is_free: bool = False) -> Usage:
    """Return what a query of Athena used; DDL, and a query that failed, is free."""
    billed = 0 if is_free else max(scanned_bytes, LEAST_SCANNED_BYTES)
    return Usage("scanned_bytes", scanned_bytes, billed, region, table, check)


def function_usage(seconds: float, memory_mb: int, region: str) -> tuple[Usage, Usage]:
    """Return what one call of a Lambda function used: memory over time, and the call itself."""
    used = seconds * memory_mb / 1024
    return Usage("gb_seconds", used, used, region), Usage("requests", 1, 1, region)


def cost_of(usages: Iterable[Usage]) -> float:
    """Return what was charged for, in US dollars."""
    return sum(usage.billed * prices_in(usage.region)[usage.unit] for usage in usages)


@dataclass(frozen=True)
class Spent:
    """Hold what a step used, by unit, and what that costs [US dollars]."""

    usd: float
    amounts: Mapping[Unit, float]


def spent_on(usages: Iterable[Usage], table: str = "", weights: Mapping[str, float] | None = None) -> Spent:
    """Return what was spent on a table: what was used for it alone, and its share of what was used for several.

    Args:
        usages: of a step.
        table: its name; empty for the whole step.
        weights: by table, what is used for several is shared out; None where all of it is this table's.
    """
    usd, amounts = 0.0, dict.fromkeys(UNITS, 0.0)
    share = shares(1.0, weights).get(table, 0.0) if weights else 1.0
    for usage in usages:
        if table and usage.table not in {"", table}:
            continue
        part = 1.0 if usage.table else share
        usd += part * cost_of([usage])
        amounts[usage.unit] += part * usage.amount
    return Spent(usd, {unit: amount for unit, amount in amounts.items() if amount})


def cost_lines(steps: Mapping[str, Iterable[Usage]]) -> tuple[CostLine, ...]:
    """Return one line for each step, unit, table and check, by step and then by unit."""
    lines: dict[tuple[str, Unit, str, str], CostLine] = {}
    for step, usages in steps.items():
        for usage in usages:
            key = (step, usage.unit, usage.table, usage.check)
            so_far = lines.get(key, CostLine(step, usage.unit, 0, 0.0, usage.table, usage.check))
            amount, usd = so_far.amount + usage.amount, so_far.usd + cost_of([usage])
            lines[key] = CostLine(step, usage.unit, amount, usd, usage.table, usage.check)
    return tuple(lines[key] for key in sorted(lines))


def shares(whole: float, weights: Mapping[str, float]) -> dict[str, float]:
    """Return how a cost is shared out, by weight; evenly where nothing has any.

    >>> shares(0.9, {"readings": 2.0, "outages": 1.0})
    {'readings': 0.6, 'outages': 0.3}
    """
    total = sum(weights.values())
    if not total:
        return {name: whole / len(weights) for name in weights}
    return {name: round(whole * weight / total, 12) for name, weight in weights.items()}
