"""Make the exchange rates of any instant: how much of a currency one US dollar buys."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from lakehouse_assets.affise.simulator.dice import number

BASES = {"USD": 1_000_000, "EUR": 921_300, "GBP": 787_450, "BRL": 5_412_700, "JPY": 151_230_000}
"""Rates around which they move, in millionths."""
STEP_S = 6 * 3600
"""They move four times a day, so that two pulls of one day may see different ones."""
SPREAD = 40_000
MILLION = 1_000_000


def rates(seed: int, at: datetime) -> dict[str, Decimal]:
    """Return the rates against the US dollar at an instant, with six decimals."""
    step = int(at.timestamp()) // STEP_S
    return {code: _rate(seed, code, base, step) for code, base in BASES.items()}


def _rate(seed: int, code: str, base: int, step: int) -> Decimal:
    if code == "USD":
        return Decimal(1)
    moved = base * (MILLION - SPREAD // 2 + number(seed, f"rate {code}", step, SPREAD)) // MILLION
    return Decimal(moved) / MILLION
