"""One record's text -> rule codes and typed values. Only keys are trimmed, of what nobody sees at their ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Text = dict[str, str | None]

COLUMNS = {
    "products": ("product_id", "department_id", "department", "product_name"),
    "orders": ("order_num", "order_id", "user_id", "order_timestamp", "total_amount", "date"),
    "order_items": (
        "id",
        "order_id",
        "user_id",
        "days_since_prior_order",
        "product_id",
        "add_to_cart_order",
        "reordered",
        "order_timestamp",
        "date",
    ),
}

MISSING = {
    "products": {"product_id": "product_id_missing", "product_name": "product_name_missing"},
    "orders": {"order_id": "order_id_missing", "user_id": "user_id_missing", "date": "date_missing"},
    "order_items": {
        "id": "item_id_missing",
        "order_id": "order_id_missing",
        "user_id": "user_id_missing",
        "product_id": "product_id_missing",
        "date": "date_missing",
    },
}

WARNINGS = frozenset({"amount_not_positive", "department_ambiguous"})

KEYS = frozenset({"product_id", "order_id", "id"})
"""The columns that name a row in some table; `user_id` names a buyer in orders only, where gold is built by it."""

# The code points with the Unicode property White_Space.
WHITE_SPACE = frozenset(
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# Controls, no-break spaces, soft hyphen, the blank of Braille, fillers, joiners, marks of direction, of variations and
# of annotations, the byte order mark, tags: first and last of each run.
RUNS = (
    "0-8 e-1f 7f-84 86-a0 ad-ad 34f-34f 61c-61c 115f-1160 17b4-17b5 180b-180f 2007-2007 200b-200f 202a-202f 2060-206f "
    "2800-2800 3164-3164 fe00-fe0f feff-feff ffa0-ffa0 fff0-fffb 1bca0-1bca3 1d173-1d17a e0000-e0fff"
)
UNSEEN = frozenset(
    code for run in RUNS.split() for code in range(int(run.split("-")[0], 16), int(run.split("-")[1], 16) + 1)
)

NUMBER = re.compile(r"[+-]?([0-9]+(\.(?P<after>[0-9]*))?|\.(?P<only>[0-9]+))")
INTEGER = re.compile(r"(?P<whole>[+-]?[0-9]+)(\.0*)?")
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(:(?P<second>[0-9]{2})([.,](?P<fraction>[0-9]+))?)?"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<off_hour>[0-9]{2})(:?(?P<off_minute>[0-9]{2}))?)?"
)
MAX_INT = 2_147_483_647
TOO_LARGE = Decimal(10) ** 16


def codes_for(dataset: str, text_row: Text, zone: str = "UTC") -> list[str]:
    """All row codes of one well-formed record, warnings among them, sorted; a second header is malformed."""
    if all(_seen_of(text_row[column] or "") == column for column in COLUMNS[dataset]):
        return ["row_malformed"]
    codes = {code for column, code in MISSING[dataset].items() if blank(text_row[column])}
    if dataset != "products":
        codes |= _time_codes(text_row, zone)
    if dataset == "orders":
        codes |= _amount_codes(text_row["total_amount"])
    if dataset == "order_items":
        codes |= _item_codes(text_row)
    return sorted(codes)


def parse(dataset: str, text_row: Text, zone: str = "UTC") -> dict[str, Any]:
    """Typed values by column; None for a blank or unreadable one. Moments are in UTC."""
    readers: dict[str, Callable[[str], Any]] = {
        "order_timestamp": lambda text: to_moment(text, zone),
        "total_amount": to_amount,
        "date": to_date,
        "days_since_prior_order": lambda text: to_integer(text, 0),
        "add_to_cart_order": lambda text: to_integer(text, 1),
        "reordered": to_flag,
    }
    readers |= dict.fromkeys(KEYS | ({"user_id"} if dataset == "orders" else set()), bare)
    values = {column: text_row[column] for column in COLUMNS[dataset]}
    return {
        column: None if text is None or blank(text) else readers.get(column, str)(text)
        for column, text in values.items()
    }


def blank(text: str | None) -> bool:
    """Null, empty, or nothing but white space and what cannot be seen."""
    return text is None or all(c in WHITE_SPACE or ord(c) in UNSEEN for c in text)


def bare(text: str) -> str:
    """The text from its first to its last character that is not one of those that nobody sees."""
    seen = [place for place, character in enumerate(text) if ord(character) not in UNSEEN]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def _seen_of(text: str) -> str:
    """The text without white space and what cannot be seen at its ends."""
    return text.strip("".join(WHITE_SPACE) + "".join(map(chr, UNSEEN)))


def to_date(text: str) -> date | None:
    """A day from 0001-01-01 to 9999-12-31 that exists, or None."""
    match = DATE.fullmatch(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def to_moment(text: str, zone: str) -> datetime | None:
    """A moment in UTC, or None when it is not written as one, does not exist, or leaves the years 1 to 9999."""
    match = MOMENT.fullmatch(text)
    day = to_date(match["date"]) if match else None
    if match is None or day is None:
        return None
    micros = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    try:
        local = datetime(day.year, day.month, day.day, hour, minute, second, micros)  # noqa: DTZ001 - local time, its zone follows
        moment = _with_offset(local, match) if match["offset"] else _in_zone(local, ZoneInfo(zone))
    except (ValueError, OverflowError):
        return None
    return moment


def to_amount(text: str) -> Decimal | None:
    """A number with at most two digits after the point that fits DECIMAL(18,2), or None."""
    match = NUMBER.fullmatch(text)
    if match is None or len(match["after"] or match["only"] or "") > 2:
        return None
    amount = Decimal(text)
    return amount if abs(amount) < TOO_LARGE else None


def to_integer(text: str, least: int) -> int | None:
    """A whole number from `least` to the largest INT, or None."""
    # Decimal, because Python refuses to make an int of thousands of digits.
    match = INTEGER.fullmatch(text)
    number = Decimal(match["whole"]) if match else None
    return int(number) if number is not None and least <= number <= MAX_INT else None


def to_flag(text: str) -> bool | None:
    """0, 1, as floats too, true, false in any case, or None."""
    return {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}.get(text.lower())


def local_date(moment: datetime, zone: str) -> date | None:
    """The day in the zone; None beyond the calendar."""
    try:
        return moment.astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        return None


def _with_offset(local: datetime, match: re.Match[str]) -> datetime:
    if match["offset"] == "Z":
        return local.replace(tzinfo=UTC)
    hours, minutes = int(match["off_hour"]), int(match["off_minute"] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(match["offset"])
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if match["sign"] == "-" else 1)
    return local.replace(tzinfo=timezone(offset)).astimezone(UTC)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The earlier of two moments with this local time; None when the clock skipped it."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == local else None


def _time_codes(row: Text, zone: str) -> set[str]:
    moment, day = to_moment(row["order_timestamp"] or "", zone), to_date(row["date"] or "")
    codes = set()
    if moment is None:
        codes.add("timestamp_invalid")
    if day is None and not blank(row["date"]):
        codes.add("date_invalid")
    if moment is not None and day is not None and local_date(moment, zone) != day:
        codes.add("date_mismatch")
    return codes


def _amount_codes(text: str | None) -> set[str]:
    amount = to_amount(text or "")
    if amount is None:
        return {"amount_invalid"}
    return {"amount_not_positive"} if amount <= 0 else set()


def _item_codes(row: Text) -> set[str]:
    position, flag, days = row["add_to_cart_order"], row["reordered"], row["days_since_prior_order"]
    codes = set()
    if not blank(position) and to_integer(position or "", 1) is None:
        codes.add("cart_position_invalid")
    if not blank(flag) and to_flag(flag or "") is None:
        codes.add("reordered_invalid")
    if not blank(days) and to_integer(days or "", 0) is None:
        codes.add("days_invalid")
    return codes
