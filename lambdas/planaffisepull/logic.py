"""Decide which slices a run pulls, and whether the account's key may read what they are of.

Facts of the run's days come first, then what has changed since the watermark. Once a week the conversions of all days
that may still change are pulled again, in case a change was told to nobody. The first run makes no such sweep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from lakehouse_assets.affise.account import clock_of, first_page
from lakehouse_assets.affise.endpoints import CHANGES, CONVERSIONS, CUSTOM_TOTALS, DIMENSIONS, ENDPOINTS, Endpoint
from lakehouse_assets.affise.errors import ApiRefused, RightsLost
from lakehouse_assets.affise.gone import complete
from lakehouse_assets.affise.open_runs import OpenRun
from lakehouse_assets.affise.opening import AGAIN, INTRADAY
from lakehouse_assets.affise.pull import Puller
from lakehouse_assets.affise.slices import DAY, LATEST_CHANGE_DAYS, Slice, change_slices, midnight, params, utc_days
from lakehouse_assets.affise.watermark import Watermark, changes_since, is_sweep_due
from lakehouse_assets.core.manifest import utc_moment
from lakehouse_assets.core.request import Window
from lakehouse_assets.errors import BadRequest

FORBIDDEN = 403
MOST_OPEN = 500
"""Limits the open runs whose pages one run loads too: a run every 15 minutes that fails for five days makes so many."""
SWEEP = "sweep"
CLOCKS_DIFFER = timedelta(minutes=5)
LAST_HOURS = timedelta(hours=3)
"""How far back a pull between two ticks looks at least: what changes in an hour that is over is seen for a while."""


@dataclass(frozen=True)
class Planned:
    """Name one slice of time that is to be pulled.

    Attributes:
        endpoint: of facts, totals or changes.
        day: UTC.
        since: from when on facts are wanted, UTC; None for a day of changes.
        until: up to when totals are wanted, UTC; None where all of the day are.
        is_intraday: whether the hour that goes on is pulled too.
        is_again: whether clicks that are there for good are pulled too.
    """

    endpoint: Endpoint
    day: date
    since: datetime | None = None
    until: datetime | None = None
    is_intraday: bool = False
    is_again: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the slice in JSON-ready form, small enough that a machine carries some hundreds of them."""
        always = {"endpoint": self.endpoint.name, "day": str(self.day), "since": self.since and self.since.isoformat()}
        flags = {"is_intraday": self.is_intraday, "is_again": self.is_again}
        end = {} if self.until is None else {"until": self.until.isoformat()}
        return always | end | {name: True for name, is_on in flags.items() if is_on}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Self:
        """Return the slice that `to_dict` was asked for."""
        since, until = (value.get(name) and utc_moment(value[name]) for name in ("since", "until"))
        flags = (value.get(name, False) for name in ("is_intraday", "is_again"))
        return cls(ENDPOINTS[value["endpoint"]], date.fromisoformat(value["day"]), since, until, *flags)


@dataclass(frozen=True)
class Plan:
    """Hold what a run pulls: slices in the order of the pull, and whether they are of all that may still change."""

    slices: tuple[Planned, ...]
    is_sweep: bool
    lists: tuple[Endpoint, ...] = DIMENSIONS

    @classmethod
    def of(
        cls,
        window: Window,
        as_of: datetime,
        zone: str,
        mark: Watermark | None,
        clicks: Endpoint,
        *,
        pull: str | None = None,
    ) -> Self:
        """Return the plan of a run.

        Args:
            window: the account's days that it works on.
            as_of: its clock, UTC.
            zone: the account's.
            mark: up to when changes are in silver.
            clicks: where clicks are pulled.
            pull: as a run is asked (`core.request.Pull`); None for what is usual.
        """
        if pull == INTRADAY:
            # Lists are left alone: names of the report are those that its ticks have seen.
            return cls(_last_hours(window, as_of, zone, mark, clicks), is_sweep=False, lists=())
        is_sweep = pull == SWEEP or is_sweep_due(mark, as_of)
        first = min(window.start, window.end - DAY * (LATEST_CHANGE_DAYS - 1)) if is_sweep else window.start
        starts = ((CONVERSIONS, first), (clicks, window.start), (CUSTOM_TOTALS, window.start))
        end = midnight(window.end + DAY, zone)
        days = [
            Planned(
                endpoint,
                day,
                midnight(start, zone),
                until=end if endpoint is CUSTOM_TOTALS else None,
                is_again=pull == AGAIN and endpoint is clicks,
            )
            for endpoint, start in starts
            for day in utc_days(start, window.end, zone)
        ]
        changed = () if mark is None else change_slices(changes_since(mark, as_of), as_of)
        return cls((*days, *(Planned(CHANGES, one.day) for one in changed)), is_sweep)

    def opened(self, run_id: str, present: datetime) -> OpenRun:
        """Return what a run notes before it pulls: its lists are of the UTC day on which they are told."""
        lists = tuple((one.name, present.astimezone(UTC).date()) for one in self.lists)
        return OpenRun(run_id, (*lists, *((one.endpoint.name, one.day) for one in self.slices)))


def _last_hours(
    window: Window, as_of: datetime, zone: str, mark: Watermark | None, clicks: Endpoint
) -> tuple[Planned, ...]:
    """Return what happened since the last whole pull, and in the last hours in any case, within a run's days."""
    recent = as_of - LAST_HOURS
    pulled = recent if mark is None else min(recent, mark.changes)
    since = max(midnight(window.start, zone), pulled.replace(minute=0, second=0, microsecond=0))
    days = [since.date() + DAY * number for number in range((as_of.date() - since.date()).days + 1)]
    return tuple(
        Planned(endpoint, day, since, is_intraday=True)
        for endpoint in (CONVERSIONS, clicks, CUSTOM_TOTALS)
        for day in days
    )


def require_past(as_of: datetime, clock: datetime, tenant: str) -> None:
    """Refuse a run's clock that is ahead of the account's.

    The watermark would move to a moment that nobody has seen, and changes from before it would not be asked for again.

    Args:
        as_of: the run's clock, with a zone.
        clock: the account's: the present, or that of a simulated account, which has its own.
        tenant: host of the account's API.

    Raises:
        BadRequest: the clock is ahead by more than clocks differ.
    """
    if as_of - clock > CLOCKS_DIFFER:
        ahead = f"{as_of:%Y-%m-%d %H:%M} UTC is in the future: it is {clock:%Y-%m-%d %H:%M} UTC at {tenant}"
        raise BadRequest(message=f"{ahead}; changes between now and then would be missed, so leave as_of out")


def require_rights(puller: Puller, plan: Plan, mark: Watermark | None) -> datetime:
    """Ask every list and every kind of facts for one record, before anything is pulled; return the account's clock.

    Args:
        puller: of the run.
        plan: of the run.
        mark: tells whether facts have been read before; None before the first commit.

    Raises:
        RightsLost: the key may not read something any more that it has read before.
        ApiRefused: it may not read it, and never has; or it is not there.
    """
    store, today = puller.bronze.store, Slice(puller.bronze.as_of.astimezone(UTC).date())
    known = {one: complete(store, one) is not None for one in plan.lists}
    known |= {one.endpoint: mark is not None for one in plan.slices}
    clock = puller.bronze.as_of
    for endpoint, was_read in known.items():
        try:
            told = first_page(puller.api, endpoint, params(endpoint, today, puller.account.date_to), limit=1)
            clock = clock_of(told, is_local=puller.api.is_local)
        except ApiRefused as error:
            if error.facts["status"] != FORBIDDEN or not was_read:
                raise
            problem = f"`{endpoint.path}` is refused ({error.facts['problem']})"
            raise RightsLost(name=puller.api.key_name, api=puller.api.tenant, problem=problem) from error
    return clock


def answer(plan: Plan, date_to: str, present: str, open_runs: Iterable[OpenRun] = ()) -> dict[str, Any]:
    """Return the function's answer; of open runs as many as a state machine can carry, the rest is the next run's."""
    return {
        "present": present,
        "lists": names(plan.lists),
        "slices": [one.to_dict() for one in plan.slices],
        "is_sweep": plan.is_sweep,
        "date_to": date_to,
        "open_runs": sorted(run.run_id for run in open_runs)[:MOST_OPEN],
    }


def names(endpoints: Iterable[Endpoint]) -> list[str]:
    """Return the names of endpoints."""
    return [one.name for one in endpoints]
