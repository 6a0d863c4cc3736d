"""Pull one day of one endpoint into bronze, slice by slice and page by page, for as long as there is time.

What is held in memory is one page and the ids of one slice. When the time is up, how far it came is kept beside the
pages, and a cursor is returned with which the next call goes on: so any volume fits into functions that may run for
fifteen minutes. A call with the same run that was already answered does nothing again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from lakehouse_assets.affise.account import Account
from lakehouse_assets.affise.bronze import Bronze, now, records_of, settled
from lakehouse_assets.affise.endpoints import CLICKS, Endpoint
from lakehouse_assets.affise.going import Closing, Cursor, DayPull, Going, Large, as_pulled
from lakehouse_assets.affise.id_time import Clocks
from lakehouse_assets.affise.limits import nap
from lakehouse_assets.affise.notes import SliceManifest
from lakehouse_assets.affise.paging import Tally, pages
from lakehouse_assets.affise.redaction import Redactor
from lakehouse_assets.affise.session import Api
from lakehouse_assets.affise.slices import Slice, as_of, forgotten, params, slices, still_known
from lakehouse_assets.errors import SliceIncomplete, Terminal
from lakehouse_assets.progress import Progress

PULLS = 3
"""How often a slice is pulled until its count is right."""
PAUSE_SECONDS = 2.0
"""How long a slice whose count was not right is left alone before it is pulled again."""
LARGE = 50_000
"""How many records a day may have to be pulled as one slice."""
BUDGET_SECONDS = 590.0
"""How long one call goes on by default; the tries of a request that it begins at the end of that take 300 s at most
(`wire.Patience`), so with them it stays below Lambda's 900 s:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


@dataclass(frozen=True)
class Puller:
    """Pull slices of one account for one run.

    Attributes:
        api: is asked.
        bronze: takes the pages.
        redactor: takes out of them what must not be kept.
        account: what is known of it.
        progress: is told.
        large: how many records a day may have to be one slice.
        closing: has the last word on a slice.
        sleep: waits between two pulls of a slice.
        clock: monotonic seconds.
    """

    api: Api
    bronze: Bronze
    redactor: Redactor
    account: Account
    progress: Progress = field(default_factory=Progress)
    large: int = LARGE
    closing: Closing = as_pulled
    sleep: Callable[[float], None] = nap
    clock: Callable[[], float] = time.monotonic

    def day(  # noqa: PLR0913 - one parameter per thing that a call knows
        self,
        endpoint: Endpoint,
        day: date,
        tick: datetime,
        *,
        cursor: Cursor | None = None,
        seconds: float = BUDGET_SECONDS,
        since: datetime | None = None,
        intraday: bool = False,
        again: bool = False,
    ) -> DayPull:
        """Pull what a UTC day has as of a tick, or go on with it.

        Args:
            endpoint: of facts or totals.
            day: UTC.
            tick: the moment as of which is pulled; the same for all calls of a run.
            cursor: where an earlier call ended.
            seconds: how long this call may go on; it always takes one page at least.
            since: when the first day of the account begins that is pulled; the hours before it are left alone.
            intraday: the running hour is pulled too.
            again: clicks that are there for good are pulled too, unless the API has forgotten them.

        Raises:
            SliceIncomplete: a closed slice cannot be counted.
            ZoneOffset: times in a slice cannot be trusted.
            LakehouseError: as `paging.pages`.
        """
        known, remembered = frozenset[str](), None
        # Where a zone is half an hour off, its day begins within an hour, which is asked for as a whole.
        since = as_of(since) if since else None
        if endpoint is CLICKS:  # a click does not change, and is forgotten after days: what was counted once stays
            known, remembered = settled(self.bronze.store, endpoint.name, day), self.account.oldest_click(tick)
            known = still_known(day, known, remembered) if again else known
        lost = tuple(one.name for one in forgotten(day, known=known, since=since, oldest=remembered))
        oldest = max((moment for moment in (since, remembered) if moment is not None), default=None)
        own = {one.slice.name: one for one in self.bronze.own(endpoint.name, day)}
        known, until = known - own.keys(), self.clock() + seconds
        is_large = any(one.hour is not None for one in own.values()) or (cursor is not None and cursor.is_large)
        asked = partial(_wanted, endpoint, day, tick, known=known, oldest=oldest, intraday=intraday)
        wanted, is_fact = asked(is_large=is_large), endpoint.kind == "facts"
        try:
            left = self._each(endpoint, wanted, own, until, may_be_large=is_fact and not is_large)
        except Large:
            wanted, is_large = asked(is_large=True), True
            left = self._each(endpoint, wanted, own, until, may_be_large=False)
        made = tuple(own[one.name] for one in wanted if one.name in own)
        return DayPull(made, tuple(sorted(known)), lost, None if left is None else Cursor(left.name, is_large))

    def one(self, endpoint: Endpoint, wanted: Slice, seconds: float = BUDGET_SECONDS) -> SliceManifest | None:
        """Pull one slice, such as a whole list or a day of changes; None when the time was up before it was done.

        The next call with the same run goes on then.

        Raises:
            LakehouseError: as `day`.
        """
        own = {one.slice.name: one for one in self.bronze.own(endpoint.name, wanted.day)}
        self._each(endpoint, (wanted,), own, self.clock() + seconds, may_be_large=False)
        return own.get(wanted.name)

    def _each(
        self,
        endpoint: Endpoint,
        wanted: tuple[Slice, ...],
        own: dict[str, SliceManifest],
        until: float,
        *,
        may_be_large: bool,
    ) -> Slice | None:
        """Pull slices that this run has not yet, add them to `own`, and return the first that was not finished."""
        for number, one in enumerate([one for one in wanted if one.name not in own]):
            if number and self.clock() >= until:
                return one
            made = self._slice(endpoint, one, until, may_be_large=may_be_large)
            if made is None:
                return one
            own[one.name] = made
        return None

    def _slice(self, endpoint: Endpoint, wanted: Slice, until: float, *, may_be_large: bool) -> SliceManifest | None:
        """Pull a slice until its count is right, at most `PULLS` times; None when the time was up before."""
        going = self._resumed(endpoint, wanted)
        while True:
            if not self._pulled(endpoint, wanted, going, until, may_be_large=may_be_large):
                return None
            problem = going.tally.problem
            if problem is None or going.number == PULLS:
                return self._finished(endpoint, wanted, going, problem)
            self.sleep(PAUSE_SECONDS)
            going = self._begun(endpoint, wanted, going.number + 1, going.began_at)

    def _pulled(self, endpoint: Endpoint, wanted: Slice, going: Going, until: float, *, may_be_large: bool) -> bool:
        """Take the pages that are left; return False, with a bookmark, when the time is up before the last one."""
        asked = params(endpoint, wanted, self.account.date_to)
        for page in pages(self.api, endpoint, asked, going.next_page or 1):
            if may_be_large and wanted.hour is None and (page.told.total_count or 0) > self.large:
                raise Large
            if not going.files:
                self.progress.doing(f"pulling {endpoint.name} of {wanted}", rows=page.told.total_count or 0)
            going.add(page, self.bronze.write(endpoint, wanted, page, self.redactor))
            self.progress.add(files=1, size_bytes=len(page.answer.body), rows=len(page.records))
            if going.next_page is not None and self.clock() >= until:
                self.bronze.mark(endpoint, wanted, going.bookmark())
                return False
        return True

    def _finished(self, endpoint: Endpoint, wanted: Slice, going: Going, problem: str | None) -> SliceManifest:
        """Make a slice visible, or fail: a closed one must be counted, an open one may go on growing."""
        tally, facts = going.tally, {"endpoint": endpoint.name, "slice": str(wanted)}
        if problem is not None and not wanted.is_open:
            self.bronze.forget(endpoint.name, wanted)
            total, distinct = tally.last_total or 0, tally.distinct
            raise SliceIncomplete(**facts, distinct=distinct, total=total, attempts=going.number, problem=problem)
        made = self._manifest(endpoint, wanted, going, problem)
        try:
            return self.bronze.finish(self.closing(endpoint, made))
        except Terminal:
            self.bronze.forget(endpoint.name, wanted)
            raise

    def _manifest(self, endpoint: Endpoint, wanted: Slice, going: Going, problem: str | None) -> SliceManifest:
        """Say what a pull brought.

        Raises:
            ZoneOffset: its times cannot be trusted.
        """
        tally, clock = going.tally, going.clocks.verdict(endpoint.name, str(wanted))
        return SliceManifest(
            endpoint=endpoint.name,
            day=wanted.day,
            hour=wanted.hour,
            window_from=wanted.start,
            window_to=wanted.end,
            run_id=self.bronze.run_id,
            tenant=self.bronze.tenant,
            is_closed=not wanted.is_open,
            is_counted=problem is None,
            warning=problem,
            clock=clock,
            outside=going.clocks.outside,
            began_at=going.began_at,
            ended_at=now(),
            pulls=going.number,
            as_of=self.bronze.as_of,
            total=tally.last_total,
            distinct=tally.distinct,
            records=tally.records,
            pages=tuple(going.files),
        )

    def _begun(self, endpoint: Endpoint, wanted: Slice, number: int, began_at: datetime) -> Going:
        span = (wanted.start, wanted.end) if endpoint.kind == "facts" else (None, None)
        return Going(number, began_at, Tally(endpoint), Clocks(self.account.zone, *span))

    def _resumed(self, endpoint: Endpoint, wanted: Slice) -> Going:
        """Return the pull that an earlier call of this run began; its ids are read again from its pages."""
        found = self.bronze.bookmark(endpoint, wanted)
        if found is None:
            return self._begun(endpoint, wanted, 1, now())
        going = self._begun(endpoint, wanted, found.pull, found.began_at)
        for records in records_of(self.bronze.store, found.pages):
            going.count(records, found.last_total)
        going.tally.first_total = found.first_total
        going.files, going.next_page = list(found.pages), found.next_page
        return going


def _wanted(endpoint: Endpoint, day: date, tick: datetime, **known: Any) -> tuple[Slice, ...]:  # noqa: ANN401 - as `slices`
    """Return the slices of a day; totals know no hour to ask for, so they are always of the whole day."""
    whole = Slice(day)
    return slices(day, tick, **known) if endpoint.kind == "facts" else (Slice(day, is_open=whole.end > tick),)
