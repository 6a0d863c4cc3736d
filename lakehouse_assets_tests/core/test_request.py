"""What a run may be asked: what is refused, in which words, and what follows from what was not said."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lakehouse_assets.core.request import (
    ALLOWED,
    FIELDS,
    RunRequest,
    Selection,
    Window,
    parse_request,
    require_few_days,
    resolve,
    words,
)
from lakehouse_assets.errors import BadRequest

NOW = datetime(2025, 4, 3, 12, tzinfo=UTC)
DATE = "a date such as 2025-04-03"
MOMENT = "a moment such as 2025-04-03T12:00:00Z"
PAIRS = "a list of pairs of key and etag"
DAYS = "a first and a last day such as 2025-04-01 and 2025-04-07"
CHOICE = "any of code, file, run, corrected, as text"
SHARE = "a number from 0 to 1"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another field": ({"engine": "spark"}, f"a run cannot be asked `engine`; it can be asked: {', '.join(FIELDS)}"),
    "a mode": ({"mode": "all"}, "mode is `all`, allowed is load, replay, reprocess"),
    "a clock": ({"as_of": "yesterday"}, f"as_of is `yesterday`, allowed is {MOMENT}"),
    "a clock of digits": ({"as_of": "20250403"}, f"as_of is `20250403`, allowed is {MOMENT}"),
    "a clock in seconds": ({"as_of": 1743681600}, f"as_of is `1743681600`, allowed is {MOMENT}"),
    "a date": ({"mode": "reprocess", "date": "soon"}, f"date is `soon`, allowed is {DATE}"),
    "a date in seconds": ({"mode": "reprocess", "date": "1743638400"}, f"date is `1743638400`, allowed is {DATE}"),
    "a date of no mode": ({"date": "2025-04-03"}, "allowed is `date` with mode `reprocess`, and only with it"),
    "no date": ({"mode": "reprocess"}, "allowed is `date` with mode `reprocess`, and only with it"),
    "no list of files": ({"files": "all"}, f"files is `all`, allowed is {PAIRS}"),
    "keys alone": ({"files": [["a"], ["b"]]}, f"files is `[['a'], ['b']]`, allowed is {PAIRS}"),
    "half a window": ({"window": {"start": "2025-04-01"}}, f"window is `{{'start': '2025-04-01'}}`, allowed is {DAYS}"),
    "a window of no days": (
        {"window": {"start": "a", "end": 1}},
        f"window is `{{'start': 'a', 'end': 1}}`, allowed is {DAYS}",
    ),
    "a window in seconds": (
        {"window": {"start": "1743638400", "end": "1743638400"}},
        f"window is `{{'start': '1743638400', 'end': '1743638400'}}`, allowed is {DAYS}",
    ),
    "a window backwards": (
        {"window": {"start": "2025-04-07", "end": "2025-04-01"}},
        f"window is `{{'start': '2025-04-07', 'end': '2025-04-01'}}`, allowed is {DAYS}",
    ),
    "a selection": (
        {"mode": "replay", "selection": {"colour": "red"}},
        f"selection is `{{'colour': 'red'}}`, allowed is {CHOICE}",
    ),
    "a pull": ({"pull": "all"}, "pull is `all`, allowed is usual, sweep, intraday, again"),
    "a pull of no mode": ({"mode": "replay", "pull": "sweep"}, "allowed is `pull` as `sweep` only with mode `load`"),
    "a selection of no mode": ({"selection": {"code": "a"}}, "allowed is `selection` only with mode `replay`"),
    "a share above all": ({"max_reject_ratio": 7}, f"max_reject_ratio is `7`, allowed is {SHARE}"),
    "a share below nothing": ({"max_reject_ratio": -0.1}, f"max_reject_ratio is `-0.1`, allowed is {SHARE}"),
    "no share": ({"max_reject_ratio": float("nan")}, f"max_reject_ratio is `nan`, allowed is {SHARE}"),
    "a share in words": ({"max_reject_ratio": "few"}, f"max_reject_ratio is `few`, allowed is {SHARE}"),
}  # fmt: skip
REQUESTS = [
    RunRequest(),
    RunRequest(as_of=NOW, files=(("orders/1.csv", "e1"),), max_reject_ratio=0.5),
    RunRequest(mode="reprocess", date=date(2025, 4, 3)),
    RunRequest(mode="replay", selection=Selection(code="date_missing", corrected="runs/x.csv")),
    RunRequest(window=Window(start=date(2025, 4, 1), end=date(2025, 4, 7))),
]


@pytest.mark.parametrize(("asked", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_nonsense_is_refused_in_one_sentence(asked: dict[str, Any], sentence: str) -> None:
    """It says what was asked and what is allowed, and nothing twice."""
    with pytest.raises(BadRequest) as refused:
        parse_request(asked)
    assert str(refused.value) == sentence


def test_every_problem_is_said_at_once() -> None:
    """Two wrong fields are two parts of one sentence."""
    with pytest.raises(BadRequest, match=r"^mode is `all`, allowed is .*; max_reject_ratio is `7`, allowed is "):
        parse_request({"mode": "all", "max_reject_ratio": 7})


def test_a_pipeline_is_asked_only_what_it_takes() -> None:
    """A field that another pipeline takes is refused with those of this one."""
    with pytest.raises(BadRequest, match=r"^a run cannot be asked `date`; it can be asked: as_of, window$"):
        parse_request({"date": "2025-04-03"}, ["as_of", "window"])


@pytest.mark.parametrize("asked", [{}, dict.fromkeys(FIELDS), {"selection": {}}, {"selection": {"code": None}}])
def test_what_is_not_given_is_not_asked(asked: dict[str, Any]) -> None:
    """None, and a selection that selects nothing, are the same as silence: a load of what has landed, now."""
    assert parse_request(asked) == RunRequest()
    assert parse_request(asked).given() == {}


@pytest.mark.parametrize(
    "text", ["2025-04-03T12:00:00Z", "2025-04-03T12:00:00", "2025-04-03 14:00:00+02:00", "2025-04-03T12:00"]
)
def test_a_clock_is_utc_unless_it_says_otherwise(text: str) -> None:
    """Whatever offset it was written with, it is kept as the moment in UTC."""
    as_of = parse_request({"as_of": text}).as_of
    assert as_of is not None
    assert as_of.isoformat() == "2025-04-03T12:00:00+00:00"


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_survives_each_of_its_forms(request_: RunRequest) -> None:
    """As configuration, as an event and in a manifest, through JSON."""
    for form in (request_.given(), request_.to_dict()):
        assert parse_request(json.loads(json.dumps(form))) == request_
    assert tuple(request_.to_dict()) == FIELDS


def test_the_clock_is_fixed_once() -> None:
    """A run that named none is at the present; one that did stays there, however often it is asked."""
    assert resolve(RunRequest(), NOW, "UTC").as_of == NOW
    earlier = RunRequest(as_of=datetime(2025, 4, 1, tzinfo=UTC))
    assert resolve(earlier, NOW, "UTC") == earlier
    assert resolve(RunRequest(), NOW, "UTC").window is None


@pytest.mark.parametrize(
    ("as_of", "first", "last"),
    [
        # Berlin is an hour ahead of UTC until 2025-03-30 01:00 UTC, and two hours from then to 2025-10-26 01:00 UTC.
        ("2025-03-29T22:59:00Z", "2025-03-23", "2025-03-29"),
        ("2025-03-29T23:00:00Z", "2025-03-24", "2025-03-30"),
        ("2025-03-30T21:59:00Z", "2025-03-24", "2025-03-30"),
        ("2025-03-30T22:00:00Z", "2025-03-25", "2025-03-31"),
        ("2025-10-26T22:59:00Z", "2025-10-20", "2025-10-26"),
        ("2025-10-26T23:00:00Z", "2025-10-21", "2025-10-27"),
    ],
)
def test_the_usual_days_end_today_where_the_source_is(as_of: str, first: str, last: str) -> None:
    """Seven dates up to the local one, also where a day of them has 23 or 25 hours."""
    window = resolve(parse_request({"as_of": as_of}), NOW, "Europe/Berlin", window_days=7).window
    assert window == Window(start=date.fromisoformat(first), end=date.fromisoformat(last))


def test_days_that_were_asked_for_stay() -> None:
    """The usual ones hold only where nobody said others."""
    asked = parse_request({"window": {"start": "2025-02-27", "end": "2025-03-01"}})
    window = resolve(asked, NOW, "UTC", window_days=7).window
    assert window is not None
    assert [str(day) for day in window.days] == ["2025-02-27", "2025-02-28", "2025-03-01"]


def test_every_field_has_words_and_says_what_it_allows() -> None:
    """Nothing can be asked that nobody explains."""
    assert set(ALLOWED) == set(FIELDS)
    assert [name for name in FIELDS if not words(name).endswith(".")] == []


def test_more_days_than_a_run_may_have_are_told_as_runs_that_have_as_many() -> None:
    """Together they are all days, once each; as many as allowed are taken, and any number where none is named."""
    window = Window(start=date(2025, 1, 1), end=date(2025, 1, 10))
    with pytest.raises(BadRequest) as refused:
        require_few_days(window, 4)
    ranges = "2025-01-01 to 2025-01-04, 2025-01-05 to 2025-01-08, 2025-01-09 to 2025-01-10"
    assert str(refused.value).endswith(f"are 10 days, and a run works on 4 at most; make it 3 runs: {ranges}")
    for most in (10, None):
        require_few_days(window, most)
    require_few_days(None, 4)
