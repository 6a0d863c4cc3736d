"""Hold what AWS charges for what a run uses, by region, as list prices without discounts, taxes and free tiers.

Change the numbers and `READ_ON` together; what runs cost is worked out with the prices of when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

Unit = Literal["dpu_seconds", "flex_dpu_seconds", "scanned_bytes", "gb_seconds", "requests", "transitions"]
"""Names what is metered: capacity of Glue times seconds, bytes that Athena reads, memory of Lambda [GiB] times seconds,
calls of Lambda, and transitions of a Standard state machine."""
UNITS: tuple[Unit, ...] = get_args(Unit)
READ_ON = date(2026, 11, 26)
"""Says when the prices were read."""

HOUR, TB, THOUSAND, MILLION = 3600, 1 << 40, 1_000, 1_000_000

_EUROPE: Mapping[Unit, float] = {
    # Glue 6.0, Standard. https://aws.amazon.com/glue/pricing/
    "dpu_seconds": 0.308 / HOUR,
    # A price for Flex of Glue 6.0 was not found; this is an upper bound, what Standard costs.
    "flex_dpu_seconds": 0.308 / HOUR,
    # https://aws.amazon.com/athena/pricing/
    "scanned_bytes": 5.00 / TB,
    # x86, the first tier. https://aws.amazon.com/lambda/pricing/
    "gb_seconds": 0.0000166667,
    "requests": 0.20 / MILLION,
    # Standard. https://aws.amazon.com/step-functions/pricing/
    "transitions": 0.025 / THOUSAND,
}
PRICES: Mapping[str, Mapping[Unit, float]] = {"eu-west-1": _EUROPE, "eu-central-1": _EUROPE}
"""Maps regions to US dollars for one of each unit; the two cost the same for what is metered here."""
USUAL = "eu-west-1"

LEAST_GLUE_SECONDS = 60
"""A Glue run is charged by the second, and a minute at least."""
LEAST_SCANNED_BYTES = 10 << 20
"""A query is charged ten megabytes at least; DDL, and what fails, is charged nothing."""


def prices_in(region: str) -> Mapping[Unit, float]:
    """Return the prices of a region; of one that is not listed, those of the usual one."""
    return PRICES.get(region, PRICES[USUAL])
