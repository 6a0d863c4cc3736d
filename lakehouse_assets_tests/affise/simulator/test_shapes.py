"""Envelopes and records as the API is known to write them, type by type."""

from __future__ import annotations

from decimal import Decimal

from lakehouse_assets_tests.affise.simulator.api import (
    ADVERTISERS,
    CLICKS,
    CONVERSIONS,
    DAY,
    OFFERS,
    PARTNERS,
    Api,
    Row,
    all_conversions,
    serving,
)


def types(rows: list[Row], name: str) -> set[str]:
    """The types that a key has over all records."""
    return {type(row[name]).__name__ for row in rows}


def test_a_list_is_an_object_with_a_status_and_its_resource(plain: Api) -> None:
    """`status` is the number 1; lists of facts say `statusCode` too."""
    resources = {OFFERS: "offers", PARTNERS: "partners", ADVERTISERS: "advertisers"}
    for path, resource in resources.items():
        assert set(plain.json(path)) == {"status", resource, "pagination"}
    for path, resource in {CLICKS: "clicks", CONVERSIONS: "conversions"}.items():
        body = plain.json(path, date_from=DAY, date_to=DAY)
        assert set(body) == {"status", "statusCode", resource, "pagination"}
        assert (body["status"], body["statusCode"]) == (1, 200)


def test_conversions_have_the_observed_keys_and_four_newer_ones(plain: Api) -> None:
    """57 keys were seen in the older shape; every record has the same."""
    newer = {"updated_at", "decline_reason", "fraud_risk_level", "fraud_type"}
    (keys,) = {frozenset(row) for row in all_conversions(plain)}
    assert len(keys - newer) == 57
    assert newer <= keys


def test_clicks_have_the_observed_keys(plain: Api) -> None:
    """52 keys, and among them neither the offer's id by itself nor any of the advertiser."""
    (keys,) = {frozenset(row) for row in plain.day(CLICKS)}
    assert len(keys) == 52
    assert not keys & {"offer_id", "supplier_id", "advertiser", "advertiser_id"}


def test_an_offer_has_a_number_and_a_hex_id(plain: Api) -> None:
    """Facts name it by its number at the top, and by both in the nested object."""
    hexes = {offer["id"]: offer["offer_id"] for offer in plain.offers()}
    for row in plain.day(CONVERSIONS):
        assert row["offer"]["id"] == row["offer_id"]
        assert row["offer"]["offer_id"] == hexes[row["offer_id"]]
    assert all(len(name) == 24 and int(name, 16) for name in hexes.values())


def test_names_in_conversions_are_where_they_were_seen(plain: Api) -> None:
    """The partner's login and name are empty there, and the manager's name is in `title` alone."""
    for row in plain.day(CONVERSIONS):
        partner = row["partner"]
        assert (partner["login"], partner["name"], partner["manager"]["first_name"]) == ("", "", "")
        assert partner["manager"]["title"]


def test_money_is_an_int_where_it_is_whole_and_a_float_where_not(plain: Api) -> None:
    """Earnings are revenue less payouts; `sum` is nothing for fixed deals and the revenue for percentages."""
    rows = all_conversions(plain)
    assert types(rows, "revenue") == {"int", "float"}
    for row in rows:
        revenue, payouts, earnings, reported = (
            Decimal(str(row[name])) for name in ("revenue", "payouts", "earnings", "sum")
        )
        assert earnings == revenue - payouts
        assert reported == (revenue if row["payment_type"] == "percent" else 0)
    assert any(-Decimal(str(row["payouts"])).as_tuple().exponent == 8 for row in rows)  # type: ignore[operator]


def test_systems_are_fused_in_conversions_and_apart_in_clicks(plain: Api) -> None:
    """A click's system and version are a conversion's `os`; so are browsers."""
    clicks = {(row["os"], row["os_version"]) for row in plain.day(CLICKS)}
    assert {" ".join(parts).strip() for parts in clicks} >= {row["os"] for row in plain.day(CONVERSIONS)}
    assert ("macOS", "10.14.6") in clicks
    assert {"Android 10.0", "Linux", "Windows 10"} <= {row["os"] for row in all_conversions(plain)}


def test_states_of_payment_belong_to_the_status(plain: Api) -> None:
    """What is decided is opened and "1", what is not is pending and "3"; only holds say when they end."""
    for row in all_conversions(plain):
        decided = row["status"] in {"confirmed", "declined"}
        assert (row["payment_status"], row["is_paid"]) == (("opened", "1") if decided else ("pending", "3"))
        assert (row["hold_date_expire"] is not None) == (row["status"] == "hold")
        assert bool(row["decline_reason"]) == (row["status"] == "declined")


def test_a_conversion_by_its_id_has_another_shape(plain: Api) -> None:
    """Its status is a number, some keys come twice, and null stands for what is empty in the list."""
    listed = next(row for row in plain.day(CONVERSIONS) if row["status"] == "confirmed")
    one = plain.by_id(listed["id"])
    assert (one["status"], one["createdAt"], one["updatedAt"]) == (1, listed["created_at"], listed["updated_at"])
    assert (one["charge"], one["earning"]) == (listed["revenue"], listed["earnings"])
    assert one["click_id"] == listed["clickid"]
    assert (listed["sub1"], one["sub1"], one["custom_field_1"], one["landing_id"]) == ("", None, None, None)
    assert plain.get("/3.0/stats/conversionsbyid", id="0" * 24).status_code == 404


def test_a_raw_export_has_no_nested_objects(plain: Api) -> None:
    """With `raw_export=1` the ids alone say what a fact is of."""
    for path, nested in ((CONVERSIONS, ("offer", "partner", "advertiser")), (CLICKS, ("offer", "partner"))):
        (keys,) = {frozenset(row) for row in plain.day(path, raw_export=1)}
        assert keys.isdisjoint(nested)
        assert {"offer_id", "partner_id"} <= keys


def test_offers_are_active_unless_others_are_asked_for(plain: Api) -> None:
    """Three statuses have to be named to see all."""
    everything = plain.offers()
    assert {offer["status"] for offer in plain.rows(OFFERS)} == {"active"}
    assert {offer["status"] for offer in everything} == {"active", "stopped", "suspended"}
    assert len(everything) == 24


def test_flags_of_offers_have_mixed_types(plain: Api) -> None:
    """One key may be a number here and a boolean there, or null."""
    offers = plain.offers()
    assert types(offers, "allow_deeplink") == {"int", "bool"}
    assert types(offers, "strictly_country") == {"int", "NoneType"}
    assert types(offers, "cr") == {"int", "float"}
    assert {payment["currency"] for offer in offers for payment in offer["payments"]} == {"usd"}


def test_caps_have_neither_ids_nor_times(plain: Api) -> None:
    """A cap's country is there where it is exact, and its budget is a float."""
    caps = [cap for offer in plain.offers() for cap in offer["caps"]]
    assert not any({"id", "created_at", "updated_at"} & set(cap) for cap in caps)
    assert all(("country" in cap) == (cap["country_type"] == "exact") for cap in caps)
    assert {type(cap["value"]).__name__ for cap in caps if cap["type"] == "budget"} == {"float"}


def test_people_carry_secrets_and_numbers_as_text(plain: Api) -> None:
    """Partners and their managers have keys; `ref` is a text or null; balances come only when asked for."""
    partners = plain.rows(PARTNERS)
    assert types(partners, "ref") == {"str", "NoneType"}
    assert all(row["api_key"] and row["manager"]["api_key"] for row in partners)
    assert all(row["balance"] == {} for row in partners)
    assert all(set(row["balance"]) == {"USD"} for row in plain.rows(PARTNERS, with_balance=1))
    assert types(plain.rows(ADVERTISERS), "offers") == {"str", "int"}


def test_lists_of_reference_are_never_cut(plain: Api) -> None:
    """Countries say that a page has two billion rows."""
    body = plain.json("/3.1/countries")
    assert body["pagination"]["per_page"] == 2147483647
    assert {"code": "DE", "name": "Germany"} in body["countries"]


def test_currencies_have_two_shapes(plain: Api) -> None:
    """An object by code, and with `extended=1` a list, of how much a US dollar buys now."""
    quotes = plain.json("/3.0/admin/currency")["quotes"]
    listed = plain.json("/3.0/admin/currency", extended=1)["quotes"]
    assert {one["code"]: one["rate"] for one in listed} == quotes
    assert {code: Decimal(str(rate)) for code, rate in quotes.items()} == plain.world.rates(plain.clock.now)


def test_a_key_can_be_tried(plain: Api) -> None:
    """`user/me` says whose key it is; a manager's key has other rights."""
    assert plain.json("/3.1/user/me")["user"]["type"] == "common_manager"
    with serving("manager-key") as api:
        assert api.json("/3.1/user/me")["user"]["type"] == "affiliate_manager"


def test_dimensions_can_be_asked_for_by_their_change(plain: Api) -> None:
    """`updated_at` leaves what changed since that day."""
    changed = plain.rows(ADVERTISERS, updated_at="2026-03-01")
    assert [row["title"] for row in changed] == ["Globex Sample 1 Group 1"]
    assert [offer["title"] for offer in plain.rows(OFFERS, updated_at="2026-03-01")] == ["Puzzle Quest 0 II"]
