"""Answer `stats/custom` and `stats/caps`, and take edits of conversions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from lakehouse_assets.affise.simulator.breakdown import Group, Sums, breakdown
from lakehouse_assets.affise.simulator.caps import Usage, usages
from lakehouse_assets.affise.simulator.conversions import UNIT
from lakehouse_assets.affise.simulator.endpoints import STATUS_NAMES
from lakehouse_assets.affise.simulator.query import Query, window
from lakehouse_assets.affise.simulator.refusals import NOT_FOUND, Refused
from lakehouse_assets.affise.simulator.selection import Wanted
from lakehouse_assets.affise.simulator.shapes.conversions import NUMBERS
from lakehouse_assets.affise.simulator.shapes.writing import Record
from lakehouse_assets.affise.simulator.tenant import Tenant

FILTER = "filter[{}]"
EDITABLE = ("revenue", "payouts")


def custom(tenant: Tenant, query: Query) -> Record:
    """Answer `stats/custom`: clicks and conversions by what the request slices by."""
    now, slices, zone = tenant.clock.now, query.all("slice"), query.zone(tenant.zone)
    today = now.astimezone(zone).date()
    is_exclusive = "date-to-exclusive" in tenant.switches.on
    start, end = window(query, zone, today, naming=FILTER, required=True, is_exclusive=is_exclusive)
    wanted = Wanted(
        start=start,
        end=end,
        offers=_numbers(query, "offer"),
        affiliates=_numbers(query, "partner") + _numbers(query, "affiliate"),
        advertisers=query.all(FILTER.format("advertiser")),
        countries=query.all(FILTER.format("country")),
        visible=tenant.visible(),
    )
    groups = tenant.kept(
        ("custom", query.slice_key(), start, end),
        lambda: list(breakdown(tenant.world, slices, wanted, zone, now).items()),
    )
    page = tenant.pager.page("/3.0/stats/custom", query, len(groups))
    titles = _titles(tenant)
    more = 1 if "custom-disagrees" in tenant.switches.on else 0
    shown = [groups[place] for place in page.positions.tolist()]
    rows = [_row(slices, titles, group, sums, more) for group, sums in shown]
    return {"status": 1, "stats": rows, "pagination": page.pagination}


def _numbers(query: Query, name: str) -> tuple[int, ...]:
    texts = query.all(FILTER.format(name))
    if not all(text.isdigit() for text in texts):
        raise Refused(400, f"filter {name} is a number")
    return tuple(map(int, texts))


def _titles(tenant: Tenant) -> dict[str, Callable[[Any], Any]]:
    """Return how the values of some slices are written: as objects with a title."""
    names = tenant.names()
    return {
        "offer": lambda key: names.offer[key],
        "affiliate": lambda key: {"id": key, "title": names.affiliate.get(key, {"title": "Undefined"})["title"]},
        "advertiser": lambda key: names.advertiser[key],
    }


def _row(
    slices: tuple[str, ...], titles: dict[str, Callable[[Any], Any]], group: Group, sums: Sums, more: int
) -> Record:
    """Write one group, with so many clicks more than there were."""
    values = zip(slices, group, strict=True)
    total = [sum(parts) for parts in zip(*sums.actions.values(), strict=True)]
    actions = {**sums.actions, "total": total} if sum(total[:1]) else {}
    return {
        "slice": {name: titles[name](value) if name in titles else value for name, value in values},
        "traffic": {"raw": str(sums.clicks + more), "uniq": str(sums.unique)},
        "actions": {name: _action(*parts) for name, parts in actions.items() if parts[0]} or [],
    }


def _action(count: int, revenue: int, payouts: int, free: int) -> Record:
    """Write what a status counts; what the advertiser pays is `charge` here, and `revenue` what affiliates get."""
    return {
        "revenue": _number(payouts), "charge": _number(revenue), "earning": _number(revenue - payouts),
        "null": free, "count": count,
    }  # fmt: skip


def _number(units: int) -> int | float:
    return units // UNIT if units % UNIT == 0 else float(Decimal(units) / UNIT)


def caps(tenant: Tenant, query: Query) -> Record:
    """Answer `stats/caps`: how far the caps of offers are used now."""
    now, wanted = tenant.clock.now, {int(text) for text in query.all("offer") if text.isdigit()}
    offers = [one for one in tenant.world.offers(now) if one.caps and (not wanted or one.offer_id in wanted)]
    page = tenant.pager.page("/3.0/stats/caps", query, len(offers))
    found = [offers[place] for place in page.positions.tolist()]
    rows = [
        {
            "id": one.offer_id,
            "offer_id": one.offer_hex,
            "stats": [_usage(place, usage) for place, usage in enumerate(usages(tenant.world, one, now))],
        }
        for one in found
    ]
    return {"status": 1, "caps": rows, "pagination": page.pagination}


def _usage(place: int, usage: Usage) -> Record:
    cap = usage.cap
    used, value = float(usage.used), float(cap.value)
    is_money = cap.kind == "budget"
    return {
        "id": place,
        "timeframe": cap.period,
        "type": cap.kind,
        "value": value if is_money else int(value),
        "current_value": used if is_money else int(used),
        "is_remaining": False,
        "reset_to_value": None,
        "goal_type": cap.goal_type,
        "goals": list(usage.goals),
        "goal_stats": dict.fromkeys(usage.goals, used) if cap.goal_type == "each" else [],
        "affiliate_type": cap.affiliate_type,
        "affiliates": list(usage.affiliates),
        "country_type": cap.country_type,
        "countries": list(usage.countries),
    }


def edit_conversion(tenant: Tenant, query: Query) -> Record:
    """Take an edit of conversions by id, which applies some minutes later, as edits do.

    No client of ours may call it; tests change the world with it.
    """
    ids = query.all("ids") or query.all("id")
    fields: dict[str, Any] = {name: query.one(name) for name in ("currency", "comment") if query.one(name)}
    status = STATUS_NAMES.get(query.one("status"), query.one("status"))
    if status:
        fields["status"] = status
    try:
        fields |= {name: Decimal(query.one(name)) for name in EDITABLE if query.one(name)}
        unknown = [one for one in ids if tenant.world.conversion(one) is None]
    except (InvalidOperation, ValueError) as error:
        raise Refused(400, "money and ids are not readable") from error
    if unknown or not ids:
        raise NOT_FOUND
    if status not in {"", *NUMBERS} or not fields:
        raise Refused(400, "nothing to edit")
    at = tenant.clock.now + timedelta(minutes=tenant.spec.edit_minutes)
    for one in ids:
        tenant.world.edit(one, at, **fields)
    return {"status": 1, "message": "Conversions&#039; edit will take a few minutes"}
