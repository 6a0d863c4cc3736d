"""Hold everything that a running simulator has: its world, clock, switches, and what it was asked."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.simulator.clock import Clock
from lakehouse_assets.affise.simulator.paging import Pager
from lakehouse_assets.affise.simulator.shapes.names import Names
from lakehouse_assets.affise.simulator.shapes.writing import Style
from lakehouse_assets.affise.simulator.spec import RESTRICTED_KEY, SimulatorSpec
from lakehouse_assets.affise.simulator.switches import Switchboard
from lakehouse_assets.affise.simulator.world import World

Kept = TypeVar("Kept")
LOGGED = 200_000
KEPT_LISTS = 12


@dataclass(frozen=True)
class Request:
    """One request as it was seen: `key_in_url` says that its address held a key."""

    method: str
    path: str
    query: str
    status: int
    key_in_url: bool


class Tenant:
    """Hold a simulated tenant that is being served.

    Args:
        spec: what it is.
    """

    def __init__(self, spec: SimulatorSpec) -> None:
        self.spec = spec
        self.switches = Switchboard(spec.faults)
        self.world = World(spec, self.switches.world)
        self.clock = Clock(spec.first_now)
        self.pager = Pager(self.switches)
        self.log: deque[Request] = deque(maxlen=LOGGED)
        self._lists: OrderedDict[object, Any] = OrderedDict()

    @property
    def keys(self) -> tuple[str, str]:
        """Return the key that may see everything, and the restricted one."""
        return self.spec.key, RESTRICTED_KEY

    @property
    def zone(self) -> ZoneInfo:
        """Return the tenant's zone."""
        return ZoneInfo(self.world.zone)

    def style(self, asked: ZoneInfo) -> Style:
        """Return how answers are written to a request that asks for a zone."""
        on = self.switches.on
        return Style(asked if "created-at-follows-timezone" in on else self.zone, on)

    def names(self) -> Names:
        """Return the objects that facts carry now."""
        now, world = self.clock.now, self.world
        return self.kept(
            ("names",),
            lambda: Names(world.all_offers(now), world.affiliates(now), world.advertisers(now), world.managers(now)),
        )

    def visible(self) -> tuple[int, ...] | None:
        """Return the ids of the affiliates that the key may see, or None for all."""
        if "manager-key" not in self.switches.on:
            return None
        affiliates = self.world.affiliates(self.clock.now)
        mine = next(one.manager_id for one in affiliates if one.manager_id is not None)
        return tuple(one.affiliate_id for one in affiliates if one.manager_id == mine)

    def kept(self, key: tuple[object, ...], make: Callable[[], Kept]) -> Kept:
        """Return a list that was made for an earlier page, or make it; it is another one at another instant."""
        name = (*key, self.clock.now, self.world.revision, "manager-key" in self.switches.on)
        if name not in self._lists:
            self._lists[name] = make()
            if len(self._lists) > KEPT_LISTS:
                self._lists.popitem(last=False)
        self._lists.move_to_end(name)
        return cast("Kept", self._lists[name])
