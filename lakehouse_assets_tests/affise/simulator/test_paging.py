"""Pages of lists: their order, their ends, and lists that change while they are read."""

from __future__ import annotations

from lakehouse_assets_tests.affise.simulator.api import CLICKS, CONVERSIONS, DAY, OFFERS, PARTNERS, Api, serving

WINDOW = {"date_from": DAY, "date_to": DAY, "timezone": "UTC"}


def test_pages_together_are_the_whole_list(plain: Api) -> None:
    """Each row of a closed day comes once, and as many as `total_count` says."""
    bodies = list(plain.pages(CLICKS, limit=300, **WINDOW))
    ids = [row["id"] for body in bodies for row in body["clicks"]]
    assert [len(body["clicks"]) for body in bodies] == [300, 300, 300, 100]
    assert len(set(ids)) == 1000
    assert [body["pagination"]["total_count"] for body in bodies] == [1000] * 4


def test_a_full_last_page_says_that_it_is_the_last(plain: Api) -> None:
    """Where the limit divides the number of rows, no empty page is announced."""
    bodies = list(plain.pages(PARTNERS, limit=10))
    assert [body["pagination"].get("next_page") for body in bodies] == [2, 3, None]
    assert [len(body["partners"]) for body in bodies] == [10, 10, 10]


def test_a_page_has_a_hundred_rows_unless_asked(plain: Api) -> None:
    """The default limit is 100, and so is what zero means."""
    assert plain.json(CLICKS, **WINDOW)["pagination"] == {
        "page": 1,
        "per_page": 100,
        "total_count": 1000,
        "next_page": 2,
    }
    assert plain.json(CLICKS, limit=0, **WINDOW)["pagination"]["per_page"] == 100


def test_conversions_come_newest_first(plain: Api) -> None:
    """The order of conversions is that of their creation, backwards, over all pages."""
    times = [row["created_at"] for row in plain.day(CONVERSIONS, limit=50)]
    assert times == sorted(times, reverse=True)


def test_a_page_that_is_no_number_is_refused(plain: Api) -> None:
    """A page or a limit that cannot be read is a 400."""
    assert plain.get(OFFERS, page="two").status_code == 400
    assert plain.get(OFFERS, limit="-1").status_code == 400


def test_an_empty_list_has_a_first_page(plain: Api) -> None:
    """A window before the world has no rows, and says so."""
    body = plain.json(CONVERSIONS, date_from="2026-01-01", date_to="2026-01-01")
    assert (body["conversions"], body["pagination"]) == ([], {"page": 1, "per_page": 100, "total_count": 0})


def test_a_row_that_comes_between_pages_is_in_the_next_pass() -> None:
    """The row that was missing at first is the newest, and the next pass has everything."""
    with serving("insert-between-pages") as api:
        passes = [[row["id"] for row in api.day(CONVERSIONS, limit=50)] for _ in range(2)]
    missing = set(passes[1]) - set(passes[0])
    assert missing == {passes[1][0]}
    assert passes[0][49] == passes[0][50]


def test_a_row_that_leaves_between_pages_takes_another_with_it() -> None:
    """What is lost is the first row of page 2; only `total_count` of the pages tells."""
    with serving("delete-between-pages") as api:
        totals = [body["pagination"]["total_count"] for body in api.pages(CONVERSIONS, limit=50, **WINDOW)]
        seen = [row["id"] for row in api.day(CONVERSIONS, limit=50)]
    assert totals[0] == len(seen)
    assert set(totals[1:]) == {len(seen) - 1}


def test_lists_drift_one_by_one_and_as_often_as_asked() -> None:
    """The second pass over one list and the first over another both drift, with `times=2` and `times=1` each."""
    with serving("total-count-changes:times=2") as api:
        totals = [
            {body["pagination"]["total_count"] for body in api.pages(path, limit=100, **WINDOW)}
            for path in (CLICKS, CLICKS, CLICKS, CONVERSIONS)
        ]
    assert [len(found) for found in totals] == [2, 2, 1, 2]


def test_a_count_may_grow_without_end() -> None:
    """With `times=0` each pass over a list says one more than the pass before."""
    with serving("total-count-changes:times=0") as api:
        last = [list(api.pages(CLICKS, limit=500, **WINDOW))[-1]["pagination"]["total_count"] for _ in range(3)]
    assert last == [1001, 1002, 1003]


def test_a_list_of_one_page_does_not_drift() -> None:
    """Nothing can come between the pages of a list that has one."""
    with serving("insert-between-pages") as api:
        assert len(api.rows(PARTNERS)) == 30


def test_a_list_on_one_page_is_whole_after_a_pass_that_drifted() -> None:
    """What came between the pages of the pass before is there, also where nothing is asked for after page 1."""
    with serving("insert-between-pages") as api:
        first = api.json(PARTNERS, limit=10)
        second = api.json(PARTNERS, limit=500)
    assert first["pagination"]["total_count"] == 29
    assert (second["pagination"]["total_count"], len(second["partners"])) == (30, 30)
