"""Name the endpoints that are pulled: path, where their records are, what identifies a record, fixed parameters.

All are read by GET. What may be asked for a slice of time is in `slices.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Params = tuple[tuple[str, str], ...]
Kind = Literal["facts", "changes", "totals", "list"]

LIMIT = 500
"""How many records a page is asked to have, the documented maximum; what a page really has is `pagination.per_page`."""


@dataclass(frozen=True)
class Endpoint:
    """Describe one endpoint.

    Attributes:
        name: of its folder in bronze.
        path: below the base URL.
        records: name of the member that holds the records: a list, or an object whose members become records.
        identity: names of members that together identify a record; the first of them that a record has.
        kind: facts of a span of time, changes of facts in it, totals of it, or a whole list.
        params: sent with every request.
        is_paged: whether it has pages, and with them a count.
        has_status: whether its answers say `status: 1` when they are good.
        has_times: whether a record's id embeds the time of its `created_at`.
        marks_gone: whether what is gone from the list goes on as a record that says so.
    """

    name: str
    path: str
    records: str
    identity: tuple[str, ...]
    kind: Kind
    params: Params = ()
    is_paged: bool = True
    has_status: bool = True
    has_times: bool = False
    marks_gone: bool = False


ALL_STATUSES: Params = (("status[]", "active"), ("status[]", "stopped"), ("status[]", "suspended"))
"""Offers that are not active are answered only on request."""
TOTALS: Params = (("slice[]", "day"), ("slice[]", "hour"))
CLICK_GRAIN: Params = tuple(
    ("slice[]", name)
    for name in ("day", "hour", "affiliate", "advertiser", "offer", "country", "sub5", "sub6", "os", "os_version")
)
"""Holds the grain of the report, by hours of UTC, of which an account's days are made; without `stats/clicks`."""

CONVERSIONS = Endpoint(
    "conversions", "/3.0/stats/conversions", "conversions", ("id", "conversion_id"), "facts", has_times=True
)
CHANGES = Endpoint(
    "changes", "/3.0/stats/conversions", "conversions", ("id", "conversion_id"), "changes", has_times=True
)
"""Holds conversions by when they changed, not by when they were made."""
CLICKS = Endpoint("clicks", "/3.0/stats/clicks", "clicks", ("id", "click_id"), "facts", has_times=True)
CUSTOM_CLICKS = Endpoint("custom_clicks", "/3.0/stats/custom", "stats", ("slice",), "totals", CLICK_GRAIN)
CUSTOM_TOTALS = Endpoint("custom_totals", "/3.0/stats/custom", "stats", ("slice",), "totals", TOTALS)
OFFERS = Endpoint("offers", "/3.0/offers", "offers", ("id",), "list", ALL_STATUSES, marks_gone=True)
PARTNERS = Endpoint("partners", "/3.0/admin/partners", "partners", ("id",), "list")
ADVERTISERS = Endpoint("advertisers", "/3.0/admin/advertisers", "advertisers", ("id",), "list")
CURRENCIES = Endpoint("currencies", "/3.0/admin/currency", "quotes", ("name", "code"), "list", is_paged=False)
COUNTRIES = Endpoint("countries", "/3.1/countries", "countries", ("code",), "list", is_paged=False, has_status=False)

DIMENSIONS = (OFFERS, PARTNERS, ADVERTISERS, CURRENCIES)
ENDPOINTS = {
    one.name: one for one in (CONVERSIONS, CHANGES, CLICKS, CUSTOM_CLICKS, CUSTOM_TOTALS, *DIMENSIONS, COUNTRIES)
}
"""Holds all endpoints by name."""


def click_source(setting: Literal["clicks", "custom"]) -> Endpoint:
    """Return where clicks are from: one by one, or, where the account has no such endpoint, counted at the grain."""
    return CLICKS if setting == "clicks" else CUSTOM_CLICKS
