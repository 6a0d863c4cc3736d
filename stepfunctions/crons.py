"""Write cron expressions as EventBridge Scheduler takes them: six fields, with a `?` for the day that is not asked.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based. Steps such as `5-59/15` are
written out, since only their plain form is documented there.
"""

from __future__ import annotations

from collections import defaultdict

from lakehouse_assets.errors import EmissionInvalid

ANY, NONE = "*", "?"
RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
"""First and last value of each of Unix' fields, in order; both 0 and 7 are Sunday."""
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAY_MINUTES = 24 * 60

Times = dict[str, list[int] | None]
"""Maps each field of a cron expression to its values; None for any."""


def scheduler_cron(cron: str) -> str:
    """Return a Unix cron expression as EventBridge Scheduler takes it.

    >>> scheduler_cron("0 9,14 * * *"), scheduler_cron("5-59/15 * * * 1-5")
    ('cron(0 9,14 * * ? *)', 'cron(5,20,35,50 * ? * MON,TUE,WED,THU,FRI *)')

    Raises:
        EmissionInvalid: it has not five fields, or asks for days of the month and of the week at once.
    """
    return _written(_parsed(cron))


def later_crons(cron: str, minutes: int) -> list[str]:
    """Return expressions, as EventBridge Scheduler takes them, for so many minutes after each time of a Unix one.

    There are several where the hours of some minutes are others.

    >>> later_crons("30 9 * * *", 45), later_crons("0,30 9 * * *", 45)
    (['cron(15 10 * * ? *)'], ['cron(45 9 * * ? *)', 'cron(15 10 * * ? *)'])

    Raises:
        EmissionInvalid: as `scheduler_cron`, or some of them are on the day after one of the month.
    """
    times = _parsed(cron)
    if times["minute"] is None:
        return [_written(times)]
    if times["hour"] is None:
        return [_written({**times, "minute": sorted((m + minutes) % 60 for m in times["minute"])})]
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for moment in sorted(60 * hour + minute + minutes for hour in times["hour"] for minute in times["minute"]):
        days, rest = divmod(moment, DAY_MINUTES)
        found[days, rest % 60].append(rest // 60)
    return [_written(_moved(cron, times, days) | {"minute": [m], "hour": hours}) for (days, m), hours in found.items()]


def _moved(cron: str, times: Times, days: int) -> Times:
    """Return the times with their day of the week moved by so many days."""
    if days and (times["day"] is not None or times["month"] is not None):
        raise EmissionInvalid(machine=cron, problem="what is asked after it would be on the day after one of a month")
    weekdays = times["weekday"]
    return times if not days or weekdays is None else {**times, "weekday": sorted((d + days) % 7 for d in weekdays)}


def _parsed(cron: str) -> Times:
    fields = cron.split()
    if len(fields) != len(RANGES):
        raise EmissionInvalid(machine=cron, problem=f"a cron expression has five fields, not {len(fields)}")
    times = {name: _values(cron, name, text) for name, text in zip(RANGES, fields, strict=True)}
    if times["weekday"] is not None:
        times["weekday"] = sorted({day % 7 for day in times["weekday"]})
        if times["day"] is not None:
            problem = "Unix takes days of the month or of the week, and EventBridge one of them"
            raise EmissionInvalid(machine=cron, problem=problem)
    return times


def _values(cron: str, name: str, text: str) -> list[int] | None:
    """Return the values of one field, such as 5, 20, 35 and 50 of `5-59/15`; None for any."""
    if text == ANY:
        return None
    first, last = RANGES[name]
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        begin, dash, end = span.partition("-")
        low = first if span == ANY else _number(cron, name, begin)
        high = _number(cron, name, end) if dash else (last if step or span == ANY else low)
        found |= set(range(low, high + 1, int(step or 1)))
    if not found or min(found) < first or max(found) > last:
        raise EmissionInvalid(machine=cron, problem=f"`{text}` is no {name}")
    return sorted(found)


def _number(cron: str, name: str, text: str) -> int:
    names = {"weekday": WEEKDAYS, "month": ("", *MONTHS)}.get(name, ())
    if text.upper() in names and text:
        return names.index(text.upper())
    if not text.isdecimal():
        raise EmissionInvalid(machine=cron, problem=f"`{text}` is no {name}")
    return int(text)


def _written(times: Times) -> str:
    texts = {name: ANY if values is None else ",".join(map(str, values)) for name, values in times.items()}
    weekdays = times["weekday"]
    days = NONE if weekdays is None else ",".join(WEEKDAYS[day] for day in weekdays)
    day = texts["day"] if weekdays is None else NONE
    return f"cron({texts['minute']} {texts['hour']} {day} {texts['month']} {days} *)"
