"""Answer the methods of the API that lists dimensions and facts, as payloads; what HTTP adds is in `server`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lakehouse_assets.affise.simulator import selection, vocabulary
from lakehouse_assets.affise.simulator.paging import REFERENCE_LIMIT, Page
from lakehouse_assets.affise.simulator.query import LAST_HOUR, Query, window
from lakehouse_assets.affise.simulator.refusals import NOT_FOUND, Refused
from lakehouse_assets.affise.simulator.selection import Wanted
from lakehouse_assets.affise.simulator.shapes import clicks, conversions, offers, people
from lakehouse_assets.affise.simulator.shapes.conversions import NUMBERS
from lakehouse_assets.affise.simulator.shapes.writing import Record
from lakehouse_assets.affise.simulator.tenant import Tenant
from lakehouse_assets.affise.simulator.truth import Conversion
from lakehouse_assets.affise.simulator.zones import midnight

Endpoint = Callable[[Tenant, Query], Record]
STATUS_NAMES = {str(number): name for name, number in NUMBERS.items()}
MISSING_RATE = "EUR"
"""The currency whose rate is not told where one is missing."""
ALL_COUNTRIES = [{"code": code, "name": name} for code, name in vocabulary.COUNTRIES]


def list_offers(tenant: Tenant, query: Query) -> Record:
    """Answer `offers`: only active ones unless others are asked for."""
    wanted, changed = query.all("status") or ("active",), query.one("updated_at")
    ids = {int(text) for text in query.all("int_id") if text.isdigit()}
    advertisers, style = query.all("advertiser"), tenant.style(tenant.zone)
    found = [
        one
        for one in tenant.world.offers(tenant.clock.now)
        if one.status in wanted
        and (not ids or one.offer_id in ids)
        and (not advertisers or one.advertiser_id in advertisers)
        and style.time(one.updated_at) >= changed
    ]
    page = tenant.pager.page("/3.0/offers", query, len(found))
    return _listed("offers", [offers.offer(style, one) for one in _rows(tenant, found, page)], page)


def list_affiliates(tenant: Tenant, query: Query) -> Record:
    """Answer `admin/partners`."""
    now, changed, visible = tenant.clock.now, query.one("updated_at"), tenant.visible()
    ids, style = {int(text) for text in query.all("id") if text.isdigit()}, tenant.style(tenant.zone)
    found = [
        one
        for one in tenant.world.affiliates(now)
        if (not ids or one.affiliate_id in ids)
        and (visible is None or one.affiliate_id in visible)
        and style.time(one.updated_at) >= changed
    ]
    page = tenant.pager.page("/3.0/admin/partners", query, len(found))
    managers, with_balance = tenant.world.managers(now), query.one("with_balance") == "1"
    rows = [people.affiliate(style, one, managers, with_balance=with_balance) for one in _rows(tenant, found, page)]
    return _listed("partners", rows, page)


def list_advertisers(tenant: Tenant, query: Query) -> Record:
    """Answer `admin/advertisers`."""
    now, changed, style = tenant.clock.now, query.one("updated_at"), tenant.style(tenant.zone)
    found = [one for one in tenant.world.advertisers(now) if style.time(one.updated_at) >= changed]
    page = tenant.pager.page("/3.0/admin/advertisers", query, len(found))
    managers = tenant.world.managers(now)
    return _listed("advertisers", [people.advertiser(style, one, managers) for one in _rows(tenant, found, page)], page)


def list_clicks(tenant: Tenant, query: Query) -> Record:
    """Answer `stats/clicks`, which reaches seven days back."""
    if "clicks-gone" in tenant.switches.on:
        raise NOT_FOUND
    zone = query.zone(tenant.zone)
    start, end = window(query, zone, _today(tenant, zone), required=True, is_exclusive=_is_exclusive(tenant))
    wanted = _wanted(tenant, query, start, end, advertisers="advertisers")
    key, now = ("clicks", query.slice_key(), start, end), tenant.clock.now
    rows = tenant.kept(key, lambda: selection.clicks(tenant.world, wanted, now))
    page = tenant.pager.page("/3.0/stats/clicks", query, len(rows))
    style, names = tenant.style(zone), tenant.names()
    found, bare = tenant.world.clicks_of(rows.take(page.positions)), _is_bare(tenant, query)
    shown = [clicks.click(style, one, names, now=now, is_bare=bare) for one in found]
    return {"statusCode": 200, **_listed("clicks", shown, page)}


def list_conversions(tenant: Tenant, query: Query) -> Record:
    """Answer `stats/conversions`: those that were created in days, that were changed in days, or both."""
    zone = query.zone(tenant.zone)
    updated = _updated(tenant, query, zone)
    start, end = window(query, zone, _today(tenant, zone), is_exclusive=_is_exclusive(tenant))
    open_start = updated is not None and not query.one("date_from")
    wanted = _wanted(tenant, query, None if open_start else start, end, advertisers="advertiser", updated=updated)
    key, now = ("conversions", query.slice_key(), start, end), tenant.clock.now
    seeds = tenant.kept(key, lambda: selection.conversions(tenant.world, wanted, now))
    page = tenant.pager.page("/3.0/stats/conversions", query, len(seeds))
    style, names = tenant.style(zone), tenant.names()
    found = tenant.world.conversions_of(seeds.take(page.positions))
    bare = _is_bare(tenant, query)
    shown = [conversions.conversion(style, one, one.at(now), names, is_bare=bare) for one in found]
    return {"statusCode": 200, **_listed("conversions", shown, page)}


def conversion_by_id(tenant: Tenant, query: Query) -> Record:
    """Answer `stats/conversionsbyid`: one conversion, in a shape of its own."""
    found, now = _found(tenant, query.one("id")), tenant.clock.now
    style = tenant.style(query.zone(tenant.zone))
    shown = conversions.conversion_by_id(style, found, found.at(now), tenant.names())
    return {"conversions": [shown], "pagination": {"page": 1, "per_page": 100, "total_count": 1}, "status": 1}


def _found(tenant: Tenant, conversion_id: str) -> Conversion:
    try:
        found = tenant.world.conversion(conversion_id)
    except ValueError as error:
        raise Refused(400, "id is no id") from error
    if found is None or found.created_at >= tenant.clock.now:
        raise NOT_FOUND
    return found


def list_countries(tenant: Tenant, query: Query) -> Record:
    """Answer `countries`, a list that is never cut."""
    del tenant, query
    pagination = {"page": 1, "per_page": REFERENCE_LIMIT, "total_count": len(ALL_COUNTRIES)}
    return {"status": 1, "countries": ALL_COUNTRIES, "pagination": pagination}


def list_currencies(tenant: Tenant, query: Query) -> Record:
    """Answer `admin/currency`: what a US dollar buys now, as an object or, if `extended`, as a list."""
    rates = {code: float(rate) for code, rate in tenant.world.rates(tenant.clock.now).items()}
    if "rate-missing" in tenant.switches.on:
        del rates[MISSING_RATE]
    if query.one("extended") != "1":
        return {"status": 1, "quotes": rates}
    return {"status": 1, "quotes": [{"code": code, "rate": rate} for code, rate in rates.items()]}


def own_user(tenant: Tenant, query: Query) -> Record:
    """Answer `user/me`, with which a key is tried."""
    del query
    kind = "affiliate_manager" if "manager-key" in tenant.switches.on else "common_manager"
    return {"status": 1, "user": {"id": "0" * 24, "email": f"{vocabulary.CANARY}.me@example.com", "type": kind}}


def _rows(tenant: Tenant, found: Sequence[Any], page: Page) -> list[Any]:
    """Return the things of a page of dimensions; where a thing is listed twice, it is the first, and at the end."""
    rows = [found[place] for place in page.positions.tolist()]
    is_last = not page.pagination.get("next_page")
    return [*rows, *found[:1]] if is_last and "dimension-listed-twice" in tenant.switches.on else rows


def _listed(resource: str, rows: list[Record], page: Page) -> Record:
    return {"status": 1, resource: rows, "pagination": page.pagination}


def _today(tenant: Tenant, zone: ZoneInfo) -> date:
    return tenant.clock.now.astimezone(zone).date()


def _is_exclusive(tenant: Tenant) -> bool:
    return "date-to-exclusive" in tenant.switches.on


def _is_bare(tenant: Tenant, query: Query) -> bool:
    return query.one("raw_export") == "1" or "raw-export-bare" in tenant.switches.on


def _wanted(
    tenant: Tenant,
    query: Query,
    start: int | None,
    end: int,
    *,
    advertisers: str,
    updated: tuple[int, int] | None = None,
) -> Wanted:
    """Read the filters of a list of facts.

    Raises:
        Refused: one cannot be read.
    """
    statuses = tuple(STATUS_NAMES.get(text, text) for text in query.all("status"))
    if not set(statuses) <= set(NUMBERS):
        raise Refused(400, "status is not known")
    try:
        return Wanted(
            start=start,
            end=end,
            offers=tuple(int(text) for text in query.all("offer")),
            affiliates=tuple(int(text) for text in query.all("partner")),
            advertisers=query.all(advertisers),
            countries=query.all("country"),
            statuses=statuses,
            updated=updated,
            visible=tenant.visible(),
        )
    except ValueError as error:
        raise Refused(400, "offer and partner are numbers") from error


def _updated(tenant: Tenant, query: Query, zone: ZoneInfo) -> tuple[int, int] | None:
    """Return the seconds between which a change is asked for; hours count only where both days are given."""
    if not query.one("update_from_date"):
        return None
    today = _today(tenant, zone)
    first, last = query.day("update_from_date"), query.day("update_to_date", today)
    has_hours = bool(query.one("update_to_date"))
    from_hour = query.number("update_from_hour", 0) if has_hours else 0
    to_hour = query.number("update_to_hour", LAST_HOUR) if has_hours else LAST_HOUR
    is_whole_day = to_hour >= LAST_HOUR  # which has 23 or 25 hours where clocks change
    end = midnight(last + timedelta(days=1), zone) if is_whole_day else midnight(last, zone) + (to_hour + 1) * 3600
    return midnight(first, zone) + from_hour * 3600, end
