"""Read the parameters of a request as the API does: brackets, indexes, scalars and nested filters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.simulator.refusals import Refused
from lakehouse_assets.affise.simulator.zones import midnight

_INDEXED = re.compile(r"^(?P<name>.+)\[\d*\]$")
LAST_HOUR = 23


class Query:
    """Hold the parameters of one request.

    Args:
        pairs: names and values in the order of the address. `status[]=1` and `status[0]=1` are lists, `status=1` is a
            list of one, and of a bare name that comes again the last one counts.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            indexed = _INDEXED.match(name)
            if indexed:
                self._values.setdefault(indexed["name"], []).append(value)
            else:
                self._values[name] = [value]

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a parameter."""
        return tuple(self._values.get(name, ()))

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter."""
        return self._values.get(name, [default])[-1]

    def number(self, name: str, default: int) -> int:
        """Return a parameter as a number.

        Raises:
            Refused: it is none.
        """
        text = self.one(name)
        if not text:
            return default
        if not text.isdigit():
            raise Refused(400, f"{name} is not a number")
        return int(text)

    def day(self, name: str, default: date | None = None) -> date:
        """Return a parameter as a date.

        Raises:
            Refused: it is none, or missing where there is no default.
        """
        text = self.one(name)
        if not text and default is not None:
            return default
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise Refused(400, f"{name} is required as YYYY-MM-DD")
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise Refused(400, f"{name} is no date") from error

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """Return the zone that a request asks for.

        Raises:
            Refused: there is no such zone.
        """
        name = self.one("timezone")
        if not name:
            return default
        try:
            return ZoneInfo(name)
        except (ValueError, KeyError, OSError) as error:
            raise Refused(400, "timezone is not known") from error

    def slice_key(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return what names the list that a request asks a page of."""
        return tuple(
            sorted((name, tuple(values)) for name, values in self._values.items() if name not in {"page", "limit"})
        )


def window(
    query: Query, zone: ZoneInfo, today: date, *, naming: str = "{}", required: bool = False, is_exclusive: bool = False
) -> tuple[int, int]:
    """Return the seconds that `date_from`, `date_to` and `hour` mean: from the first up to, and without, the second.

    Args:
        query: the request.
        zone: in which days are meant.
        today: default of the last day.
        naming: how the names of the dates are written, with `{}` for each.
        required: whether both dates must be there.
        is_exclusive: whether `date_to` itself is not asked for.

    Raises:
        Refused: a date is missing or none, or there is an hour and more than a day.
    """
    last = query.day(naming.format("date_to"), None if required else today)
    first = query.day(naming.format("date_from"), None if required else last - timedelta(days=7))
    end = last if is_exclusive else last + timedelta(days=1)
    hour = query.one("hour")
    if not hour:
        return midnight(first, zone), midnight(end, zone)
    if end - first != timedelta(days=1) or not hour.isdigit() or int(hour) > LAST_HOUR:
        raise Refused(400, "hour is 0 to 23 of a period of one day")
    start = int(datetime.combine(first, time(int(hour)), zone).timestamp())
    return start, start + 3600
