"""Make the statements that close rejects by hand, and that close them once more when silver is made anew."""

from __future__ import annotations

from datetime import datetime

from lakehouse_assets.contracts import Contract
from lakehouse_assets.sql.dialects import literal
from lakehouse_assets.sql.rejects import BASE, KEY, SETTLED, open_where

KEPT = (*BASE, "parsed", "run_id", "rejected_at")
"""Columns of a reject that closing it leaves as they are."""


def closed_rows(rejects: Contract, selection: dict[str, str], reason: str, at: datetime) -> str:
    """Return the open rows of a selection as they are once they are closed for this reason, zone-less UTC moment."""
    same = ", ".join(f"h.{name} AS {name}" for name in KEPT)
    moment, words = (literal(value).sql("athena") for value in (at, reason))
    return (
        f"SELECT {same}, 'closed' AS status, CAST(NULL AS VARCHAR) AS replayed_by, {moment} AS replayed_at, "
        f"{words} AS reason FROM {rejects.catalog_name} AS h WHERE {open_where(selection)}"
    )


def closed_as_held(rejects: Contract, held: str, at: datetime) -> str:
    """Return the open rows that another relation of the same columns holds as closed at a moment, as it holds them."""
    same = ", ".join(f"h.{name} AS {name}" for name in KEPT)
    closed = ", ".join(f"k.{name} AS {name}" for name in ("status", *SETTLED))
    by_key = " AND ".join(f"k.{name} = h.{name}" for name in KEY)
    moment = literal(at).sql("athena")
    return (
        f"SELECT {same}, {closed} FROM {rejects.catalog_name} AS h JOIN {held} AS k ON {by_key} "
        f"WHERE h.status = 'open' AND k.status = 'closed' AND k.replayed_at = {moment}"
    )
