"""What a run makes of a tenant as it usually is, and of one that answers open questions otherwise: a function a switch.

The report of both is right (`test_cases.py` compares it); what is asserted here is that the client noticed.
"""

from __future__ import annotations

from datetime import timedelta

from lakehouse_assets.affise.bronze import manifests, records_of
from lakehouse_assets.affise.endpoints import CLICKS
from lakehouse_assets_tests.marketing.cases.rough import CLICKS_A_DAY, DAYS, NINE, Pulled


def next_page_absent(seen: Pulled) -> None:
    """It ends the list: a day of 600 clicks has two pages."""
    assert [len(one.pages) for one in seen.slices("clicks")] == [2, 2]


def limit_clamped(seen: Pulled) -> None:
    """What a page says of its length is believed, not what was asked for; and no more than 500 is asked for."""
    assert [[page.records for page in one.pages] for one in seen.slices("clicks")] == [[500, 100], [500, 100]]
    assert {one["limit"] for one in seen.asked("stats/clicks")} == {"500"}


def page_beyond_end_empty(seen: Pulled) -> None:
    """No page beyond the end is asked for."""
    assert max(int(one["page"]) for one in seen.asked("stats/clicks")) == 2


def clicks_unordered(seen: Pulled) -> None:
    """Order is no matter: clicks are told apart by their ids, and counted."""
    (first, _) = seen.slices("clicks")
    times = [record["created_at"] for page in records_of(seen.lake.value.store, first.pages) for record in page]
    assert times != sorted(times)
    assert times != sorted(times, reverse=True)
    assert first.distinct == CLICKS_A_DAY


def click_horizon(seen: Pulled) -> None:
    """Hours that the API has forgotten are not asked for, and the run's report says how many of which day."""
    later = seen.case.puller("later", store=seen.lake.value.store)
    before = len(seen.case.asked("stats/clicks"))
    done = later.day(CLICKS, DAYS[0] - timedelta(days=6), NINE)
    assert done.forgotten == tuple(f"h{hour:02d}" for hour in range(24))
    assert len(seen.case.asked("stats/clicks")) == before


def created_at_follows_timezone(seen: Pulled) -> None:
    """The ids tell that times are UTC; days are the account's all the same."""
    assert {one.clock for one in seen.slices("clicks")} == {"utc"}


def date_to_exclusive(seen: Pulled) -> None:
    """Two small questions tell how the account reads a span; every day is asked for up to the next."""
    asked = [one for one in seen.asked("stats/clicks") if one["date_from"] == str(DAYS[0])]
    assert {one["date_to"] for one in asked} == {str(DAYS[1])}


def limit_honoured(seen: Pulled) -> None:
    """Pages have 500 records all the same, since no more is asked for."""
    assert max(page.records for one in seen.slices("clicks") for page in one.pages) == 500


def privacy_premoderated(seen: Pulled) -> None:
    """The report calls it `protected`, as ever."""
    assert {row["offer_privacy"] for row in seen.tables[-1]} == {"public", "protected", "private"}


def offer_id_text(seen: Pulled) -> None:
    """Ids are whole numbers in silver and in gold, so names are found."""
    assert {type(row["offer_id"]) for row in seen.tables[-1]} == {int}
    assert None not in {row["offer_title"] for row in seen.tables[-1]}


def dimension_listed_twice(seen: Pulled) -> None:
    """The second record is superseded, and nothing in the report is doubled."""
    (offers,) = manifests(seen.lake.value.store, "offers", NINE.date())
    assert offers.records == offers.distinct + 1
    assert seen.reports[0].tables["offers"].counts.superseded == 1
