"""Read single values of API records: text and its placeholders, numbers, flags, codes, moments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from lakehouse_assets.affise.id_time import in_utc, naive_id_time

Record = Mapping[str, Any]
PLACEHOLDERS = frozenset({"", "-", "undefined", "unknown"})
"""Holds texts, in small letters, that stand for nothing (facts seen in answers)."""
FIRST = frozenset(letter for word in PLACEHOLDERS for letter in (word[:1], word[:1].upper()))
ZERO_TIME = "0000-00-00 00:00:00"
SIX = Decimal("0.000001")
QUARTER = timedelta(minutes=15)
"""How finely the offsets of time zones differ."""
WINDOWS_WORDS = frozenset({"ce", "me", "nt", "rt", "vista", "xp"})
"""Holds versions of Windows, in small letters, that are words; those of other systems are numbers."""


def text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a text, or None for what stands for nothing: null, blank text, `Undefined`, `Unknown`, `-`.

    >>> text(" Anna "), text("Unknown"), text(12), text(None)
    ('Anna', None, '12', None)
    """
    if isinstance(value, str):
        found = value.strip()
        # Few texts begin as a placeholder does, so most need not be compared.
        return None if found[:1] in FIRST and found.casefold() in PLACEHOLDERS else found
    if type(value) is int:  # and no truth value, which is a number too
        return str(value)
    return None if value is None or isinstance(value, (dict, list, bool)) else text(str(value))


def free_text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a text that people wrote, in which no word stands for nothing; None where it is empty."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None


def code(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return the code of a country or currency, in capitals."""
    found = text(value)
    return found.upper() if found else None


def flag(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return `true` or `false` for the forms that flags have, and any other text as it is.

    >>> flag(True), flag(1), flag("true"), flag(""), flag(None), flag("maybe")
    ('true', 'true', 'true', 'false', None, 'maybe')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    word = str(value).strip().lower()
    if word in {"true", "1"}:
        return "true"
    return "false" if word in {"false", "0", ""} else word


def amount(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return an amount of money with six decimals, half away from zero; another text as it is, for a rule to see.

    >>> amount(3), amount("0.20000"), amount(Decimal("0.30000000000000004")), amount("free"), amount(None)
    ('3.000000', '0.200000', '0.300000', 'free', None)
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        return format(number.quantize(SIX, ROUND_HALF_UP), "f")
    except InvalidOperation:
        return str(value)


def time_text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a time without zone as UTC; None for the zero date and for nothing."""
    return moment(value, timedelta())


def offset_of(created_at: Any, hex_id: Any) -> timedelta:  # noqa: ANN401 - any JSON values
    """Return by how much a record's times are ahead of UTC, which its id tells; none where it does not."""
    made, told = naive_id_time(hex_id), text(created_at)
    if made is None or told is None:
        return timedelta()
    try:
        ahead = in_utc(datetime.fromisoformat(told)) - made
    except ValueError:
        return timedelta()
    return _in_quarters(ahead)


@lru_cache(maxsize=10_000)
def _in_quarters(ahead: timedelta) -> timedelta:
    return round(ahead / QUARTER) * QUARTER


@lru_cache(maxsize=1_000)
def minutes(ahead: timedelta) -> str:
    """Return how many minutes an offset has, as text.

    >>> minutes(timedelta(hours=3)), minutes(timedelta(seconds=90))
    ('180', '1.5')
    """
    return str(ahead.total_seconds() / 60).removesuffix(".0")


def moment(value: Any, ahead: timedelta) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a record's time in UTC; a text that is no time is returned as it is, for a rule to see.

    What says its own offset is not moved by that of others.

    >>> moment("2026-03-10 02:00:38", timedelta(hours=3)), moment("2026-03-10T02:00:38+03:00", timedelta(hours=3))
    ('2026-03-09T23:00:38Z', '2026-03-09T23:00:38Z')
    """
    found = text(value)
    if found is None or found == ZERO_TIME:
        return None
    try:
        told = datetime.fromisoformat(found)
    except ValueError:
        return found
    return f"{(in_utc(told) if told.tzinfo else told - ahead).isoformat()}Z"


def hour_is_open(created_at: str | None, page: Record) -> str | None:
    """Return `true` for what happened in the UTC hour that was not over when its page was pulled, None for all else.

    >>> page = {"as_of": "2026-03-12T11:20:00Z"}
    >>> hour_is_open("2026-03-12T11:05:00Z", page), hour_is_open("2026-03-12T10:59:59Z", page)
    ('true', None)
    """
    return "true" if created_at is not None and created_at >= f"{str(page.get('as_of'))[:13]}:00:00" else None


def local_date(instant: str | None, zone: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return the day of a UTC moment in the account's zone; None for what is no moment."""
    if instant is None or not instant.endswith("Z"):
        return None
    return _day(instant[:15], str(zone))


@lru_cache(maxsize=10_000)
def _day(ten_minutes: str, zone: str) -> str:
    """Return the day of a stretch of ten minutes, `2026-11-26T10:3`, within which no day ends in any zone."""
    start = datetime.fromisoformat(f"{ten_minutes}0:00+00:00")
    return str(start.astimezone(ZoneInfo(zone)).date())


def inner(record: Record, *path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what is below a path of names, or None where an object on the way is none."""
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None  # as JSON's objects are read
    return value


def split_version(fused: Any) -> tuple[str | None, str | None]:  # noqa: ANN401 - any JSON value
    """Return a system's name and its version, which are fused in conversions and come apart at the last blank.

    What follows it is a version if it begins with a digit, stands for nothing, or is a word by which Windows calls one:
    names have blanks too. A version stays as it is written, so `Android 10` does not meet a click that says `10.0`: the
    API's documents do not say which versions have a zero at their end, and that of Windows, `10`, has none.

    >>> split_version("Android 10.0"), split_version("macOS 10.14.6"), split_version("Linux Unknown")
    (('Android', '10.0'), ('macOS', '10.14.6'), ('Linux', None))
    >>> split_version("Unknown Unknown"), split_version("Windows Phone"), split_version("Windows XP")
    ((None, None), ('Windows Phone', None), ('Windows', 'XP'))
    """
    found = text(fused)
    name, _, last = (found or "").rpartition(" ")
    is_word = name.casefold() == "windows" and last.casefold() in WINDOWS_WORDS
    if name and (is_word or last[:1].isdigit() or text(last) is None):
        return text(name), text(last)
    return found, None


def listed(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a list as JSON text; an empty one where there is none."""
    return orjson.dumps([str(one) for one in listing(value) if one is not None]).decode()


def listing(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return a list, or an empty one for the other forms that an empty list has."""
    return value if isinstance(value, list) else []
