"""Learn about an account what the API's documents leave open and every pull needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.endpoints import CONVERSIONS, Endpoint, Params
from lakehouse_assets.affise.envelope import pagination, records
from lakehouse_assets.affise.id_time import id_time
from lakehouse_assets.affise.session import Api
from lakehouse_assets.affise.slices import DAY, DateTo
from lakehouse_assets.affise.wire import Answer

LOOK_BACK = 30 * DAY
"""How far back a conversion is looked for by which a span of one day can be tried."""
CLICK_DAYS = 7
"""For how many days clicks are answered, as documented."""
FORGETTING = timedelta(hours=2)
"""How long a pull may take until it is asked for what has been forgotten since its tick."""
MIDDAY = range(3, 21)
"""Holds hours, UTC, at which it is the same day in most zones, should the API not count days in UTC."""


@dataclass(frozen=True)
class Account:
    """Hold what is known of an account.

    Attributes:
        zone: its own, in which its days are counted.
        date_to: whether the last day of a span belongs to it.
        click_days: for how many days it remembers clicks.
        present: its clock, by which it forgets, where a run's own is of an earlier day; None where it is not.
        tells_clicks: whether it tells clicks one by one, and does not only count them.
    """

    zone: str
    date_to: DateTo = "inclusive"
    click_days: int = CLICK_DAYS
    present: datetime | None = None
    tells_clicks: bool = True

    def oldest_click(self, tick: datetime) -> datetime:
        """Return from when on clicks are asked for by a tick; a pull takes a while, and the API forgets meanwhile."""
        return max(tick, self.present or tick) - self.click_days * DAY + FORGETTING


def clock_of(answer: Answer, *, is_local: bool) -> datetime:
    """Return the account's clock when it answered: of a simulated one, which has its own, as the answer tells it."""
    told = answer.headers.get("date") if is_local else None
    return answer.received_at if told is None else parsedate_to_datetime(told)


def present(as_of: datetime, clock: datetime, zone: str) -> datetime:
    """Return the moment for what an account knows of today only, such as rates and names: the run's, if that is today.

    >>> at = datetime.fromisoformat("2026-03-11T06:30:00+00:00")
    >>> present(at, at + timedelta(hours=1), "UTC") == at, present(at, at + 3 * DAY, "UTC") == at + 3 * DAY
    (True, True)

    Args:
        as_of: the run's clock, with a zone.
        clock: the account's.
        zone: in which its days are counted.
    """
    there = ZoneInfo(zone)
    return max(as_of, clock) if clock.astimezone(there).date() > as_of.astimezone(there).date() else as_of


def learn_date_to(api: Api, today: date) -> DateTo | None:
    """Return whether `date_to` belongs to the span, from one day that has conversions; None where there is none."""
    made = [moment for moment in map(_made, _some(api, today - LOOK_BACK, today + DAY)) if moment is not None]
    if not made:
        return None
    chosen = next((moment for moment in made if moment.hour in MIDDAY), made[0]).date()
    return "inclusive" if count(api, CONVERSIONS, span(chosen, chosen)) else "exclusive"


def span(first: date, last: date) -> Params:
    """Return the parameters of a span of days as they are, whatever `date_to` means."""
    return (("date_from", str(first)), ("date_to", str(last)), ("timezone", "UTC"))


def count(api: Api, endpoint: Endpoint, params: Params) -> int:
    """Return how many records a question has, from a page with one of them."""
    answer = first_page(api, endpoint, params, limit=1)
    told = pagination(answer.data, 1).total_count
    return len(records(endpoint, answer.data) or []) if told is None else told


def first_page(api: Api, endpoint: Endpoint, params: Params, *, limit: int, page: int = 1) -> Answer:
    """Return one page of a list."""
    return api.get(endpoint, (*params, ("limit", str(limit)), ("page", str(page))))


def _some(api: Api, first: date, last: date) -> list[Any]:
    return records(CONVERSIONS, first_page(api, CONVERSIONS, span(first, last), limit=100).data) or []


def _made(record: object) -> datetime | None:
    return id_time(record.get("id")) if isinstance(record, Mapping) else None


def days_before(today: date, count: int) -> tuple[date, ...]:
    """Return so many days before a day, the newest first."""
    return tuple(today - timedelta(days=number) for number in range(1, count + 1))
