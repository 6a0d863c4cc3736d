"""Find what a load affects before it merges: the values per window whose gold rows have to be built again.

Which values a changed row affects is said by the contracts (`contracts/affects.py`). Old values come from silver as it
was, new ones from the rows about to be merged. The values stay in the engine until it is known that they are few: more
than gold would list in a statement are not collected, and gold then looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.report import Affected
from lakehouse_assets.sql import affected
from lakehouse_assets.sql.gold import MAX_WINDOW

if TYPE_CHECKING:
    from lakehouse_assets.load.state import TableLoad


def nothing(windows: Iterable[str]) -> Affected:
    """Return what a load affects that changes nothing: no value of any window."""
    return {window: [] for window in windows}


def everything(windows: Iterable[str]) -> Affected:
    """Return what a load affects when it cannot be listed: None, which stands for all values, for every window."""
    return dict.fromkeys(windows)


def find(loads: list[TableLoad], engine: Engine, windows: Iterable[str]) -> Affected:
    """Return, by window, the values that the rows about to be merged affect; None where they are too many to list.

    Args:
        loads: the tables of the load, after their rows were compared with silver.
        engine: the engine that has silver and the changed rows.
        windows: names of the pipeline's windows.
    """
    asked = _selects(loads)
    return {window: _values(engine, asked[window]) if window in asked else [] for window in windows}


def _selects(loads: list[TableLoad]) -> Mapping[str, list[str]]:
    """Return the SELECTs to ask, by window; those that could give nothing in this run are left out."""
    empty = {table.name for table in loads if table.was_empty}
    found: dict[str, list[str]] = {}
    for window, select in _due(loads, empty):
        found.setdefault(window, []).append(select)
    return found


def _due(loads: list[TableLoad], empty: set[str]) -> Iterator[tuple[str, str]]:
    for table in loads:
        updates = table.report.counts.updated > 0
        for effect in table.contract.affects if table.has_changes else ():
            if (effect.when == "update" and not updates) or effect.unless_first in empty:
                continue
            for select in affected.values_of(table.contract, effect, updates=updates):
                yield effect.window, select


def _values(engine: Engine, selects: list[str]) -> list[Any] | None:
    values = engine.values(affected.distinct(selects, MAX_WINDOW + 1))
    return sorted(values, key=str) if len(values) <= MAX_WINDOW else None
