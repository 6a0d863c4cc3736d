"""Walk the pages of one list, and count what was met, so that a page that moved meanwhile is noticed.

The API pages by offset over live data: what comes or goes between two pages shifts the rest, so that a record is met
twice or never. Distinct records are therefore compared with the count that the API gives with every page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lakehouse_assets.affise.endpoints import LIMIT, Endpoint, Params
from lakehouse_assets.affise.envelope import Pagination, identity, pagination, records
from lakehouse_assets.affise.errors import AnswerInvalid, PagingBroken
from lakehouse_assets.affise.session import Api
from lakehouse_assets.affise.wire import Answer

SPARE_PAGES = 10
"""How many pages more than its count needs a list may have before it is taken for endless; it may grow meanwhile."""
MOST_PAGES = 100_000
"""How many pages a list without a count may have."""


@dataclass(frozen=True)
class Page:
    """Hold one page of a list.

    Attributes:
        number: as it was asked, from 1.
        params: that it was asked with, those of the endpoint included.
        records: as they came.
        told: what the page says of the list.
        answer: the whole answer.
    """

    number: int
    params: Params
    records: list[Any]
    told: Pagination
    answer: Answer


def pages(api: Api, endpoint: Endpoint, params: Params, first: int = 1) -> Iterator[Page]:
    """Yield the pages of a list from page `first` on, one request each, until the API names no next page.

    Raises:
        AnswerInvalid: an answer has no records where they belong.
        PagingBroken: pages repeat, or have no end.
        LakehouseError: as `Api.get`.
    """
    number, former = first, list[bytes | None]()
    while True:
        page = _page(api, endpoint, params, number)
        met = [identity(endpoint, record) for record in page.records]
        problem = _circle(page, is_same=bool(met) and met == former)
        if problem is not None:
            raise PagingBroken(path=endpoint.path, problem=problem)
        yield page
        if page.told.next_page is None:
            return
        number, former = page.told.next_page, met


def _page(api: Api, endpoint: Endpoint, params: Params, number: int) -> Page:
    paging = (("limit", str(LIMIT)), ("page", str(number))) if endpoint.is_paged else ()
    asked = (*params, *paging)
    answer = api.get(endpoint, asked)
    found = records(endpoint, answer.data)
    if found is None:
        raise AnswerInvalid(api=api.tenant, path=endpoint.path, problem=f"it has no `{endpoint.records}`")
    return Page(number, (*endpoint.params, *asked), found, pagination(answer.data, number), answer)


def _circle(page: Page, *, is_same: bool) -> str | None:
    """Say what is wrong with a page that leads in a circle."""
    told = page.told
    if told.page is not None and told.page != page.number:
        return f"page {page.number:,} was asked, and page {told.page:,} answered"
    if is_same:
        return f"page {page.number:,} holds the same records as the one before it"
    # What was asked for says nothing about how long a page is: only `per_page` does.
    is_counted = told.total_count is not None and bool(told.per_page)
    needed = -(-(told.total_count or 0) // (told.per_page or 1)) + SPARE_PAGES if is_counted else MOST_PAGES
    if page.number > needed:
        return f"page {page.number:,} is beyond what its count, {told.total_count}, needs"
    return None


@dataclass
class Tally:
    """Count the records of one pull of a list.

    Attributes:
        records: all that came.
        nameless: those without an id, which can only be counted.
        first_total, last_total: the API's own count, with the first and with the last page.
    """

    endpoint: Endpoint
    records: int = 0
    nameless: int = 0
    first_total: int | None = None
    last_total: int | None = None
    _ids: set[bytes] = field(default_factory=set, repr=False)

    def add(self, page_records: list[Any], total: int | None) -> None:
        """Count one page and what it says of the list."""
        self.records += len(page_records)
        for record in page_records:
            name = identity(self.endpoint, record)
            if name is None:
                self.nameless += 1
            else:
                self._ids.add(name)
        self.first_total = total if self.first_total is None else self.first_total
        self.last_total = total

    @property
    def distinct(self) -> int:
        """Return how many different records came."""
        return len(self._ids) + self.nameless

    @property
    def problem(self) -> str | None:
        """Say why what came cannot be trusted to be the whole list; None when it can.

        A count that changed in the middle is reason enough, also where the numbers fit in the end: of a record that
        went, another one moved up over the edge of a page, and was never seen.
        """
        if self.last_total is None:
            return "the API gives no count" if self.endpoint.is_paged else None
        if self.first_total != self.last_total:
            return f"the count went from {self.first_total:,} to {self.last_total:,} meanwhile"
        if self.distinct != self.last_total:
            return (
                "records moved between pages" if self.records == self.last_total else "records are missing or too many"
            )
        return None
