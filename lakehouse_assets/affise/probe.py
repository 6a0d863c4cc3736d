"""Answer, for one account, what the API's documents leave open; everything is asked by GET, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any, Literal

from lakehouse_assets.affise.account import count, days_before, first_page, learn_date_to, span
from lakehouse_assets.affise.endpoints import CLICKS, CONVERSIONS, CUSTOM_TOTALS, DIMENSIONS, PARTNERS, Endpoint, Params
from lakehouse_assets.affise.envelope import pagination, records
from lakehouse_assets.affise.errors import ApiRefused, ZoneOffset
from lakehouse_assets.affise.id_time import Clocks
from lakehouse_assets.affise.session import Api
from lakehouse_assets.affise.slices import DAY, DateTo
from lakehouse_assets.errors import ApiUnavailable
from lakehouse_assets.progress import Progress

Verdict = Literal["ok", "note", "problem"]

WEEK = 7 * DAY
HORIZON_DAYS = 10
"""How many days back clicks are looked for; seven are documented."""
OVER_THE_LIMIT = 1000
FAR_PAGE = 1_000_000
SAMPLE = 100
CLICKS_GONE = "gone; set LAKEHOUSE_AFFISE__CLICKS=custom, which counts clicks and hosts by stats/custom"


@dataclass(frozen=True)
class Finding:
    """Hold one question, its answer, and whether somebody has to act."""

    question: str
    answer: str
    verdict: Verdict = "ok"


@dataclass(frozen=True)
class Asker:
    """Ask one account; each method answers one question.

    Attributes:
        api: is asked.
        zone: the account's, as the settings say.
        now: UTC.
    """

    api: Api
    zone: str
    now: datetime

    @property
    def last_week(self) -> Params:
        """Return the parameters of the last seven days and today."""
        return span((self.now - WEEK).date(), (self.now + DAY).date())

    def rights(self, endpoint: Endpoint) -> Finding:
        """Say whether the key may read an endpoint."""
        asked = f"may the key read {endpoint.path}"
        params = _filtered(self.now) if endpoint.kind == "totals" else self.last_week
        try:
            total = count(self.api, endpoint, () if endpoint.kind == "list" else params)
        except ApiRefused as error:
            is_gone = endpoint is CLICKS and error.facts["status"] in {404, 410}
            return Finding(asked, CLICKS_GONE if is_gone else f"no: {error}", "problem")
        return Finding(asked, f"yes: {total:,} records")

    def clock(self) -> Finding:
        """Say whose clock times show, as ids tell it."""
        asked, clocks = "do times follow `timezone=UTC`", Clocks(self.zone)
        clocks.add(self._conversions())
        try:
            clock = clocks.verdict(CONVERSIONS.name, "of the last week")
        except ZoneOffset as error:
            return Finding(asked, str(error.facts["problem"]), "problem")
        answers = {
            "utc": "yes",
            "account": f"no: they are times of {self.zone}, and are read so",
            "both": f"nobody can tell, as {self.zone} has the time of UTC",
        }
        return Finding(asked, answers[clock]) if clock else Finding(asked, "no conversion tells", "note")

    def date_to(self) -> Finding:
        """Say whether the last day of a span belongs to it."""
        asked = "does `date_to` belong to the span"
        if self._date_to is None:
            return Finding(asked, "no conversion tells", "note")
        return Finding(asked, "yes" if self._date_to == "inclusive" else "no, which is allowed for")

    def limit(self) -> Finding:
        """Say how long a page is when more is asked for than is documented."""
        asked = f"how many records has a page with limit={OVER_THE_LIMIT}"
        try:
            answer = first_page(self.api, CONVERSIONS, self.last_week, limit=OVER_THE_LIMIT)
        except ApiRefused as error:
            return Finding(asked, f"it is refused: {error.facts['problem']}")
        return Finding(asked, f"per_page is {pagination(answer.data, 1).per_page}")

    def past_the_end(self) -> Finding:
        """Say what a page is that there is not."""
        asked = "what is a page past the end"
        try:
            answer = first_page(self.api, CONVERSIONS, self.last_week, limit=1, page=FAR_PAGE)
        except ApiRefused as error:
            return Finding(asked, f"it is refused: {error.facts['problem']}")
        return Finding(asked, f"{len(records(CONVERSIONS, answer.data) or [])} records")

    def horizon(self) -> Finding:
        """Say for how many days clicks are answered."""
        asked, today = "for how many days are clicks answered", self.now.date()
        try:
            found = [number for number, day in enumerate(days_before(today, HORIZON_DAYS), 1) if self._has_clicks(day)]
        except ApiRefused:
            return Finding(asked, CLICKS_GONE, "problem")
        if not found:
            return Finding(asked, f"there are none in the last {HORIZON_DAYS} days", "note")
        more = " or more" if max(found) == HORIZON_DAYS else ""
        return Finding(asked, f"{max(found)}{more} before today")

    def shape(self) -> Finding:
        """Say whether a conversion tells when it changed."""
        found = self._conversions()
        if not found:
            return Finding("do conversions say when they changed", "there is none in the last week", "note")
        names = [name for name in ("updated_at", "updatedAt") if any(name in record for record in found)]
        return Finding("do conversions say when they changed", f"yes, in {names[0]}" if names else "no")

    def raw_export(self) -> Finding:
        """Say what `raw_export=1` leaves out."""
        asked = "what does `raw_export=1` leave out"
        full, raw = self._conversions(), self._conversions((("raw_export", "1"),))
        if not (full and raw):
            return Finding(asked, "there is no conversion in the last week", "note")
        missing = sorted(set(full[0]) - set(raw[0]))
        return Finding(asked, ", ".join(missing) or "nothing")

    def bad_filter(self) -> Finding:
        """Say what a filter is answered that makes no sense."""
        asked = "what is a date that is none"
        try:
            total = count(self.api, CONVERSIONS, (("date_from", "never"), ("date_to", "never")))
        except (ApiRefused, ApiUnavailable) as error:
            return Finding(asked, str(error))
        return Finding(asked, f"it is taken, with {total:,} records", "note")

    def names(self) -> Finding:
        """Say how partners are called."""
        found = [record for record in self._list(PARTNERS) if isinstance(record, Mapping)]
        logins, names = (sum(bool(record.get(name)) for record in found) for name in ("login", "name"))
        return Finding("how are partners called", f"of {len(found)}, {logins} have a login and {names} a name")

    def limits(self) -> Finding:
        """Say which headers tell of a limit of the rate."""
        headers = first_page(self.api, CONVERSIONS, self.last_week, limit=1).headers
        told = [f"{name}: {value}" for name, value in headers.items() if "limit" in name or "retry" in name]
        return Finding("is the rate limited", "; ".join(told) or "no header says so")

    @cached_property
    def _date_to(self) -> DateTo | None:
        return learn_date_to(self.api, self.now.date())

    def _has_clicks(self, day: date) -> bool:
        until = day + DAY if self._date_to == "exclusive" else day
        return count(self.api, CLICKS, span(day, until)) > 0

    def _conversions(self, more: Params = ()) -> list[Any]:
        answer = first_page(self.api, CONVERSIONS, (*self.last_week, *more), limit=SAMPLE)
        return [record for record in records(CONVERSIONS, answer.data) or [] if isinstance(record, dict)]

    def _list(self, endpoint: Endpoint) -> list[Any]:
        return records(endpoint, first_page(self.api, endpoint, (), limit=SAMPLE).data) or []


def probe(api: Api, zone: str, now: datetime, progress: Progress) -> Iterator[Finding]:
    """Yield the answers to all questions; one that cannot be asked is a finding too.

    Raises:
        KeyRefused: the key is not accepted, so there is nothing more to ask.
    """
    asker = Asker(api, zone, now.astimezone(UTC))
    rights = (*DIMENSIONS, CONVERSIONS, CLICKS, CUSTOM_TOTALS)
    questions: list[tuple[str, Callable[[], Finding]]] = [
        *((f"rights to {endpoint.name}", partial(asker.rights, endpoint)) for endpoint in rights),
        ("clock", asker.clock),
        ("date_to", asker.date_to),
        ("limit", asker.limit),
        ("end", asker.past_the_end),
        ("click horizon", asker.horizon),
        ("changes", asker.shape),
        ("raw export", asker.raw_export),
        ("bad filter", asker.bad_filter),
        ("names", asker.names),
        ("rate", asker.limits),
    ]
    for name, question in questions:
        progress.doing(f"asking: {name}")
        try:
            yield question()
        except (ApiRefused, ApiUnavailable) as error:
            yield Finding(name, str(error), "problem")


def _filtered(now: datetime) -> Params:
    return (("filter[date_from]", str((now - WEEK).date())), ("filter[date_to]", str(now.date())), ("timezone", "UTC"))
