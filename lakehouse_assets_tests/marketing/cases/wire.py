"""What a run makes of faults on the way and between pages: a function a switch, with the page's sentence.

All of them happen to one run, and the report is right (`test_cases.py` compares it); what is asserted here is that each
did happen, and what it left behind.
"""

from __future__ import annotations

from lakehouse_assets_tests.affise.tenant import documents
from lakehouse_assets_tests.marketing.cases.rough import CLICKS_A_DAY, DAYS, Pulled


def too_many_requests(seen: Pulled) -> None:
    """The request is made again after what `Retry-After` tells, or a growing time; the run's report counts it."""
    assert seen.fired["too-many-requests"] == 2


def server_error(seen: Pulled) -> None:
    """The request is made again, whether the body is JSON or HTML; the run's report counts it."""
    assert seen.fired["server-error"] == 3


def status_2_in_200(seen: Pulled) -> None:
    """It is taken for the failure that it is, and the request is made again."""
    assert seen.fired["status-2-in-200"] == 2


def truncated_json(seen: Pulled) -> None:
    """Nothing of it is taken; the page is asked for again."""
    assert seen.fired["truncated-json"] == 1


def slow_response(seen: Pulled) -> None:
    """After the time for reading (60 s, here half a second) the request is made again."""
    assert seen.fired["slow-response"] == 1


def reset_mid_body(seen: Pulled) -> None:
    """Nothing of it is taken; the page is asked for again on a new connection."""
    assert seen.fired["reset-mid-body"] == 1


def next_page_null(seen: Pulled) -> None:
    """Null and 0 end a list as an absent one does: no page is asked for after it."""
    assert max(int(one["page"]) for one in seen.asked("stats/clicks")) == 2


def exact_multiple(seen: Pulled) -> None:
    """The last page is full, and none is asked for after it."""
    pages = [one.pages for one in seen.slices("clicks")]
    assert [[page.records for page in found] for found in pages] == [[300, 300], [300, 300]]
    assert max(int(one["page"]) for one in seen.asked("stats/clicks")) == 2


def insert_between_pages(seen: Pulled) -> None:
    """One record comes twice, so the slice has too few different ones: it is pulled again, whole."""
    assert seen.fired["insert-between-pages"] >= len(DAYS)
    assert {one.pulls for one in seen.slices("clicks")} == {3}


def delete_between_pages(seen: Pulled) -> None:
    """One record is lost, but the count has changed: the slice is pulled again, whole."""
    assert seen.fired["delete-between-pages"] >= len(DAYS)
    assert [one.distinct for one in seen.slices("clicks")] == [CLICKS_A_DAY, CLICKS_A_DAY]


def total_count_changes(seen: Pulled) -> None:
    """The slice is pulled again; a closed one whose count goes on changing is an error after three pulls."""
    assert seen.fired["total-count-changes"] >= len(DAYS)
    assert all(one.is_counted for one in seen.slices("clicks"))


def click_on_two_pages(seen: Pulled) -> None:
    """The slice is pulled again; what its first pulls left in bronze stays there, and nobody reads it."""
    assert seen.fired["click-on-two-pages"] >= len(DAYS)
    visible = {page.key for one in seen.slices("clicks") for page in one.pages}
    kept = list(documents(seen.lake.root / "bronze" / "affise" / "clicks" / str(DAYS[0])))
    assert len(visible) == 4
    assert len(kept) == 6


def limit_refused(seen: Pulled) -> None:
    """No limit above 500 is ever asked for."""
    assert {one["limit"] for one in seen.asked("stats/clicks")} == {"500"}


def page_beyond_end_404(seen: Pulled) -> None:
    """No page beyond the end is ever asked for."""
    assert 404 not in {one.status for one in seen.case.simulator.requests()}
