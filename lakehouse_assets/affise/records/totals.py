"""Make rows of what the API counts by itself, and of the rates of currencies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from lakehouse_assets.affise.records import values
from lakehouse_assets.affise.records.values import Record

STATUSES = ("confirmed", "pending", "declined", "hold")
HOUR = timedelta(hours=1)
GROUPED = ("country", "sub5", "sub6", "os", "os_version")
"""Names what clicks are counted by, beside the ids of whom they belong to."""


def hourly_total(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield clicks, hosts and money of one UTC hour as `stats/custom` counts them, by the account's day.

    Its words for money are not those of conversions: `revenue` is what affiliates get, `charge` what advertisers pay.
    The hour that is not over yet waits for the next run, as its clicks and conversions do. An hour after the run's last
    day is left out: of its day the run does not ask for all of them.
    """
    day, hour = (values.text(values.inner(record, "slice", name)) for name in ("day", "hour"))
    hour_start = _hour(day, hour)
    if is_running(hour_start, page) or is_after(hour_start, page):
        return
    yield {
        "hour_start": hour_start,
        "total_date": values.local_date(hour_start, page.get("zone")),
        "clicks": values.text(values.inner(record, "traffic", "raw")),
        "hosts": values.text(values.inner(record, "traffic", "uniq")),
        "conversions": _sum(record, "count", *STATUSES),
        **{f"{status}_conversions": _sum(record, "count", status) for status in STATUSES},
        "payouts": values.amount(_sum(record, "revenue", *STATUSES)),
        "revenue": values.amount(_sum(record, "charge", *STATUSES)),
        "pulled_at": page.get("as_of"),
        "clicks_are_forgotten": are_forgotten(hour_start, page),
    }


def are_forgotten(hour_start: str, page: Record) -> str | None:
    """Return `true` for an hour whose clicks nobody has pulled and the account has forgotten, None for all others.

    >>> page = {"forgotten": ["h09"]}
    >>> are_forgotten("2026-03-12T09:00:00Z", page), are_forgotten("2026-03-12T10:00:00Z", page)
    ('true', None)
    """
    return "true" if f"h{hour_start[11:13]}" in (page.get("forgotten") or ()) else None


def _hour(day: str | None, hour: str | None) -> str:
    """Return the start of an hour; a text that names none is returned for a rule to see."""
    try:
        return f"{datetime.fromisoformat(f'{day}T{int(hour or 0):02}:00:00').isoformat()}Z"
    except ValueError:
        return f"{day} {hour}"


def _sum(record: Record, what: str, *statuses: str) -> str:
    """Return the sum of one figure over states; where there are no conversions, `actions` is an empty list."""
    actions = record.get("actions")
    found = actions if isinstance(actions, Mapping) else {}
    told = (values.inner(found, status, what) for status in statuses)
    return str(sum(Decimal(one.strip() or 0) if isinstance(one, str) else one or 0 for one in told))


def currency_rate(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield one currency's rate to the US dollar, as the API knew it at the moment of the pull."""
    as_of = page.get("as_of")
    yield {
        "currency": values.code(record.get("name") or record.get("code")),
        "pulled_at": as_of,
        "rate_date": values.local_date(as_of, page.get("zone")),
        "rate": values.text(record.get("value", record.get("rate"))),
    }


def counted_clicks(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield clicks of one UTC hour that are alike in what the report groups by, as `stats/custom` counts them.

    They are for an account that has no clicks one by one. Those of the hour that is not over yet wait for the next run,
    as single ones do. What they have in common is hashed into a key, since most of it may be missing. Where redaction
    has made groups equal, the page tells them apart by their spelling.
    """
    day, hour = (values.text(values.inner(record, "slice", name)) for name in ("day", "hour"))
    start, clicks = _hour(day, hour), values.text(values.inner(record, "traffic", "raw"))
    if clicks == "0" or is_running(start, page) or is_before(start, page):
        return
    whose = {f"{name}_id": _id(values.inner(record, "slice", name)) for name in ("offer", "affiliate", "advertiser")}
    told = {name: values.inner(record, "slice", name) for name in GROUPED}
    # As the API tells them: `Unknown` and a blank are two groups of it, whose clicks add up in one of the report.
    told_apart = [*whose.values(), *told.values()]
    spelling = values.inner(record, "slice", "spelling")
    row = {
        "hour_start": start,
        "hour_end": _after(start),
        "group_key": _key(told_apart),
        "click_date": values.local_date(start, page.get("zone")),
        **whose,
        "country": values.code(told["country"]),
        **{name: values.free_text(told[name]) for name in ("sub5", "sub6")},
        **{name: values.text(told[name]) for name in ("os", "os_version")},
        "clicks": clicks,
        "hosts": values.text(values.inner(record, "traffic", "uniq")),
        "pulled_at": page.get("as_of"),
    }
    if spelling is None:
        yield row
        return
    # The row that held all spellings together, in pages that do not tell them, has none of these clicks any more.
    yield {**row, "clicks": "0", "hosts": "0"}
    yield {**row, "group_key": _key([*told_apart, spelling])}


def _key(told_apart: list[Any]) -> str:
    return hashlib.sha256(orjson.dumps(told_apart, default=str)).hexdigest()[:24]


def is_running(hour_start: str, page: Record) -> bool:
    """Say whether an hour is the one in which the page was pulled, so that what it counts is not all there is."""
    return values.hour_is_open(hour_start, page) is not None


def is_before(hour_start: str, page: Record) -> bool:
    """Say whether an hour lies before the moment from which on the run wants facts, where the page tells it.

    The API tells whole days of UTC only, and the first of them begins before the account's own day does.
    """
    since = page.get("since")
    return since is not None and hour_start < str(since)


def is_after(hour_start: str, page: Record) -> bool:
    """Say whether an hour lies after the moment up to which the run wants facts, where the page tells it."""
    until = page.get("until")
    return until is not None and hour_start >= str(until)


def _id(told: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return the id of what a slice names, by an object or by the id alone; the API writes 0 for what is not there."""
    found = values.text(told.get("id") if isinstance(told, Mapping) else told)
    return None if found == "0" else found


def _after(hour_start: str) -> str:
    """Return the end of an hour; a text that names none is returned for a rule to see."""
    try:
        return f"{(datetime.fromisoformat(hour_start.removesuffix('Z')) + HOUR).isoformat()}Z"
    except ValueError:
        return hour_start
