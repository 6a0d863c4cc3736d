"""What is gone from a list: two whole pulls in a row were without it, and not too much at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lakehouse_assets.affise.bronze import manifests, records_of
from lakehouse_assets.affise.endpoints import CLICKS, DIMENSIONS, OFFERS, Endpoint
from lakehouse_assets.affise.errors import ApiRefused, ListShrunk, RightsLost
from lakehouse_assets.affise.watermark import Watermark
from lakehouse_assets.core.request import last_days
from lakehouse_assets_tests.affise.tenant import ZONE, Case, tenant
from lambdas.planaffisepull.logic import Plan, require_rights

FIRST, IDLE = 936, (955, 956, 957)
"""Of 24 offers one with traffic, and those that are not active."""


def delete(case: Case, *offers: int, is_deleted: bool = True) -> None:
    """Delete offers of the tenant, or bring them back."""
    for offer in offers:
        case.simulator.world.change("offers", offer, case.now, is_deleted=is_deleted)


def concluded(case: Case, tick: str, *, hours: int = 5) -> tuple[list[int], list[int]]:
    """Pull lists some hours later; return the ids of the offers that are missed, and of those that are gone."""
    case.simulator.clock.advance(hours=hours)
    made = case.lists(tick)[0]
    pages = ([page] if page else [] for page in (made.missed, made.gone))
    missed, gone = (
        sorted(one["id"] for found in records_of(case.store, tuple(some)) for one in found) for some in pages
    )
    return missed, gone


def test_an_offer_is_gone_after_two_whole_pulls_without_it(case: Case) -> None:
    """The first one only misses it; it stays gone until it comes again, and counts from the beginning then."""
    case.lists("run-1")
    delete(case, FIRST)
    assert concluded(case, "run-2") == ([FIRST], [])
    assert concluded(case, "run-3") == ([], [FIRST])
    assert concluded(case, "run-4") == ([], [FIRST])
    delete(case, FIRST, is_deleted=False)
    assert concluded(case, "run-5") == ([], [])
    delete(case, FIRST)
    assert concluded(case, "run-6") == ([FIRST], [])


def test_what_is_gone_is_its_last_known_record(case: Case) -> None:
    """All of it is there, and says that it is deleted; the manifest names its page apart from those pulled."""
    (before, *_) = case.lists("run-1")
    known = {one["id"]: one for page in records_of(case.store, before.pages) for one in page}
    delete(case, FIRST)
    for tick in ("run-2", "run-3"):
        concluded(case, tick)
    (made,) = [one for one in manifests(case.store, "offers", case.now.date()) if one.run_id == "run-3"]
    assert made.gone is not None
    assert next(records_of(case.store, (made.gone,))) == [known[FIRST] | {"is_deleted": True}]
    assert (made.records, made.gone.records) == (23, 1)


def test_a_run_that_is_repeated_is_no_second_pull(case: Case) -> None:
    """Three runs with one clock, such as two that were killed and their successor: the offer is missed, not gone."""
    case.lists("run-1")
    delete(case, FIRST)
    assert concluded(case, "run-2") == ([FIRST], [])
    assert concluded(case, "run-2-again", hours=0) == ([FIRST], [])
    assert concluded(case, "run-2-at-last", hours=0) == ([FIRST], [])
    assert concluded(case, "run-3") == ([], [FIRST])


def test_a_pull_that_could_not_be_counted_concludes_nothing(tmp_path: Path) -> None:
    """It neither counts as one without the offer, nor as one with which the next is compared."""
    with tenant(tmp_path, offers=700) as case:
        case.lists("run-1")
        delete(case, FIRST)
        case.simulator.faults.turn_on("total-count-changes:times=0")
        assert concluded(case, "run-2") == ([], [])
        case.simulator.faults.turn_off("total-count-changes")
        assert concluded(case, "run-3") == ([FIRST], [])


def test_more_than_a_fifth_gone_at_once_stops_the_run(case: Case) -> None:
    """Four of 24 offers may be missed, five may not; nothing is visible then, until somebody says that it is so."""
    case.lists("run-1")
    delete(case, *range(FIRST, FIRST + 4))
    assert len(concluded(case, "run-2")[0]) == 4
    delete(case, *range(FIRST + 4, FIRST + 9))
    with pytest.raises(ListShrunk, match=r"^5 of 20 offers are gone from .*, more than 20%; nothing was changed"):
        concluded(case, "run-3")
    assert manifests(case.store, "offers", case.now.date(), "run-3") == []
    assert [made.endpoint for made in case.lists("run-4", most_gone=1)] == [
        "offers", "partners", "advertisers", "currencies",
    ]  # fmt: skip


def test_a_key_that_sees_only_active_offers_stops_the_run(case: Case) -> None:
    """All three that are not active are missed at once: that is the key, not the offers."""
    case.lists("run-1")
    delete(case, *IDLE)
    words = "^the key in the secret `AFFISE_API_KEY` sees less of .* than it did: none of 3 offers that are not active"
    with pytest.raises(RightsLost, match=words):
        concluded(case, "run-2")


def test_two_of_three_that_are_not_active_are_just_gone(case: Case) -> None:
    """The third is still answered, so the key may see them."""
    case.lists("run-1")
    delete(case, *IDLE[:2])
    assert concluded(case, "run-2") == (sorted(IDLE[:2]), [])


def ask(case: Case, mark: Watermark | None = None, lists: tuple[Endpoint, ...] = DIMENSIONS) -> None:
    """Ask what the first step of a pull asks for."""
    plan = Plan.of(last_days(case.now, ZONE, 7), case.now, ZONE, mark, CLICKS)
    require_rights(case.puller("run-x"), replace(plan, lists=lists), mark)


def test_a_list_that_is_forbidden_now_stops_the_run_before_it_pulls(case: Case) -> None:
    """The key could read it before, so that is what the sentence says."""
    case.lists("run-1")
    ask(case)
    case.simulator.faults.turn_on("restricted-key-403")
    with pytest.raises(RightsLost, match=r"sees less of .* than it did: `/3.0/admin/partners` is refused"):
        ask(case)


def test_facts_that_are_forbidden_now_stop_the_run_likewise(case: Case) -> None:
    """A watermark says that facts have been read; clicks need an admin's key too."""
    case.simulator.faults.turn_on("restricted-key-403")
    with pytest.raises(RightsLost, match=r"sees less of .* than it did: `/3.0/stats/clicks` is refused"):
        ask(case, Watermark(case.now), lists=())


def test_what_was_always_forbidden_is_refused_as_the_api_says(case: Case) -> None:
    """Nothing was lost, so the API's own words are told, and nothing was pulled."""
    case.simulator.faults.turn_on("restricted-key-403")
    with pytest.raises(ApiRefused, match=r"refused `/3.0/admin/partners` with status 403"):
        ask(case)
    assert manifests(case.store, OFFERS.name, case.now.date()) == []
