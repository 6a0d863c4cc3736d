"""Define what one run of a pipeline may be asked, once: types, allowed values and words.

The configuration that Dagster shows, the event of a planning function, the input of a state machine, the options of
the command line and the frozen manifest are all derived from `RunRequest`. A pipeline may be asked those of its fields
that its plan task takes. Not here: where a request comes from, and what is done for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from lakehouse_assets.errors import BadRequest


def _spelled_out(value: object) -> object:
    # Pydantic would take 20250403 for seconds since 1970, which nobody means.
    if isinstance(value, (int, float)) or (isinstance(value, str) and BARE_NUMBER.fullmatch(value)):
        raise ValueError("no date or time is a bare number")
    return value


BARE_NUMBER = re.compile(r"\s*[-+]?[0-9.]+\s*")
Day = Annotated[date, BeforeValidator(_spelled_out)]
Moment = Annotated[datetime, BeforeValidator(_spelled_out)]
Mode = Literal["load", "replay", "reprocess"]
"""Load what has landed, load selected rejects again, or load files of the archive again."""
Pull = Literal["usual", "sweep", "intraday", "again"]
"""Pull the days of the run, besides all days that may still change, only the last hours, which are provisional, or the
run's days with what is there for good.
"""


class Selection(BaseModel):
    """Select the open rejects that a replay takes: those that meet everything that is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str | None, Field(description="Only rejects with this rule code.")] = None
    file: Annotated[str | None, Field(description="Only rejects of this landed file.")] = None
    run: Annotated[str | None, Field(description="Only rejects of this run.")] = None
    corrected: Annotated[str | None, Field(description="Key in the lake of a CSV with corrected text.")] = None


class Window(BaseModel):
    """Hold the first and the last day that a run works on, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Annotated[Day, Field(description="First day, such as 2025-04-01.")]
    end: Annotated[Day, Field(description="Last day, such as 2025-04-07.")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start > self.end:
            raise ValueError("a first day that is not after the last one")
        return self

    @property
    def days(self) -> tuple[date, ...]:
        """Return every day of the window, in order."""
        return tuple(self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1))


class RunRequest(BaseModel):
    """Hold what one run is asked. A field that is not given is None, or `load` for the mode, or false."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: Annotated[
        Moment | None,
        Field(description="The run's clock, ISO-8601, UTC unless it says otherwise; the present when not given."),
    ] = None
    mode: Annotated[
        Mode,
        Field(
            description="`load` takes what has landed, `replay` rejects once more, `reprocess` files of the archive."
        ),
    ] = "load"
    files: Annotated[
        tuple[tuple[str, str], ...] | None,
        Field(description="Exact landed files as pairs of key and etag; everything that has landed when not given."),
    ] = None
    date: Annotated[
        Day | None, Field(description="For `reprocess`: the UTC date under which the files were archived.")
    ] = None
    window: Annotated[
        Window | None, Field(description="First and last day to work on; the pipeline's usual days when not given.")
    ] = None
    pull: Annotated[
        Pull,
        Field(
            description="`usual` pulls the days of the run, `sweep` also all that may still change, `intraday` the last"
            " hours only, the running one too: provisional rows, and no report; `again` also what is there for good."
        ),
    ] = "usual"
    selection: Annotated[Selection | None, Field(description="For `replay`: which open rejects are taken.")] = None
    max_reject_ratio: Annotated[
        float | None,
        Field(ge=0, le=1, description="Share of rejected rows that this run accepts, 0 to 1 (contract: 0.05)."),
    ] = None

    full_refresh: Annotated[
        bool,
        Field(
            description="Whether gold tables are built whole from what silver holds, whatever they have caught up with."
        ),
    ] = False
    tick: Annotated[
        Moment | None,
        Field(
            description="The moment of a schedule's tick that the run is for, which is done once, whoever starts it;"
            " no tick when not given."
        ),
    ] = None

    @field_validator("as_of", "tick")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    @field_validator("selection")
    @classmethod
    def _selects(cls, value: Selection | None) -> Selection | None:
        return value if value and value.model_dump(exclude_none=True) else None

    @model_validator(mode="after")
    def _fits_mode(self) -> Self:
        if (self.date is not None) != (self.mode == "reprocess"):
            raise ValueError("`date` with mode `reprocess`, and only with it")
        if self.selection is not None and self.mode != "replay":
            raise ValueError("`selection` only with mode `replay`")
        if self.pull != "usual" and self.mode != "load":
            raise ValueError(f"`pull` as `{self.pull}` only with mode `load`")
        return self

    @field_serializer("as_of", "tick")
    def _spelled(self, value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    def to_dict(self) -> dict[str, Any]:
        """Return the request in JSON-ready form with every field; dates and times are in ISO-8601."""
        return self.model_dump(mode="json")

    def given(self) -> dict[str, Any]:
        """Return the request in JSON-ready form with only what was asked."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)


FIELDS = tuple(RunRequest.model_fields)
"""Names all that a run may be asked."""


def words(name: str) -> str:
    """Return what a field of a request means, in a sentence."""
    return str(RunRequest.model_fields[name].description)


def parse_request(data: Mapping[str, Any], asked: Collection[str] = FIELDS) -> RunRequest:
    """Make a request from plain values, such as a Lambda event or Dagster's configuration; None counts as not given.

    >>> parse_request({"mode": "reprocess", "date": "2025-04-03"}).given()
    {'mode': 'reprocess', 'date': '2025-04-03'}

    Args:
        data: values by field name.
        asked: the fields that the pipeline may be asked.

    Raises:
        BadRequest: a field is not there, not of this pipeline, or has a value that is not allowed.
    """
    given = {name: value for name, value in data.items() if value is not None}
    strange = sorted(set(given) - set(asked))
    if strange:
        raise BadRequest(message=f"a run cannot be asked `{strange[0]}`; it can be asked: {', '.join(asked)}")
    try:
        return RunRequest.model_validate(given)
    except ValidationError as error:
        problems = dict.fromkeys(_problem(item, given) for item in error.errors())
        raise BadRequest(message="; ".join(problems)) from error


def refuse_asks_of_others(job: str, given: Mapping[str, Any], jobs: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse what is asked of a job and belongs to another one, which does less.

    Args:
        job: whose run it is.
        given: what it is asked.
        jobs: what each shorter job is known by: fields of a request, with their values.

    Raises:
        BadRequest: names the job that may be asked so.
    """
    for name, asks in jobs.items():
        if name != job and all(given.get(field) == value for field, value in asks.items()):
            spelled = ", ".join(f"{field} `{value}`" for field, value in asks.items())
            raise BadRequest(message=f"{spelled} is asked of the job `{name}` only")


def require_few_days(window: Window | None, most: int | None) -> None:
    """Refuse more days than one run may work on, and say which runs do the same together.

    Args:
        window: the run's days; None for a run without days.
        most: how many days a run may work on; None for any number.

    Raises:
        BadRequest: there are more; it names the ranges.
    """
    if window is None or most is None or len(window.days) <= most:
        return
    days = window.days
    ranges = [days[first : first + most] for first in range(0, len(days), most)]
    named = ", ".join(f"{some[0]} to {some[-1]}" for some in ranges)
    problem = f"{days[0]} to {days[-1]} are {len(days):,} days, and a run works on {most} at most"
    raise BadRequest(message=f"{problem}; make it {len(ranges)} runs: {named}")


def last_days(now: datetime, zone: str, days: int) -> Window:
    """Return so many days up to today, which is the day that it is in the zone at this moment.

    >>> [str(day) for day in last_days(datetime(2025, 4, 3, 23, tzinfo=UTC), "Europe/Berlin", 2).days]
    ['2025-04-03', '2025-04-04']
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    return Window(start=today - timedelta(days=days - 1), end=today)


def resolve(request: RunRequest, now: datetime, zone: str, window_days: int | None = None) -> RunRequest:
    """Return the request with its clock fixed, and its window too where the pipeline works on days.

    Args:
        request: as it was asked.
        now: the present, with a zone.
        zone: the source time zone, in which days begin.
        window_days: how many days up to today a run works on when no window was asked; None for no days.
    """
    as_of = request.as_of or now.astimezone(UTC)
    window = request.window
    if window is None and window_days is not None:
        window = last_days(as_of, zone, window_days)
    return request.model_copy(update={"as_of": as_of, "window": window})


ALLOWED = {
    "as_of": "a moment such as 2025-04-03T12:00:00Z",
    "mode": ", ".join(get_args(Mode)),
    "files": "a list of pairs of key and etag",
    "date": "a date such as 2025-04-03",
    "window": "a first and a last day such as 2025-04-01 and 2025-04-07",
    "pull": ", ".join(get_args(Pull)),
    "selection": f"any of {', '.join(Selection.model_fields)}, as text",
    "max_reject_ratio": "a number from 0 to 1",
    "full_refresh": "true or false",
    "tick": "a moment such as 2025-04-03T12:00:00Z",
}
"""Maps each field to what it allows, in words."""


def _problem(item: Any, given: Mapping[str, Any]) -> str:  # noqa: ANN401 - pydantic's record of one problem
    if not item["loc"]:
        return f"allowed is {item['ctx']['error']}"
    name = str(item["loc"][0])
    return f"{name} is `{given.get(name)}`, allowed is {ALLOWED[name]}"
