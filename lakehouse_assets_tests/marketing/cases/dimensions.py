"""What three runs make of dirty dimensions: one function per switch, whose docstring is the page's sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from lakehouse_assets.affise.simulator.truth import Offer
from lakehouse_assets_tests.marketing.cases.dirty import BORN, SECOND, THIRD, Seen, begin
from lakehouse_assets_tests.oracle.sub5 import affiliate_name, manager_name

FIRST_OFFER, FIRST_AFFILIATE = 934, 601
EMPTY = date(2026, 3, 5)
"""The first empty day, in UTC; the account's day begins an hour before."""


def _offers(seen: Seen) -> dict[int, Offer]:
    return {one.offer_id: one for one in seen.world.all_offers(SECOND)}


def empty_window(seen: Seen) -> None:
    """The day's slices are complete with no record; gold has only the account's hour that belongs to the day before."""
    slices = sorted(seen.lake.root.rglob(f"bronze/affise/clicks/{EMPTY}/**/*.manifest.json"))
    truth = list(seen.world.clicks(begin(EMPTY), datetime(2026, 3, 5, tzinfo=UTC)))
    assert len(slices) == 7
    assert list(seen.world.clicks(datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC))) == []
    assert sum(row["click_count"] for row in seen.gold if row["datestamp"] == EMPTY) == len(truth) > 0


def offer_caps_missing(seen: Seen) -> None:
    """An offer without caps is the same in all three forms: it is in silver and in gold, and has no row of caps."""
    capless = {number for number, one in _offers(seen).items() if not one.caps}
    found = seen.rows("SELECT DISTINCT offer_id FROM marketing_lakehouse.offer_caps")
    assert {row["offer_id"] for row in found} == set(_offers(seen)) - capless
    assert {number % 3 for number in capless} == {0, 1, 2}
    assert {row["offer_title"] for row in seen.gold if row["offer_id"] in capless} - {None}


def cap_goals_forms(seen: Seen) -> None:
    """Caps of all goals have no row of goals in either form; those that name one have it, with its title."""
    found = seen.rows("SELECT DISTINCT offer_id, goal, title FROM marketing_lakehouse.offer_cap_goals")
    truth = {(number, *goal) for number, one in _offers(seen).items() for cap in one.caps for goal in cap.goals}
    assert {tuple(row.values()) for row in found} == truth
    assert truth


def cap_country_forms(seen: Seen) -> None:
    """A text counts as a list of one, absent and null as none; codes are in capitals."""
    found = seen.rows("SELECT DISTINCT offer_id, country FROM marketing_lakehouse.offer_cap_countries")
    truth = {(number, code) for number, one in _offers(seen).items() for cap in one.caps for code in cap.countries}
    assert {tuple(row.values()) for row in found} == truth
    assert truth


def identical_caps(seen: Seen) -> None:
    """Both are kept, under one key with the ordinals 1 and 2."""
    found = seen.rows(
        "SELECT offer_id, count(*) AS caps, max(ordinal) AS last FROM marketing_lakehouse.offer_caps "
        "WHERE snapshot_date = DATE '2026-03-12' GROUP BY offer_id"
    )
    doubled = {number for number, one in _offers(seen).items() if len(set(one.caps)) < len(one.caps)}
    here = {one.offer_id for one in seen.world.offers(SECOND)}
    assert {row["offer_id"] for row in found if row["last"] == 2} == doubled & here
    assert {row["offer_id"]: row["caps"] for row in found} == {
        number: len(one.caps) for number, one in _offers(seen).items() if one.caps and number in here
    }


def several_landings(seen: Seen) -> None:
    """All are kept with their kinds, also those whose ids need 64 bits."""
    found = seen.rows("SELECT offer_id, landing_id, type FROM marketing_lakehouse.offer_landings")
    truth = {
        (number, landing.landing_id, landing.kind) for number, one in _offers(seen).items() for landing in one.landings
    }
    assert {tuple(row.values()) for row in found} == truth
    assert max(row["landing_id"] for row in found) > 2**40


def manager_null(seen: Seen) -> None:
    """The report has NULL for a manager who is not there."""
    without = {one.affiliate_id for one in seen.world.affiliates(SECOND) if one.manager_id is None}
    rows = [row for row in seen.gold if row["affiliate_id"] in without and row["datestamp"] < SECOND.date()]
    assert rows
    assert {row["affiliate_manager"] for row in rows} == {None}


def advertiser_manager_as_name(seen: Seen) -> None:
    """The manager's name is read from the object beside it, so the report shows it as ever."""
    managers = seen.world.managers(SECOND)
    expected = {
        one.advertiser_id: manager_name(managers[one.manager_id].first_name, managers[one.manager_id].last_name)
        for one in seen.world.advertisers(SECOND)
        if one.manager_id is not None
    }
    shown = {row["advertiser_id"]: row["account_manager"] for row in seen.gold if row["advertiser_id"] in expected}
    assert shown == expected


def login_empty(seen: Seen) -> None:
    """The report calls an affiliate by its login, else by its name, else by its number."""
    expected = {one.affiliate_id: affiliate_name(one) for one in seen.world.affiliates(SECOND)}
    shown = {row["affiliate_id"]: row["affiliate_name"] for row in seen.gold if row["affiliate_id"] in expected}
    assert shown.items() <= expected.items()
    assert {"media-0", "Media House 4", f"affiliate {FIRST_AFFILIATE + 1}"} <= set(shown.values())


def zero_updated_at(seen: Seen) -> None:
    """It is no moment, and so NULL, without a warning; which version holds is told by the pull."""
    for table in ("affiliates", "advertisers"):
        found = seen.rows(f"SELECT DISTINCT updated_at FROM marketing_lakehouse.{table}")
        assert found == [{"updated_at": None}]
        assert not any(report.tables[table].warnings for report in seen.reports)


def custom_fields_forms(seen: Seen) -> None:
    """What people wrote into fields of their own is taken out in bronze, whatever its form; no affiliate is lost."""
    fields = [field for record in seen.pages("partners") for field in record["customFields"]]
    assert {str(field["value"]) for field in fields} <= {"[redacted]", "[]"}
    assert {row["affiliate_id"] for row in seen.rows("SELECT affiliate_id FROM marketing_lakehouse.affiliates")} == {
        one.affiliate_id for one in seen.world.affiliates(SECOND)
    }


def lower_case_codes(seen: Seen) -> None:
    """Codes of countries and currencies are in capitals in silver."""
    countries = seen.rows("SELECT DISTINCT country FROM marketing_lakehouse.affiliates")
    currencies = seen.rows("SELECT DISTINCT currency FROM marketing_lakehouse.offer_payments")
    assert {row["country"] for row in countries} == {one.country for one in seen.world.affiliates(SECOND)}
    assert {row["currency"] for row in currencies} == {"USD", "EUR", "GBP", "BRL", "JPY"}


def awkward_text(seen: Seen) -> None:
    """The report has titles letter by letter as they were typed; the CSV makes formulas harmless."""
    shown = {row["offer_title"] for row in seen.gold}
    assert {
        'Win "big", <b>today</b> 0', "Fish &amp; Chips &#039;deal&#039; 1", "Two\nlines, one offer 2",
        "Games 🎮 für Köln 3", "=1+1 4",
    } <= shown  # fmt: skip


def offer_deleted(seen: Seen) -> None:
    """Facts of an offer that is gone from the list keep its last title and state."""
    deleted = FIRST_OFFER + 2
    assert deleted not in {one.offer_id for one in seen.world.offers(SECOND)}
    late = [row for row in seen.gold if row["offer_id"] == deleted and row["datestamp"] > date(2026, 3, 7)]
    assert late
    assert {(row["offer_title"], row["offer_status"]) for row in late} == {("Two\nlines, one offer 2", "active")}


def offer_stopped_converting(seen: Seen) -> None:
    """Its conversions count as any others, on a row that says `stopped` from the day on which that was pulled."""
    rows = [row for row in seen.gold if row["offer_id"] == FIRST_OFFER + 1]
    late = [row for row in rows if row["datestamp"] > SECOND.date()]
    assert {row["offer_status"] for row in late} == {"stopped"}
    assert sum(row["conversions_count"] for row in late) > 0
    assert {row["offer_status"] for row in rows if row["datestamp"] < date(2026, 3, 5)} == {"active"}


def advertiser_reassigned(seen: Seen) -> None:
    """A conversion keeps the advertiser that it came with; a click has the offer's at the end of its day."""
    before, after = (
        next(one.advertiser_id for one in seen.world.offers(at) if one.offer_id == FIRST_OFFER + 3)
        for at in (BORN + timedelta(days=1), THIRD)
    )
    rows = [row for row in seen.gold if row["offer_id"] == FIRST_OFFER + 3]
    converted = {(row["datestamp"] < date(2026, 3, 8), row["advertiser_id"]) for row in rows if row["earnings"]}
    clicked = {(row["datestamp"] < SECOND.date(), row["advertiser_id"]) for row in rows if row["click_count"]}
    assert before != after
    assert {(True, before), (False, after)} <= converted
    assert clicked == {(True, before), (False, after)}


def balance_currencies(seen: Seen) -> None:
    """Balances are not asked for: bronze has none, and no table needs them."""
    assert any(len(one.balances) > 1 for one in seen.world.affiliates(SECOND))
    assert [record["balance"] for record in seen.pages("partners") if record["balance"]] == []
