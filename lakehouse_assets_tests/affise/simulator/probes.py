"""For every switch, a question to the API whose answer is yes where the switch does what its sentence says."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import requests

from lakehouse_assets_tests.affise.simulator.api import (
    ADVERTISERS,
    CLICKS,
    CONVERSIONS,
    DAY,
    OFFERS,
    PARTNERS,
    Api,
    Row,
)

Probe = Callable[[Api], object]
BY_PAGE = {"date_from": DAY, "date_to": DAY, "timezone": "UTC", "limit": 50}
SPREAD = timedelta(days=7)
PLACEHOLDERS = {"Undefined", "Unknown", "-"}
STATUS_FORMS = {"confirmed", 1, "not_found", 4, "on_review", 9}


def ids(api: Api, path: str) -> list[str]:
    """The ids of a day's facts in one pass over its pages."""
    return [row["id"] for row in api.rows(path, **BY_PAGE)]


def statuses(api: Api, count: int) -> list[int]:
    """The HTTP statuses of so many requests."""
    return [api.get(OFFERS).status_code for _ in range(count)]


def naive(text: str) -> datetime:
    """A time without zone, as if it were UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def offset_hours(row: Row) -> float:
    """How far a record's time is from the one in its id."""
    return (naive(row["created_at"]) - datetime.fromtimestamp(int(row["id"][:8], 16), UTC)) / timedelta(hours=1)


def all_conversions(api: Api) -> list[Row]:
    """The conversions of ten days."""
    return api.rows(CONVERSIONS, date_from="2026-03-05", date_to=DAY, timezone="UTC")


def seen(api: Api, history: tuple[str, ...], after: timedelta) -> object:
    """Whether a conversion has this history, its last change so long after it, and the API shows it then."""
    start, end = datetime(2026, 3, 14, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC)
    lives = api.world.conversions(start, end)
    found = next((one for one in lives if tuple(version.status for version in one.versions) == history), None)
    if found is None or found.versions[-1].at - found.created_at < after:
        return False
    before = api.by_id(found.conversion_id)
    api.clock.set(found.versions[-1].at)
    return before["updatedAt"] != api.by_id(found.conversion_id)["updatedAt"]


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


def _form(cap: Row) -> str:
    return type(cap["country"]).__name__ if "country" in cap else "absent"


def _caps(api: Api) -> list[Row]:
    return [cap for offer in api.offers() for cap in offer.get("caps") or []]


def _cap_keys(api: Api) -> object:
    forms = {repr(offer.get("caps", "absent")) for offer in api.offers() if not offer.get("caps")}
    return forms == {"'absent'", "[]", "None"}


def _repeated_cap(api: Api) -> object:
    return any(offer["caps"].count(cap) == 2 for offer in api.offers() for cap in offer["caps"])


def _landings(api: Api) -> object:
    kinds = [[landing["type"] for landing in offer["landings"]] for offer in api.offers()]
    return all(found == ["landing", "landing", "transit"] for found in kinds)


def _no_manager(api: Api) -> object:
    return any(row["manager"] is None for row in api.rows(PARTNERS)) and any(
        row["manager_obj"] is None for row in api.rows(ADVERTISERS)
    )


def _custom_fields(api: Api) -> object:
    fields = [field for row in api.rows(PARTNERS) for field in row["customFields"]]
    return any(isinstance(field["value"], list) and isinstance(field["label"], dict) for field in fields)


def _awkward(api: Api) -> object:
    text = "".join(offer["title"] + offer["kpi"]["en"] for offer in api.offers())
    return all(part in text for part in ("<b>", "&amp;", "\n", "🎮", ",", '"', "=1"))


def _gone(api: Api) -> object:
    listed = {offer["id"] for offer in api.offers()}
    return {row["offer_id"] for row in all_conversions(api)} - listed == {936}


def _still_converting(api: Api) -> object:
    stopped = {offer["id"] for offer in api.offers() if offer["status"] == "stopped"}
    return any(row["offer_id"] in stopped for row in api.day(CONVERSIONS))


def _reassigned(api: Api) -> object:
    owners = defaultdict(set)
    for row in all_conversions(api):
        owners[row["offer_id"]].add(row["supplier_id"])
    return [offer for offer, found in owners.items() if len(found) > 1] == [937]


def _balances(api: Api) -> object:
    return any(len(row["balance"]) > 1 for row in api.rows(PARTNERS, with_balance=1))


def _edited_later(api: Api) -> object:
    start, end = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    found = list(api.world.conversions(start, end))
    pairs = ((one.versions[0], one.at(one.created_at + timedelta(days=10))) for one in found)
    return any(after.payouts > before.payouts > 0 for before, after in pairs)


def _unknown_clicks(api: Api) -> object:
    rows = all_conversions(api)
    clicks = {one.click_id for one in api.world.clicks(datetime(2026, 3, 2, tzinfo=UTC), api.clock.now)}
    late = [row for row in rows if naive(row["created_at"]) - naive(row["click_time"]) > SPREAD]
    return late and any(row["clickid"] not in clicks for row in rows)


def _absent_affiliate(api: Api) -> object:
    listed = {row["id"] for row in api.rows(PARTNERS)}
    return {row["partner_id"] for row in (*api.day(CLICKS), *api.day(CONVERSIONS))} - listed == {990_001}


def _second_goals(api: Api) -> object:
    goals = defaultdict(set)
    for row in all_conversions(api):
        goals[row["clickid"]].add(row["goal_value"])
    return {"1", "2"} in goals.values()


def _shared_actions(api: Api) -> object:
    offers = defaultdict(set)
    for row in all_conversions(api):
        offers[row["action_id"]].add(row["offer_id"])
    return any(len(found) > 1 for found in offers.values())


def _unpaid(api: Api) -> object:
    declined = [row for row in all_conversions(api) if row["status"] in {"declined", 3}]
    unpaid = {row["revenue"] for row in declined if row["decline_reason"] == "payment_not_found"}
    return unpaid == {None, 0} and any(row["revenue"] for row in declined)


def _types(rows: list[Row], name: str) -> set[str]:
    return {type(row[name]).__name__ for row in rows}


def _subs(api: Api) -> object:
    subs = {row[f"sub{n}"] for row in api.day(CLICKS) for n in range(1, 9)}
    return {None, "{clickid}"} <= subs and any(sub and len(sub) > 500 for sub in subs)


def _systems(api: Api) -> object:
    return {"Android 10", "Android 10.0", "Linux Unknown"} <= {row["os"] for row in all_conversions(api)}


def _old_clicks(api: Api) -> object:
    return api.day(CLICKS, "2026-03-05") == [] and api.day(CLICKS, "2026-03-10") != []


def _unordered(api: Api) -> object:
    times = [row["created_at"] for row in api.day(CLICKS)]
    return times not in (sorted(times), sorted(times, reverse=True))


def _fewer(api: Api) -> object:
    mine = {row["id"] for row in api.rows(PARTNERS)}
    return 0 < len(mine) < 30 and {row["partner_id"] for row in api.day(CONVERSIONS)} <= mine


def _held_long(api: Api) -> object:
    """Whether holds end on day 30 that are not of an offer which holds so long anyway."""
    start, end = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC)
    held = [one for one in api.world.conversions(start, end) if one.versions[0].status == "hold"]
    days = {(one.versions[-1].at - one.created_at) // timedelta(days=1) for one in held if one.offer_id % 4 != 1}
    return 30 in days


PROBES: dict[str, tuple[str, Probe]] = {
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
    "offer-caps-missing": ("", _cap_keys),
    "cap-goals-forms": ("", lambda api: {"[]", "{}"} <= {repr(cap["goals"]) for cap in _caps(api)}),
    "cap-country-forms": ("", lambda api: {_form(cap) for cap in _caps(api)} == {"absent", "NoneType", "str", "list"}),
    "identical-caps": ("", _repeated_cap),
    "several-landings": ("", _landings),
    "manager-null": ("", _no_manager),
    "advertiser-manager-as-name": ("", lambda api: "Ben Sample" in {row["manager"] for row in api.rows(ADVERTISERS)}),
    "login-empty": ("", lambda api: {("", None)} <= {(row["login"], row["name"]) for row in api.rows(PARTNERS)}),
    "zero-updated-at": (
        "",
        lambda api: (
            {row["updated_at"] for row in (*api.rows(PARTNERS), *api.rows(ADVERTISERS))}
            == {"0000-00-00 00:00:00", None}
        ),
    ),
    "custom-fields-forms": ("", _custom_fields),
    "lower-case-codes": ("", lambda api: "de" in api.offers()[0]["payments"][0]["countries"]),
    "awkward-text": ("", _awkward),
    "offer-deleted": ("", _gone),
    "offer-stopped-converting": ("", _still_converting),
    "advertiser-reassigned": ("", _reassigned),
    "balance-currencies": ("", _balances),
    "click-on-two-pages": ("", _twice),
    "pending-confirmed-declined": ("", lambda api: seen(api, ("pending", "confirmed", "declined"), timedelta(days=1))),
    "hold-thirty-days": ("", lambda api: seen(api, ("hold", "confirmed"), timedelta(0)) and _held_long(api)),
    "payout-edited-late": ("", _edited_later),
    "click-unknown": ("", _unknown_clicks),
    "affiliate-absent": ("", _absent_affiliate),
    "several-conversions-per-click": ("", _second_goals),
    "action-id-repeated": ("", _shared_actions),
    "declined-without-money": ("", _unpaid),
    "negative-earnings": ("", lambda api: any(row["earnings"] < 0 for row in all_conversions(api))),
    "money-forms": ("", lambda api: _types(all_conversions(api), "revenue") == {"int", "float", "str"}),
    "mixed-currencies": ("", lambda api: len({row["currency"] for row in all_conversions(api)}) == 5),
    "uniq-forms": ("", lambda api: _types(api.day(CLICKS), "uniq") == {"bool", "int", "str"}),
    "awkward-subs": ("", _subs),
    "placeholders": ("", lambda api: {row["os_version"] for row in api.day(CLICKS)} & PLACEHOLDERS == PLACEHOLDERS),
    "os-forms": ("", _systems),
    "status-forms": ("", lambda api: {row["status"] for row in all_conversions(api)} >= STATUS_FORMS),
    "daylight-saving": ("", lambda api: {offset_hours(row) for row in api.day(CLICKS)} == {1.0}),
    "click-horizon": ("", _old_clicks),
    "unknown-keys": ("", lambda api: all("x_new_metric" in row for row in api.day(CONVERSIONS))),
    "updated-at-missing": ("", lambda api: not any("updated_at" in row for row in api.day(CONVERSIONS))),
    "raw-export-bare": ("", lambda api: not any("offer" in row for row in api.day(CLICKS))),
    "ipv6": ("", lambda api: any(row["ip"].startswith("2001:db8:") for row in api.day(CLICKS))),
    "created-at-follows-timezone": ("", lambda api: {offset_hours(row) for row in api.day(CLICKS)} == {0.0}),
    "date-to-exclusive": ("", lambda api: api.day(CONVERSIONS) == []),
    "limit-honoured": ("", lambda api: api.json(PARTNERS, limit=5000)["pagination"]["per_page"] == 5000),
    "limit-refused": ("", lambda api: api.get(PARTNERS, limit=501).status_code == 400),
    "clicks-gone": ("", lambda api: api.get(CLICKS, date_from=DAY, date_to=DAY).status_code == 404),
    "page-beyond-end-404": ("", lambda api: api.get(PARTNERS, page=99).status_code == 404),
    "manager-key": ("", _fewer),
    "privacy-premoderated": ("", lambda api: "premoderated" in {offer["privacy"] for offer in api.offers()}),
    "offer-id-text": ("", lambda api: _types(api.day(CONVERSIONS), "offer_id") == {"str"}),
}
"""For every switch: the options that it is tried with, and the question."""


def question(name: str) -> tuple[str, Probe]:
    """The switch as it is written with its options, and the question."""
    options, probe = PROBES[name]
    return f"{name}:{options}" if options else name, probe
