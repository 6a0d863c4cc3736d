"""Sum up what recorded runs cost: by run, by table, by check, by what was used. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LATEST = 20
"""How many runs are listed; the totals are of all."""
RUN = ("run_id", "ended_at", "status", "runtime")
WHOLE_RUN = "(whole run)"
"""Stands for what was used for no one table."""


@dataclass(frozen=True)
class RunCost:
    """Hold what one run cost [US dollars], when it ended, and how."""

    run_id: str
    ended_at: str
    status: str
    runtime: str
    usd: float


@dataclass
class Spending:
    """Hold sums of costs [US dollars].

    Attributes:
        runs: how many runs were metered.
        unmetered: how many were not, such as those on this machine.
        usd: of all runs.
        latest: the latest metered runs.
        tables: by table, checks included.
        checks: by table and check.
        units: what was used, by unit.
    """

    runs: int = 0
    unmetered: int = 0
    usd: float = 0.0
    latest: deque[RunCost] = field(default_factory=lambda: deque(maxlen=LATEST))
    tables: dict[str, float] = field(default_factory=dict)
    checks: dict[tuple[str, str], float] = field(default_factory=dict)
    units: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as values that JSON can hold."""
        return {
            "runs": self.runs,
            "unmetered": self.unmetered,
            "usd": self.usd,
            "latest": [vars(run) for run in self.latest],
            "tables": self.tables,
            "checks": [{"table": t, "check": c, "usd": usd} for (t, c), usd in sorted(self.checks.items())],
            "used": self.units,
        }


def spending(entries: Iterable[Mapping[str, Any]]) -> Spending:
    """Return the sums over entries of the lake's history, which come by the end of their runs."""
    found = Spending()
    for entry in entries:
        lines = entry.get("costs") or []
        if not lines:
            found.unmetered += 1
            continue
        usd = sum(line["usd"] for line in lines)
        found.runs += 1
        found.usd += usd
        run_id, ended, status, runtime = (str(entry.get(name) or "") for name in RUN)
        found.latest.append(RunCost(run_id, ended, status, runtime, usd))
        for line in lines:
            _add(found.tables, line.get("table") or WHOLE_RUN, line["usd"])
            _add(found.units, line["unit"], line["amount"])
            if line.get("check"):
                _add(found.checks, (line["table"], line["check"]), line["usd"])
    return found


def _add(sums: dict[Any, float], key: Any, amount: float) -> None:  # noqa: ANN401 - text or a pair
    sums[key] = sums.get(key, 0.0) + amount
