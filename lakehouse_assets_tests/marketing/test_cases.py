"""Each of the 58 cases, and each open question about a tenant, is seen in what a whole run leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse_assets.affise.simulator.faults import FAULTS
from lakehouse_assets_tests.marketing.cases.catalogue import GROUPS, shown_by
from lakehouse_assets_tests.marketing.cases.commands import TOLD, refused
from lakehouse_assets_tests.marketing.cases.dirty import Seen, dirty
from lakehouse_assets_tests.marketing.cases.rough import OTHERWISE, ROUGH, Pulled, pulled
from lakehouse_assets_tests.operations.conftest import Cli
from scripts.docs import CASES, with_cases

DIRTY_DATA, ON_THE_WAY, OF_ANOTHER_KIND, NO_REPORT = GROUPS.values()


@pytest.fixture(scope="module")
def dirty_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Three runs over a month, of everything dirty at once."""
    with dirty(tmp_path_factory.mktemp("dirty")) as seen:
        yield seen


@pytest.fixture(scope="module")
def rough_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """One run during which everything goes wrong on the way."""
    with pulled(tmp_path_factory.mktemp("rough"), *ROUGH) as seen:
        yield seen


@pytest.fixture(scope="module")
def other_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """One run of a tenant that answers open questions the less usual way."""
    with pulled(tmp_path_factory.mktemp("other"), *OTHERWISE) as seen:
        yield seen


def test_every_switch_is_shown_by_one_test() -> None:
    """Whoever adds a switch says here what it does to a run, in a sentence for people."""
    assert sorted(name for found in GROUPS.values() for name in found) == sorted(FAULTS)
    assert [name for name in FAULTS if not shown_by(name)[0].endswith(".")] == []


def test_the_page_shows_every_case() -> None:
    """`make docs` was run since a switch, its test or its sentence was changed; each has its line."""
    page = CASES.read_text("utf-8")
    assert with_cases(page) == page
    assert [name for name in FAULTS if f"| `{name}` |" not in page] == []


def test_every_test_that_the_page_names_is_here() -> None:
    """Each is a function of this module, which is asked of all the switches of its group."""
    assert {shown_by(name)[1].partition("::")[2] for name in FAULTS} == {
        f"{test}[{name}]" for test, found in GROUPS.items() for name in found if callable(globals()[test])
    }


def test_the_report_of_a_dirty_tenant_is_right(dirty_tenant: Seen) -> None:
    """Row by row what the independent oracle says, after a month of late decisions."""
    assert dirty_tenant.gold == dirty_tenant.expected()


@pytest.mark.parametrize("switch", DIRTY_DATA)
def test_dirty_data_is_seen(switch: str, dirty_tenant: Seen) -> None:
    """It is in gold, among the rejects, in the run's report, or in bronze and meant to be left there."""
    DIRTY_DATA[switch](dirty_tenant)


def test_a_record_that_each_run_rejects_is_one_open_reject(dirty_tenant: Seen) -> None:
    """It is open once, however often it is pulled, and closed when the account says what became of it."""
    open_ones = dirty_tenant.rows("SELECT raw FROM marketing_lakehouse.marketing_rejects WHERE status = 'open'")
    ids = [json.loads(row["raw"])["id"] for row in open_ones]
    assert sorted(set(ids)) == sorted(ids)
    assert set(ids) & dirty_tenant.known.keys() == set()


def test_the_report_of_a_rough_tenant_is_right(rough_tenant: Pulled) -> None:
    """Nothing is lost or doubled, whatever moved between pages and broke on the way."""
    assert list(rough_tenant.tables) == rough_tenant.expected()


@pytest.mark.parametrize("switch", ON_THE_WAY)
def test_a_fault_on_the_way_is_seen(switch: str, rough_tenant: Pulled) -> None:
    """It happened to the run whose report is right."""
    ON_THE_WAY[switch](rough_tenant)


def test_the_report_of_another_tenant_is_right(other_tenant: Pulled) -> None:
    """Days begin and end where they should, and no name is lost or doubled."""
    assert list(other_tenant.tables) == other_tenant.expected()


@pytest.mark.parametrize("switch", OF_ANOTHER_KIND)
def test_an_answer_of_another_kind_is_seen(switch: str, other_tenant: Pulled) -> None:
    """The client noticed it in the run whose report is right."""
    OF_ANOTHER_KIND[switch](other_tenant)


@pytest.mark.parametrize("switch", NO_REPORT)
def test_a_tenant_that_gives_no_report_is_told_of(switch: str, cli: Cli, tmp_path: Path) -> None:
    """The command says in one sentence what is wrong, and its exit code says that something is."""
    said = TOLD[switch](cli, tmp_path) if switch in TOLD else refused(switch, cli, tmp_path)
    NO_REPORT[switch](said)
