"""Conversions that change later: by themselves, and when somebody edits them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lakehouse_assets.affise.simulator.truth import Conversion
from lakehouse_assets_tests.affise.simulator.api import CONVERSIONS, DAY, Api, serving

EDIT = "/3.0/admin/conversion/edit"
STARTED = datetime(2026, 3, 2, tzinfo=UTC)


def edit(api: Api, **fields: object) -> int:
    """The HTTP status of an edit."""
    return api.session.post(api.simulator.url + EDIT, data=fields, timeout=30).status_code


def held(api: Api) -> Conversion:
    """A conversion that is on hold now and confirmed later, of an offer that holds for two weeks."""
    slow = {offer.offer_id for offer in api.world.offers(STARTED) if offer.hold_days == 14}
    return next(
        one
        for one in api.world.conversions(STARTED, api.clock.now)
        if one.at(api.clock.now).status == "hold" and one.versions[-1].status == "confirmed" and one.offer_id in slow
    )


def test_a_hold_is_confirmed_when_its_time_has_come() -> None:
    """It is on hold up to the last second, then confirmed, fourteen days after the creation."""
    with serving() as api:
        one = held(api)
        api.clock.set(one.created_at + timedelta(days=14, seconds=-1))
        before = api.by_id(one.conversion_id)
        api.clock.advance(seconds=1)
        after = api.by_id(one.conversion_id)["status"]
    assert (before["status"], after) == (5, 1)
    assert before["hold_date_expire"] == f"{(one.created_at + timedelta(days=14, hours=3)).replace(tzinfo=None)}"


def test_changes_are_found_by_their_date_whenever_the_conversion_was_created(plain: Api) -> None:
    """`update_from_date` alone lists what changed since, however old it is."""
    since = datetime(2026, 3, 14, tzinfo=UTC)
    rows = plain.rows(CONVERSIONS, update_from_date=DAY, timezone="UTC")
    every = list(plain.world.conversions(STARTED, plain.clock.now))
    changed = {one.conversion_id for one in every if one.at(plain.clock.now).at >= since}
    assert {row["id"] for row in rows} == changed
    assert any(int(row["id"][:8], 16) < since.timestamp() for row in rows)


def test_changes_are_found_by_their_hour(plain: Api) -> None:
    """With both days given, hours bound the changes; the last hour is whole."""
    asked = {"update_from_date": DAY, "update_from_hour": 9, "update_to_date": DAY, "update_to_hour": 10}
    rows = plain.rows(CONVERSIONS, timezone="UTC", **asked)
    hours = {row["updated_at"][11:13] for row in rows}  # written three hours ahead
    assert hours == {"12", "13"}


def test_changes_and_creation_can_be_asked_for_together(plain: Api) -> None:
    """With `date_from` too, only what was created then and changed then is listed."""
    rows = plain.rows(CONVERSIONS, date_from="2026-03-12", date_to="2026-03-12", update_from_date=DAY, timezone="UTC")
    assert rows
    assert {datetime.fromtimestamp(int(row["id"][:8], 16), UTC).day for row in rows} == {12}


def test_conversions_are_found_by_their_status_now(plain: Api) -> None:
    """A status is asked for by number or by name, in brackets or without; several are joined."""
    everything = plain.day(CONVERSIONS)
    wanted = {row["id"] for row in everything if row["status"] in {"declined", "pending"}}
    assert {row["id"] for row in plain.day(CONVERSIONS, status=["2", "3"])} == wanted
    assert {row["id"] for row in plain.day(CONVERSIONS, **{"status[0]": "pending", "status[1]": 3})} == wanted
    assert {row["status"] for row in plain.day(CONVERSIONS, status="3")} == {"declined"}


@pytest.mark.parametrize(
    ("parameter", "key"),
    [("offer", "offer_id"), ("partner", "partner_id"), ("country", "country"), ("advertiser", "supplier_id")],
)
def test_conversions_are_found_by_what_they_are_of(plain: Api, parameter: str, key: str) -> None:
    """Each filter leaves exactly the rows that have the value."""
    everything = plain.day(CONVERSIONS)
    value = everything[0][key]
    found = [row["id"] for row in plain.day(CONVERSIONS, **{parameter: [value]})]
    assert found == [row["id"] for row in everything if row[key] == value]


def test_an_edit_applies_some_minutes_later_and_is_found_as_a_change() -> None:
    """Status and payout change after five minutes; then the change is listed, and nothing drawn for later comes."""
    with serving() as api:
        name = held(api).conversion_id
        first = api.by_id(name)
        assert edit(api, **{"ids[]": name, "status": "declined", "payouts": "1.5"}) == 200
        api.clock.advance(minutes=4)
        assert api.by_id(name)["payouts"] == first["payouts"]
        api.clock.advance(minutes=1)
        changed = {row["id"]: row for row in api.rows(CONVERSIONS, update_from_date="2026-03-16", timezone="UTC")}
        assert (changed[name]["status"], changed[name]["payouts"]) == ("declined", 1.5)
        api.clock.advance(days=60)
        assert api.by_id(name)["status"] == 3
        assert [version.status for version in api.world.conversion(name).versions] == ["hold", "declined"]  # type: ignore[union-attr]


def test_an_edit_of_an_old_conversion_is_found_as_a_change() -> None:
    """A conversion of 90 days ago that is edited today is in today's changes."""
    with serving(days=100) as api:
        old = next(iter(api.world.conversions(datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC))))
        edit(api, id=old.conversion_id, payouts="0.0285")
        api.clock.advance(minutes=5)
        rows = api.rows(CONVERSIONS, update_from_date=f"{api.clock.now.date()}", timezone="UTC")
        assert old.conversion_id in {row["id"] for row in rows}
        version = api.world.conversion(old.conversion_id).at(api.clock.now)  # type: ignore[union-attr]
    assert version.payouts == Decimal("0.0285")


def test_an_edit_that_means_nothing_is_refused() -> None:
    """No id, an unknown one, no field and a status that there is not are refused."""
    with serving() as api:
        name = held(api).conversion_id
        asked: list[dict[str, object]] = [
            {"status": 1}, {"id": "0" * 24, "status": 1}, {"id": name}, {"id": name, "status": "great"},
            {"id": name, "payouts": "much"},
        ]  # fmt: skip
        assert [edit(api, **fields) for fields in asked] == [404, 404, 400, 400, 400]
