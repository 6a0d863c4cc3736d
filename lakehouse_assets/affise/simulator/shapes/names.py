"""Write what a fact says of its offer, affiliate, advertiser and visitor, the same way in clicks and conversions.

What it says of them is what they are called now; a thousand records share these objects, which `Names` makes once.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse_assets.affise.simulator.shapes.writing import Record, Style, by_id
from lakehouse_assets.affise.simulator.truth import Advertiser, Affiliate, Manager, Offer, Visitor

SUBS = tuple(f"sub{n}" for n in range(1, 9))


class Names:
    """Hold the objects that records of facts carry of what they refer to.

    Args:
        offers: all offers as they are now, with those that were deleted.
        affiliates: all affiliates as they are now.
        advertisers: all advertisers as they are now.
        managers: by id.
    """

    def __init__(
        self,
        offers: list[Offer],
        affiliates: list[Affiliate],
        advertisers: list[Advertiser],
        managers: Mapping[str, Manager],
    ) -> None:
        self._offers = by_id(offers, "offer_id")
        self._advertisers = by_id(advertisers, "advertiser_id")
        self.offer = {one.offer_id: _offer(one) for one in offers}
        self.affiliate = {one.affiliate_id: _affiliate(one, managers) for one in affiliates}
        self.advertiser = {one.advertiser_id: {"id": one.advertiser_id, "title": one.title} for one in advertisers}

    def manager_of(self, offer_id: int) -> str:
        """Return the id of the manager of an offer's advertiser, or an empty text."""
        return self._advertisers[self._offers[offer_id].advertiser_id].manager_id or ""


def _offer(one: Offer) -> Record:
    external = f"ext-{one.offer_id}" if one.offer_id % 50 == 0 else False
    url = f"https://advertiser.example.com/{one.offer_id}"
    return {"id": one.offer_id, "offer_id": one.offer_hex, "title": one.title, "url": url, "external_id": external}


def _affiliate(one: Affiliate, managers: Mapping[str, Manager]) -> Record:
    known = managers.get(one.manager_id or "")
    title = "" if known is None else f"{known.first_name} {known.last_name}".strip()
    manager = None if known is None else {"id": known.manager_id, "title": title, "first_name": "", "last_name": ""}
    return {
        "id": one.affiliate_id, "title": one.name or one.login, "email": one.email, "login": "", "name": "",
        "manager": manager, "manager_id": one.manager_id or "",
    }  # fmt: skip


def subs(style: Style, visitor: Visitor, variant: int) -> Record:
    """Write the eight sub values; an empty one is null at times where they are awkward."""
    empty = None if "awkward-subs" in style.on and variant % 4 == 0 else ""
    return {name: text or empty for name, text in zip(SUBS, visitor.subs, strict=True)}


def affiliate_id(style: Style, one: int) -> Record:
    """Write the id of an affiliate, as a number or as text."""
    return {"partner_id": str(one) if "offer-id-text" in style.on else one}
