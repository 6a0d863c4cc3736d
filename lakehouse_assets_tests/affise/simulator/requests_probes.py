"""Questions to the API about requests, pages and windows, and about what is open about a tenant."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import requests

from lakehouse_assets_tests.affise.simulator.api import (
    CLICKS,
    CONVERSIONS,
    DAY,
    OFFERS,
    PARTNERS,
    Api,
)

BY_PAGE = {"date_from": DAY, "date_to": DAY, "timezone": "UTC", "limit": 50}


def ids(api: Api, path: str) -> list[str]:
    """The ids of a day's facts in one pass over its pages."""
    return [row["id"] for row in api.rows(path, **BY_PAGE)]


def statuses(api: Api, count: int) -> list[int]:
    """The HTTP statuses of so many requests."""
    return [api.get(OFFERS).status_code for _ in range(count)]


def _retry_later(api: Api) -> object:
    first, second = api.get(OFFERS), api.get(OFFERS)
    return (
        (first.status_code, second.status_code) == (429, 429)
        and "Retry-After" in first.headers
        and ("Retry-After" not in second.headers)
    )


def _status_2(api: Api) -> object:
    first, second = api.json(OFFERS), api.json(OFFERS)
    return first == {"status": 2, "error": first.get("error")} and set(second) == {"status", "message"}


def _truncated(api: Api) -> object:
    with suppress(requests.exceptions.JSONDecodeError):
        api.get(OFFERS).json()
        return False
    return True


def _slow(api: Api) -> object:
    begin = time.monotonic()
    api.get(OFFERS)
    return time.monotonic() - begin >= 1


def _reset(api: Api) -> object:
    with suppress(requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
        api.get(OFFERS)
        return False
    return True


def _redirected(api: Api) -> object:
    response = api.get(OFFERS)
    return response.status_code == 301 and response.headers["Location"].startswith("https://")


def _drifts(api: Api) -> tuple[list[str], list[str]]:
    """Two passes over the same closed day."""
    return ids(api, CONVERSIONS), ids(api, CONVERSIONS)


def _inserted(api: Api) -> object:
    first, second = _drifts(api)
    return len(set(first)) == len(second) - 1 and len(first) == len(second) and len(set(second)) == len(second)


def _deleted(api: Api) -> object:
    first, second = _drifts(api)
    return len(set(second) - set(first)) == 1 and len(first) == len(second) - 1


def _totals(api: Api) -> object:
    return len({body["pagination"]["total_count"] for body in api.pages(CONVERSIONS, **BY_PAGE)}) == 2


def _twice(api: Api) -> object:
    first, second = (api.json(CLICKS, page=page, **BY_PAGE)["clicks"] for page in (1, 2))
    return first[-1]["id"] == second[0]["id"]


def _exact(api: Api) -> object:
    pagination = api.json(PARTNERS, limit=20)["pagination"]
    return pagination["per_page"] == 15 and pagination["total_count"] == 30


def _old_clicks(api: Api) -> object:
    return api.day(CLICKS, "2026-03-05") == [] and api.day(CLICKS, "2026-03-10") != []


def _unordered(api: Api) -> object:
    times = [row["created_at"] for row in api.day(CLICKS)]
    return times not in (sorted(times), sorted(times, reverse=True))


def _fewer(api: Api) -> object:
    mine = {row["id"] for row in api.rows(PARTNERS)}
    return 0 < len(mine) < 30 and {row["partner_id"] for row in api.day(CONVERSIONS)} <= mine


def _one_more(api: Api) -> object:
    asked = {"filter[date_from]": DAY, "filter[date_to]": DAY, "timezone": "UTC"}
    return api.rows("/3.0/stats/custom", slice=["day"], **asked)[0]["traffic"]["raw"] == "1001"


PROBES: dict[str, tuple[str, Callable[[Api], object]]] = {
    "no-key-401": ("", lambda api: requests.get(api.simulator.url + OFFERS, timeout=30).status_code == 401),
    "restricted-key-403": ("", lambda api: api.get(PARTNERS).status_code == 403 and api.get(OFFERS).ok),
    "too-many-requests": ("times=2", _retry_later),
    "server-error": ("times=3", lambda api: statuses(api, 4) == [500, 502, 503, 200]),
    "status-2-in-200": ("times=2", _status_2),
    "truncated-json": ("", _truncated),
    "slow-response": ("seconds=1", _slow),
    "reset-mid-body": ("", _reset),
    "redirect-to-https": ("", _redirected),
    "next-page-absent": ("", lambda api: "next_page" not in api.json(PARTNERS)["pagination"]),
    "next-page-null": ("", lambda api: api.json(PARTNERS)["pagination"].get("next_page", "absent") in (None, 0)),
    "exact-multiple": ("", _exact),
    "limit-clamped": ("", lambda api: api.json(PARTNERS, limit=5000)["pagination"]["per_page"] == 500),
    "insert-between-pages": ("", _inserted),
    "delete-between-pages": ("", _deleted),
    "total-count-changes": ("", _totals),
    "page-beyond-end-empty": ("", lambda api: api.json(PARTNERS, page=99)["partners"] == []),
    "clicks-unordered": ("", _unordered),
    "empty-window": ("", lambda api: api.day(CONVERSIONS, "2026-03-05") == []),
    "click-on-two-pages": ("", _twice),
    "click-horizon": ("", _old_clicks),
    "date-to-exclusive": ("", lambda api: api.day(CONVERSIONS) == []),
    "limit-honoured": ("", lambda api: api.json(PARTNERS, limit=5000)["pagination"]["per_page"] == 5000),
    "limit-refused": ("", lambda api: api.get(PARTNERS, limit=501).status_code == 400),
    "clicks-gone": ("", lambda api: api.get(CLICKS, date_from=DAY, date_to=DAY).status_code == 404),
    "page-beyond-end-404": ("", lambda api: api.get(PARTNERS, page=99).status_code == 404),
    "custom-disagrees": ("", _one_more),
    "manager-key": ("", _fewer),
}
"""For every switch: the options that it is tried with, and the question."""
