"""Count what stands in the tables once a load is done: open rejects, waiting rows, and rows of silver that warn.

A run's own counts say what it added. What is open may be of any run, and stays until somebody or something closes it.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.engines.protocol import Engine
from lakehouse_assets.load.report import LoadReport, Standing
from lakehouse_assets.load.state import LoadInput
from lakehouse_assets.load.warned_rows import warned_rows
from lakehouse_assets.sql import standing


def count_standing(work: LoadInput, engine: Engine, report: LoadReport) -> None:
    """Note in the report of a load what stands in each silver table's control tables and in itself.

    Control tables are scanned once, in the columns that are counted by; what comes back is a row for each set of codes.
    Of silver only data files are read that were not there the last time.

    Args:
        work: what the load was asked.
        engine: where it ran, once all is written.
        report: of the load.
    """
    rejected, waiting = (_by_dataset(engine, work.controls[name], name) for name in ("rejects", "pending"))
    for contract in work.tables:
        part = report.tables.get(contract.name)
        if part is None:
            continue
        part.rejected = _standing(rejected.get(contract.landing or "", []))
        part.waiting = _standing(waiting.get(contract.landing or "", []))
        if part.added_files or part.removed_files:  # the load has attached its tables as they were
            engine.attach(contract)
        part.warned = warned_rows(work.lake.store, engine, contract)


def _by_dataset(engine: Engine, contract: Contract, name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if engine.attach(contract):
        for row in engine.rows(standing.open_rejects(contract) if name == "rejects" else standing.waiting(contract)):
            found.setdefault(row["dataset"], []).append(row)
    return found


def _standing(rows: list[dict[str, Any]]) -> Standing:
    """Return the rows of one dataset, which are counted by their codes together, by each code."""
    codes = Counter[str]()
    for row in rows:
        codes.update(dict.fromkeys(str(row["codes"]).split(","), int(row["n"])))
    oldest = min((row["oldest"] for row in rows), default=None)
    return Standing(sum(int(row["n"]) for row in rows), dict(codes), _moment(oldest))


def _moment(value: datetime | None) -> str:
    return value.isoformat(" ", "seconds") if value is not None else ""
