"""Serve a small simulated tenant for the demo, and say what its report must hold.

The simulator's truth and the account's days are all that the answer is worked out from; the pipeline has no part in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from lakehouse_assets.affise.simulator.world import World
    from lakehouse_assets.storage.lake import Lake

QUERY = (
    "SELECT affiliate_name, sum(conversions_count) AS conversions, sum(approved_revenue) AS revenue "
    "FROM affise_data_fusion.daily_report_sub5_output GROUP BY affiliate_name ORDER BY 3 DESC LIMIT 5"
)
"""This query is suggested as a first question to the demo's tables."""
FILE = "reports/Sub5-latest.csv"
"""The file that a run leaves for people, in the lake."""
HASH_KEY = "a hash key of no secret"
DAYS, CLICKS, CONVERSIONS, WINDOW_DAYS = 10, 300, 40, 7
COUNTED = ("clicks", "approved", "declined", "pending")


@dataclass(frozen=True)
class Tenant:
    """A tenant that is served for a while.

    Attributes:
        environment: variables that point the pipeline at it.
        zone: of its account.
        as_of: its clock, which stands still.
        answer: sums of the whole report by what is counted.
    """

    environment: Mapping[str, str]
    zone: str
    as_of: datetime
    answer: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Return how many clicks and conversions the report counts."""
        return sum(self.answer.values())

    def differences(self, lake: Lake) -> list[str]:
        """Return one line for each sum of the report that is not what the tenant's truth says."""
        found = _found(lake)
        return [
            f"{one}: expected {self.answer[one]}, found {found[one]}"
            for one in COUNTED
            if found[one] != self.answer[one]
        ]


@contextmanager
def served() -> Iterator[Tenant]:
    """Serve the tenant on this machine as long as the block lasts."""
    from lakehouse_assets.affise.simulator.running import running
    from lakehouse_assets.affise.simulator.spec import SimulatorSpec

    spec = SimulatorSpec(days=DAYS, clicks_per_day=CLICKS, conversions_per_day=CONVERSIONS)
    with running(spec) as simulator:
        environment = {
            "LAKEHOUSE_AFFISE__URL": simulator.url,
            "LAKEHOUSE_AFFISE__RATE": "1000",
            "LAKEHOUSE_AFFISE__KEY_NAME": "AFFISE_API_KEY",
            "LAKEHOUSE_AFFISE__HASH_KEY_NAME": "AFFISE_HASH_KEY",
            "AFFISE_API_KEY": simulator.key,
            "AFFISE_HASH_KEY": HASH_KEY,
        }
        now = simulator.clock.now
        yield Tenant(environment, spec.zone, now, answer_of(simulator.world, now, spec.zone))


def answer_of(world: World, now: datetime, zone: str) -> dict[str, int]:
    """Return what the report of the last seven days counts, the hour that goes on left out."""
    today = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = (today - timedelta(days=WINDOW_DAYS - 1)).astimezone(UTC)
    closed = now.replace(minute=0, second=0, microsecond=0)
    states = Counter(one.at(now).status for one in world.conversions(begin, closed))
    # A click is remembered for seven days, which is longer than the window.
    clicks = sum(1 for _ in world.clicks(begin, closed))
    pending = states["pending"] + states["hold"]
    return {"clicks": clicks, "approved": states["confirmed"], "declined": states["declined"], "pending": pending}


def _found(lake: Lake) -> dict[str, Any]:
    """Return the sums of the report."""
    from lakehouse_assets.contracts import contract
    from lakehouse_assets.engines.query import QueryScope, ask

    table = contract("marketing", "gold.daily_report_sub5_output")
    columns = ("click_count", "approved", "declined_conversions", "pending_conversions")
    sums = ", ".join(f"sum({name}) AS {name}" for name in columns)
    batches = ask(QueryScope(lake, {table.catalog_name: table}), f"SELECT {sums} FROM {table.catalog_name}").batches
    return dict(zip(COUNTED, next(iter(batches))[0], strict=True))
