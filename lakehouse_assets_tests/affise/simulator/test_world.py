"""The truth of a simulated tenant: what is in it, and that it depends on its seed alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lakehouse_assets.affise.simulator.faults import Kind, named
from lakehouse_assets.affise.simulator.spec import SimulatorSpec
from lakehouse_assets.affise.simulator.world import World
from lakehouse_assets.errors import BadRequest

DAY = datetime(2026, 3, 14, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
ALL_CASES = frozenset(named(Kind.WORLD))


@pytest.fixture(scope="module")
def dirty() -> World:
    """A world in which every case occurs."""
    return World(SimulatorSpec(conversions_per_day=200), ALL_CASES)


@pytest.mark.parametrize("cases", [frozenset(), ALL_CASES], ids=["plain", "dirty"])
def test_equal_seeds_give_equal_worlds(cases: frozenset[str]) -> None:
    """Two worlds of one spec are the same in every fact and every name."""
    one, other = (World(SimulatorSpec(seed=3), cases) for _ in range(2))
    assert list(one.clicks(DAY, NEXT)) == list(other.clicks(DAY, NEXT))
    assert list(one.conversions(DAY, NEXT)) == list(other.conversions(DAY, NEXT))
    assert (one.offers(DAY), one.affiliates(DAY)) == (other.offers(DAY), other.affiliates(DAY))


def test_another_seed_gives_another_world() -> None:
    """No click of one seed is a click of another."""
    one, other = ({click.click_id for click in World(SimulatorSpec(seed=seed)).clicks(DAY, NEXT)} for seed in (1, 2))
    assert one.isdisjoint(other)


def test_a_day_has_the_clicks_that_were_asked_for(dirty: World) -> None:
    """Every UTC day has exactly so many clicks, each with an id of its own."""
    ids = [click.click_id for click in dirty.clicks(DAY, NEXT)]
    assert len(ids) == len(set(ids)) == 1000


def test_a_day_has_the_conversions_of_its_clicks_and_ids_of_their_own(dirty: World) -> None:
    """About as many conversions are created a day as clicks convert, and a sixth of these twice."""
    ids = [one.conversion_id for one in dirty.conversions(DAY, NEXT)]
    assert len(ids) == len(set(ids))
    assert 200 <= len(ids) <= 260


def test_an_id_begins_with_the_second_of_its_creation(dirty: World) -> None:
    """The first eight hex digits of every id are the UTC second of what it names."""
    facts = [(click.click_id, click.created_at) for click in dirty.clicks(DAY, NEXT)]
    facts += [(one.conversion_id, one.created_at) for one in dirty.conversions(DAY, NEXT)]
    facts += [(offer.offer_hex, offer.created_at) for offer in dirty.offers(DAY)]
    assert all(int(name[:8], 16) == created.timestamp() and len(name) == 24 for name, created in facts)


def test_any_click_is_known_without_those_before(dirty: World) -> None:
    """Clicks looked at by themselves, in any order, are those of the whole day."""
    rows = dirty.click_draws.between(int(DAY.timestamp()), int(NEXT.timestamp()))
    every = dirty.clicks_of(rows)
    some = [997, 3, 500]
    assert dirty.clicks_of(rows.take(np.array(some))) == [every[place] for place in some]


def test_hours_have_a_click_on_their_first_and_on_their_last_second(dirty: World) -> None:
    """So each midnight of each zone has a click just before it and one on it."""
    seconds = {click.created_at for click in dirty.clicks(DAY, NEXT)}
    hours = [DAY + timedelta(hours=n) for n in range(24)]
    assert all({hour, hour + timedelta(seconds=3599)} <= seconds for hour in hours)


def test_a_conversion_comes_from_a_click(dirty: World) -> None:
    """Offer, affiliate, country and subs of a conversion are its click's, whenever there is one."""
    clicks = {click.click_id: click for click in dirty.clicks(DAY - timedelta(days=12), NEXT)}
    pairs = [(one, clicks[one.click_id]) for one in dirty.conversions(DAY, NEXT) if one.click_id in clicks]
    assert len(pairs) > 150
    for one, click in pairs:
        assert (one.offer_id, one.affiliate_id, one.click_time) == (
            click.offer_id,
            click.affiliate_id,
            click.created_at,
        )
        assert (one.visitor.country, one.visitor.subs) == (click.visitor.country, click.visitor.subs)


def test_a_click_knows_its_first_conversion(dirty: World) -> None:
    """The clicks that say they have a conversion are those that a conversion names, with the earliest one."""
    first: dict[str, datetime] = {}
    for one in dirty.conversions(DAY, DAY + timedelta(days=13)):
        first[one.click_id] = min(first.get(one.click_id, one.created_at), one.created_at)
    told = {click.click_id: click.converted_at for click in dirty.clicks(DAY, NEXT) if click.converted_at}
    assert told == {name: first[name] for name in told}
    assert set(told) == {click.click_id for click in dirty.clicks(DAY, NEXT)} & set(first)


def test_a_history_begins_with_the_creation_and_goes_on_in_time(dirty: World) -> None:
    """Versions are in order, and the state at an instant is that of the last one before."""
    for one in dirty.conversions(DAY, NEXT):
        moments = [version.at for version in one.versions]
        assert moments == sorted(set(moments))
        assert moments[0] == one.created_at
        assert one.at(moments[-1] - timedelta(seconds=1) if len(moments) > 1 else NEXT) == one.versions[-2:][0]


def test_a_conversion_is_found_by_its_id(dirty: World) -> None:
    """Every id leads to its conversion, and one that is nobody's to none."""
    for one in dirty.conversions(DAY, NEXT):
        assert dirty.conversion(one.conversion_id) == one
    assert dirty.conversion("0" * 24) is None


def test_most_lives_are_short_and_some_change_late() -> None:
    """Of the statuses at first, confirmed leads; pending, hold and declined occur as well."""
    world = World(SimulatorSpec(conversions_per_day=500))
    first = Counter(one.versions[0].status for one in world.conversions(DAY, NEXT))
    assert set(first) == {"confirmed", "pending", "hold", "declined"}
    assert first["confirmed"] > 300


def test_rates_move_within_a_day_and_the_dollar_does_not() -> None:
    """Two pulls of one day may see different rates; a US dollar buys one."""
    morning, noon = (World(SimulatorSpec()).rates(DAY + timedelta(hours=hour)) for hour in (5, 13))
    assert morning["USD"] == noon["USD"] == 1
    assert morning["EUR"] != noon["EUR"]


def test_dimensions_change_by_themselves() -> None:
    """Within 60 days an advertiser is renamed, an affiliate gets another manager, an offer is paused and renamed."""
    world, later = World(SimulatorSpec()), DAY + timedelta(days=60)
    titles = [[one.title for one in world.advertisers(at)] for at in (DAY - timedelta(days=10), later)]
    managers = [[one.manager_id for one in world.affiliates(at)] for at in (DAY - timedelta(days=10), later)]
    states = [world.offers(datetime(2026, 3, day, tzinfo=UTC))[0].status for day in (4, 6, 11)]
    assert titles[0] != titles[1]
    assert managers[0] != managers[1]
    assert states == ["active", "suspended", "active"]


def test_a_change_holds_from_its_instant_on() -> None:
    """What was true before a rename stays true of then."""
    world = World(SimulatorSpec())
    advertiser = world.advertisers(DAY)[0]
    world.change("advertisers", advertiser.advertiser_id, DAY, title="Renamed Example")
    before, after = (world.advertisers(at)[0] for at in (DAY - timedelta(seconds=1), DAY))
    assert (before.title, after.title, after.updated_at) == (advertiser.title, "Renamed Example", DAY)
    with pytest.raises(KeyError):
        world.change("advertisers", "nobody", DAY, title="x")


@pytest.mark.parametrize(
    "wrong",
    [{"seed": -1}, {"days": -1}, {"clicks_per_day": 0}, {"conversions_per_day": 2000}, {"offers": 1}, {"key": ""}],
)
def test_a_spec_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    """Numbers that make no world are bad input."""
    with pytest.raises(BadRequest, match="a simulator cannot be started"):
        SimulatorSpec(**wrong)  # type: ignore[arg-type]
