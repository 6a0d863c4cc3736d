"""When a schedule's expression is due, in its time zone.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

# ruff: noqa: SLF001 - MiniStack reads cron for the rules of EventBridge
from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

UNITS = {"minute": 60, "hour": 3600, "day": 86_400}


def moment_of_at(expression: str, zone: ZoneInfo) -> datetime:
    """Return the moment of a one-time schedule.

    >>> moment_of_at("at(2026-07-01T09:00:00)", ZoneInfo("Europe/Berlin")).isoformat()
    '2026-07-01T07:00:00+00:00'
    """
    local = datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")").strip())
    return local.replace(tzinfo=zone).astimezone(UTC)


def next_of_rate(expression: str, created: datetime, after: datetime) -> datetime | None:
    """Return the first tick after a moment of one that comes at a rate from when it was made.

    >>> next_of_rate("rate(5 minutes)", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 7, tzinfo=UTC)).minute
    10
    """
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression.strip())
    if not found:
        return None
    every = timedelta(seconds=int(found[1]) * UNITS[found[2]])
    return created + ((after - created) // every + 1) * every


def next_of_cron(expression: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Return the first tick after a moment; the fields are of the zone's clock."""
    from ministack.services import eventbridge

    fields = eventbridge._parse_cron_fields(expression)
    local = after.astimezone(zone)
    found = eventbridge._cron_next_fire(fields, local) if fields else None
    return found.astimezone(UTC) if found else None
