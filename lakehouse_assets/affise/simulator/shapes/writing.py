"""Write the smallest things as the API writes them: times, money, codes and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

Record = dict[str, Any]
UTC_ZONE = ZoneInfo("UTC")
QUARTER_S = 900
"""No zone's clocks change within a quarter of an hour, so a quarter lies within one local hour."""
ZERO_TIME = "0000-00-00 00:00:00"
UNKNOWN_WORDS = ("Undefined", "Unknown", "-")
SAFE_DECIMALS = 6
"""Amounts with more decimals are written without noise, which could push them over the half of the last one kept."""


@dataclass(frozen=True)
class Style:
    """Say how things are written: in which zone, and with which switches on."""

    zone: ZoneInfo
    on: frozenset[str]

    def time(self, instant: datetime) -> str:
        """Return a time without zone, in the zone of this style."""
        quarter, second = divmod(int(instant.timestamp()), QUARTER_S)
        hour, minute = _quarter(self.zone, quarter)
        return f"{hour}:{minute + second // 60:02}:{second % 60:02}"

    def of(self, variant: int) -> Style:
        """Return the style of one record, which is another one at times where offsets differ."""
        return replace(self, zone=UTC_ZONE) if "offset-not-constant" in self.on and variant % 9 == 0 else self

    def missing(self, text: str, variant: int) -> str:
        """Return a text, or what stands for a missing one."""
        if text or "placeholders" not in self.on:
            return text
        return UNKNOWN_WORDS[variant % len(UNKNOWN_WORDS)]

    def money(self, amount: Decimal, variant: int) -> Any:  # noqa: ANN401 - a JSON number or string
        """Return an amount as a number, or as one of the forms that money has."""
        if "money-forms" in self.on and variant % 3 < 2:  # noqa: PLR2004 - two of three rows
            return f"{amount:f}" if variant % 3 == 0 else float(amount)
        return int(amount) if amount == amount.to_integral_value() else float(amount)

    def earnings(self, revenue: Decimal, payouts: Decimal, variant: int) -> Any:  # noqa: ANN401 - likewise
        """Return revenue less payouts, at times with the noise of a float."""
        exact = revenue - payouts
        short = max(-int(amount.as_tuple().exponent) for amount in (revenue, payouts)) <= SAFE_DECIMALS
        if "money-forms" in self.on and variant % 3 == 1 and short:
            return float(revenue) - float(payouts)
        return self.money(exact, variant)

    def code(self, text: str | None) -> str | None:
        """Return the code of a country or currency of a dimension."""
        return text.lower() if text and "lower-case-codes" in self.on else text

    def grown(self, record: Record) -> Record:
        """Return a record, with keys that nobody has heard of where these come."""
        if "unknown-keys" not in self.on:
            return record
        return {**record, "x_new_metric": 0.5, "x_new_object": {"level": 1, "labels": ["a"]}}


@lru_cache(maxsize=100_000)
def _quarter(zone: ZoneInfo, quarter: int) -> tuple[str, int]:
    """Return the date and hour in which a quarter of an hour lies, and the minute at which it begins there."""
    begin = datetime.fromtimestamp(quarter * QUARTER_S, zone)
    return f"{begin:%Y-%m-%d %H}", begin.minute


def variant_of(hex_id: str) -> int:
    """Return a number that a record's forms are chosen by; that of its neighbour has nothing to do with it."""
    return crc32(hex_id.encode())


def by_id(things: Iterable[Any], name: str) -> Mapping[Any, Any]:
    """Return things by their id."""
    return {getattr(thing, name): thing for thing in things}
