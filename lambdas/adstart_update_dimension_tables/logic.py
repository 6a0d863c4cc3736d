"""Say what a pull of lists brought."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.affise.dimensions import ListPull


def answer(pulled: ListPull, date_to: str) -> dict[str, Any]:
    """Return the function's answer: rows per list, what could not be counted, and how the account reads `date_to`."""
    made = pulled.manifests
    return {
        "lists": {one.endpoint: one.distinct for one in made},
        "warnings": [f"{one.endpoint}: {one.warning}" for one in made if one.warning],
        "date_to": date_to,
        "records": sum(one.records for one in made),
        "token": None if pulled.is_done else "lists",
        "done": pulled.is_done,
    }
