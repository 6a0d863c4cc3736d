"""Make rows of what the API counts by itself, and of the rates of currencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lakehouse_assets.affise.records import values
from lakehouse_assets.affise.records.values import Record

STATUSES = ("confirmed", "pending", "declined", "hold")


def hourly_total(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield clicks, hosts and money of one UTC hour as `stats/custom` counts them, by the account's day.

    Its words for money are not those of conversions: `revenue` is what affiliates get, `charge` what advertisers pay.
    """
    day, hour = (values.text(values.inner(record, "slice", name)) for name in ("day", "hour"))
    hour_start = _hour(day, hour)
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
    }


def _hour(day: str | None, hour: str | None) -> str | None:
    """Return the start of an hour; a text that names none is returned for a rule to see."""
    try:
        return f"{datetime.fromisoformat(f'{day}T{int(hour or 0):02}:00:00').isoformat()}Z"
    except ValueError:
        return f"{day} {hour}"


def _sum(record: Record, what: str, *statuses: str) -> str:
    """Return the sum of one figure over states; where there are no conversions, `actions` is an empty list."""
    actions = record.get("actions")
    found = actions if isinstance(actions, Mapping) else {}
    return str(sum(values.inner(found, status, what) or 0 for status in statuses))


def currency_rate(record: Record, page: Record) -> Iterator[dict[str, Any]]:
    """Yield one currency's rate to the US dollar, as the API knew it at the moment of the pull."""
    as_of = page.get("as_of")
    yield {
        "currency": values.code(record.get("name") or record.get("code")),
        "pulled_at": as_of,
        "rate_date": values.local_date(as_of, page.get("zone")),
        "rate": values.text(record.get("value", record.get("rate"))),
    }
