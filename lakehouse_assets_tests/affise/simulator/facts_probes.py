"""Questions to the API about dirty facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lakehouse_assets_tests.affise.simulator.api import (
    CLICKS,
    CONVERSIONS,
    PARTNERS,
    Api,
    Row,
    all_conversions,
)

SPREAD = timedelta(days=7)
PLACEHOLDERS = {"Undefined", "Unknown", "-"}
STATUS_FORMS = {"confirmed", 1, "not_found", 4, "on_review", 9}


def naive(text: str) -> datetime:
    """A time without zone, as if it were UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def offset_hours(row: Row) -> float:
    """How far a record's time is from the one in its id."""
    return (naive(row["created_at"]) - datetime.fromtimestamp(int(row["id"][:8], 16), UTC)) / timedelta(hours=1)


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


def _held_long(api: Api) -> object:
    """Whether holds end on day 30 that are not of an offer which holds so long anyway."""
    start, end = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC)
    held = [one for one in api.world.conversions(start, end) if one.versions[0].status == "hold"]
    days = {(one.versions[-1].at - one.created_at) // timedelta(days=1) for one in held if one.offer_id % 4 != 1}
    return 30 in days


PROBES: dict[str, tuple[str, Callable[[Api], object]]] = {
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
    "unknown-keys": ("", lambda api: all("x_new_metric" in row for row in api.day(CONVERSIONS))),
    "updated-at-missing": ("", lambda api: not any("updated_at" in row for row in api.day(CONVERSIONS))),
    "raw-export-bare": ("", lambda api: not any("offer" in row for row in api.day(CLICKS))),
    "ipv6": ("", lambda api: any(row["ip"].startswith("2001:db8:") for row in api.day(CLICKS))),
    "created-at-follows-timezone": ("", lambda api: {offset_hours(row) for row in api.day(CLICKS)} == {0.0}),
    "offset-not-constant": ("", lambda api: {offset_hours(row) for row in api.day(CLICKS)} == {0.0, 3.0}),
    "offer-id-text": ("", lambda api: _types(api.day(CONVERSIONS), "offer_id") == {"str"}),
}
"""For every switch: the options that it is tried with, and the question."""
