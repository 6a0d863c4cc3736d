"""Pages of one list: where they end, what leads in a circle, and what is counted; and envelopes and their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from lakehouse_assets.affise.endpoints import CONVERSIONS, COUNTRIES, CURRENCIES, CUSTOM_TOTALS
from lakehouse_assets.affise.envelope import NoJsonError, identity, judged, pagination, parsed, records
from lakehouse_assets.affise.errors import AnswerInvalid, PagingBroken
from lakehouse_assets.affise.paging import Tally, pages
from lakehouse_assets_tests.affise.wire import Act, Asked, answer, client, listed, serving

Told = dict[str, Any]


def shelf(per_page: int, total: int, told: Callable[[int, Told], Told] = lambda _, told: told) -> Act:
    """Serve a list of numbered records; `told` changes what is said about a page."""

    def act(peer: Any, asked: Asked) -> None:
        page = int(asked.get("page"))
        first, last = (page - 1) * per_page, min(page * per_page, total)
        said: Told = {"page": page, "per_page": per_page, "total_count": total}
        if last < total:
            said["next_page"] = page + 1
        answer(listed([{"id": f"{number:024x}"} for number in range(first, last)], **told(page, said)))(peer, asked)

    return act


def walked(act: Act) -> list[int]:
    """Return how many records the pages of a list have."""
    with serving(act) as wire:
        return [len(page.records) for page in pages(client(wire.url), CONVERSIONS, ())]


def test_what_a_page_says_of_itself_is_believed() -> None:
    """500 were asked for and 40 come: all three pages are taken."""
    assert walked(shelf(40, 100)) == [40, 40, 20]


@pytest.mark.parametrize("end", [{}, {"next_page": None}, {"next_page": 0}, {"next_page": 2}, {"next_page": 1}])
def test_a_list_ends_in_all_its_ways(end: Told) -> None:
    """Absent, null, 0, the page itself, or one before it; a full last page too."""
    assert walked(shelf(50, 100, lambda page, told: told | end if page == 2 else told)) == [50, 50]


def test_an_empty_list_has_one_empty_page() -> None:
    """It is counted: none of none."""
    assert walked(shelf(50, 0)) == [0]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (lambda page, told: told | {"page": 1, "next_page": page + 1}, "page 2 was asked, and page 1 answered"),
        (lambda page, told: told | {"next_page": page + 1}, "page 13 is beyond what its count, 100, needs"),
    ],
)
def test_pages_without_end_are_refused(told: Callable[[int, Told], Told], problem: str) -> None:
    """A server that answers page 1 again, and one that always names a next page."""
    with pytest.raises(PagingBroken, match=problem):
        walked(shelf(50, 100, told))


def test_the_same_page_twice_is_refused() -> None:
    """It says that it is another one, and holds the same records."""
    act = answer(listed([{"id": "a"}], per_page=1, total_count=5, next_page=9))
    with pytest.raises(PagingBroken, match="page 9 holds the same records as the one before it"):
        walked(act)


def test_an_answer_without_its_records_is_not_understood() -> None:
    """Such as one of another endpoint; nothing is guessed."""
    with pytest.raises(AnswerInvalid, match="it has no `conversions`"):
        walked(answer({"status": 1, "clicks": []}))


@pytest.mark.parametrize(
    ("batches", "totals", "problem"),
    [
        ((["a", "b"], ["c"]), (3, 3), None),
        ((["a", "b"], ["b"]), (3, 3), "records moved between pages"),
        ((["a", "b"], []), (3, 3), "records are missing or too many"),
        ((["a", "b"], ["c"]), (4, 3), "the count went from 4 to 3 meanwhile"),
        ((["a"],), (None,), "the API gives no count"),
        (([None, "a", None],), (3,), None),
    ],
)
def test_distinct_records_are_compared_with_the_count(
    batches: tuple[list[str | None], ...], totals: tuple[int | None, ...], problem: str | None
) -> None:
    """A count that changed is reason enough: a record that went lets another one slip over the edge, unseen."""
    tally = Tally(CONVERSIONS)
    for batch, total in zip(batches, totals, strict=True):
        tally.add([{"id": name} for name in batch], total)
    assert tally.problem == problem


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"a":1}x'])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    """Cut off, HTML, no number, no UTF-8, too deep, or more than one value."""
    with pytest.raises(NoJsonError):
        parsed(body)


@pytest.mark.parametrize("text", ["0.1", "0.10", "1e5", "-0", "-0.0", "123456789012345678901234567890", "7", "-12"])
def test_a_number_is_written_as_it_came(text: str) -> None:
    """Digit by digit, whatever a float or 64 bits would make of it."""
    assert orjson.dumps(parsed(f'{{"a":[{text}]}}'.encode())) == f'{{"a":[{text}]}}'.encode()


def test_records_are_found_by_endpoint() -> None:
    """A list, a bare list, or an object whose members become records; nothing else is one."""
    assert records(CONVERSIONS, {"conversions": [{"id": 1}]}) == [{"id": 1}]
    assert records(COUNTRIES, [{"code": "DE"}]) == [{"code": "DE"}]
    assert records(CURRENCIES, {"quotes": {"EUR": 1, "USD": 2}}) == [
        {"name": "EUR", "value": 1}, {"name": "USD", "value": 2},
    ]  # fmt: skip
    assert records(CONVERSIONS, {"conversions": "none"}) is None


def test_what_identifies_a_record_is_found_in_all_forms() -> None:
    """Hexadecimal text, whatever its case; numbers; the slice of a total; and of nothing, nothing."""
    assert identity(CONVERSIONS, {"id": "AB12"}) == identity(CONVERSIONS, {"id": "", "conversion_id": "ab12"})
    assert identity(CONVERSIONS, {"id": 12}) == b"12"
    one, same = {"slice": {"day": "1", "hour": 2}}, {"slice": {"hour": 2, "day": "1"}, "traffic": {}}
    assert identity(CUSTOM_TOTALS, one) == identity(CUSTOM_TOTALS, same)
    assert [identity(CONVERSIONS, value) for value in ({}, {"id": None}, [], "a")] == [None] * 4


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ({"status": 1}, "good"),
        ({"status": "1"}, "good"),
        ({"status": 2, "error": "Please try again"}, "again"),
        ({"status": 2, "message": "Auth Denied"}, "refused"),
        ({"status": 2, "error": "Token is necessary"}, "key"),
        ({"status": 2, "message": {"a": "b"}}, "again"),
        ({"conversions": []}, "again"),
        (None, "again"),
        ([], "again"),
    ],
)
def test_an_error_may_be_in_an_answer_with_status_200(data: object, verdict: str) -> None:
    """Its text alone says whether another try helps; where it says nothing, it is tried."""
    assert judged(CONVERSIONS, 200, data)[0] == verdict


def test_an_endpoint_without_status_needs_none() -> None:
    """The envelope is judged by endpoint."""
    assert judged(COUNTRIES, 200, [])[0] == "good"
    assert judged(COUNTRIES, 200, {"status": 2})[0] == "again"


def test_pagination_may_be_anything() -> None:
    """What is no number is not there."""
    told = pagination({"pagination": {"page": "2", "per_page": 5.5, "total_count": None, "next_page": True}}, 2)
    assert (told.page, told.per_page, told.total_count, told.next_page) == (2, None, None, None)
    assert pagination({"pagination": []}, 1) == pagination(None, 1)
