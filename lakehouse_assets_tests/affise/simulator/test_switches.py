"""Every switch does what its sentence says, and nothing does it without the switch."""

from __future__ import annotations

import pytest

from lakehouse_assets.affise.simulator.faults import DIRTY, FAULTS, Kind, named
from lakehouse_assets_tests.affise.simulator.api import Api, serving
from lakehouse_assets_tests.affise.simulator.probes import PROBES, question
from scripts.docs import SIMULATOR, with_switches

MOVES_CLOCK = ("pending-confirmed-declined", "hold-thirty-days")
MOVED = [name for name, fault in FAULTS.items() if fault.kind is not Kind.ALWAYS]


def test_there_is_a_switch_for_each_of_the_58_cases_and_a_question_for_each_switch() -> None:
    """The cases are numbered 1 to 58; no switch goes unasked."""
    assert sorted(int(fault.number) for fault in FAULTS.values() if fault.number.isdigit()) == list(range(1, 59))
    assert set(PROBES) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_switch_does_what_its_sentence_says(name: str) -> None:
    """With the switch on, the API shows it."""
    text, probe = question(name)
    with serving(text) as api:
        assert probe(api)


@pytest.mark.parametrize("name", MOVED)
def test_a_tenant_without_the_switch_is_not_so(name: str, plain: Api) -> None:
    """A plain tenant does not show it, so that what was seen came of the switch."""
    _, probe = question(name)
    assert not probe(plain)


def test_the_page_shows_the_present_switches() -> None:
    """`make docs` was run since a switch was changed; each has its line."""
    page = SIMULATOR.read_text("utf-8")
    assert with_switches(page) == page
    assert all(f"`{name}`" in page for name in FAULTS)


def test_dirty_data_is_everything_that_is_wrong_with_records() -> None:
    """Cases 19 to 58, but for the one of pages (36) and the horizon, which is always there (54)."""
    assert sorted(int(FAULTS[name].number) for name in DIRTY) == [n for n in range(19, 59) if n not in {36, 54}]


def test_all_cases_of_the_world_occur_together() -> None:
    """Cases of facts and dimensions do not hide each other: each is seen where all are on."""
    names = sorted(named(Kind.WORLD), key=MOVES_CLOCK.__contains__)
    with serving(*names) as api:
        unseen = [name for name in names if not question(name)[1](api)]
    assert unseen == []
