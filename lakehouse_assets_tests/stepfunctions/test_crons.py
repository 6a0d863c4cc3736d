"""Unix' cron expressions, as EventBridge Scheduler takes them, and those that come some minutes later."""

from __future__ import annotations

import pytest

from lakehouse_assets.errors import EmissionInvalid
from stepfunctions.crons import later_crons, scheduler_cron


@pytest.mark.parametrize(
    ("unix", "scheduler"),
    [
        ("0 6 * * *", "cron(0 6 * * ? *)"),
        ("0 9,14 * * *", "cron(0 9,14 * * ? *)"),
        ("*/15 * * * *", "cron(0,15,30,45 * * * ? *)"),
        ("5-59/15 8-10 * * *", "cron(5,20,35,50 8,9,10 * * ? *)"),
        ("30 6 * * 0", "cron(30 6 ? * SUN *)"),
        ("30 6 * * 7", "cron(30 6 ? * SUN *)"),
        ("30 6 * * mon-fri", "cron(30 6 ? * MON,TUE,WED,THU,FRI *)"),
        ("30 6 1 JAN,jul *", "cron(30 6 1 1,7 ? *)"),
        ("10/20 6 * * *", "cron(10,30,50 6 * * ? *)"),
    ],
)
def test_five_fields_become_six(unix: str, scheduler: str) -> None:
    """A day that is not asked is `?`, steps are written out, and days of the week have names, as numbers differ."""
    assert scheduler_cron(unix) == scheduler


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("0 6 * *", "five fields, not 4"),
        ("0 6 1 * 1", "EventBridge one of them"),
        ("60 6 * * *", "`60` is no minute"),
        ("0 6 * * someday", "`someday` is no weekday"),
        ("9-5 6 * * *", "`9-5` is no minute"),
    ],
)
def test_what_eventbridge_cannot_say_is_refused(cron: str, problem: str) -> None:
    """The sentence holds the expression and what is wrong with it."""
    with pytest.raises(EmissionInvalid, match=problem):
        scheduler_cron(cron)


@pytest.mark.parametrize(
    ("cron", "later"),
    [
        ("0 9,14 * * *", ["cron(45 9,14 * * ? *)"]),
        ("30 9,14 * * *", ["cron(15 10,15 * * ? *)"]),
        ("0,30 9 * * *", ["cron(45 9 * * ? *)", "cron(15 10 * * ? *)"]),
        ("30 9,23 * * *", ["cron(15 10 * * ? *)", "cron(15 0 * * ? *)"]),
        ("30 23 * * SAT", ["cron(15 0 ? * SUN *)"]),
        ("20,50 * * * *", ["cron(5,35 * * * ? *)"]),
    ],
)
def test_a_tick_is_asked_for_45_minutes_later(cron: str, later: list[str]) -> None:
    """Hours and days are carried over."""
    assert later_crons(cron, 45) == later


def test_the_day_after_one_of_the_month_cannot_be_said() -> None:
    """31 January and then 1 February are no days of one expression."""
    with pytest.raises(EmissionInvalid, match="on the day after"):
        later_crons("30 23 31 * *", 45)
