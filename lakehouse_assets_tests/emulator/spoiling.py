"""Spoil a lake behind the back of the load, so that checks find something: keys twice, parents that are nowhere."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.contracts import Contract
from lakehouse_assets_tests.emulator.asked_of_all import Shared

ROWS = 3
NOWHERE: dict[str, Any] = {"string": "no such thing", "int64": 999_999_999}


def spoil(shared: Shared) -> None:
    """Write some rows of every table again, and some with parents that do not exist."""
    for contract in shared.stored():
        if contract.layer in ("silver", "reference"):
            spoil_delta(shared, contract)
        elif contract.layer == "gold":
            name = contract.catalog_name
            shared.run(f"INSERT INTO {name} SELECT * FROM {name} LIMIT {ROWS}")


def spoil_delta(shared: Shared, contract: Contract) -> None:
    """Append rows to a Delta table by delta-rs."""
    options = shared.delta_options()
    place = shared.driver.value.location(contract)
    table = DeltaTable(place, storage_options=options)
    rows = pa.table(table.to_pyarrow_dataset().head(ROWS))
    if not rows.num_rows:
        return
    orphans = rows
    for reference in contract.references:
        column = orphans.schema.get_field_index(reference.column)
        kind = orphans.schema.field(column).type
        orphans = orphans.set_column(
            column, orphans.schema.field(column), pa.array([NOWHERE[str(kind)]] * len(rows), kind)
        )
    parts = [rows, orphans] if contract.references else [rows]
    for part in parts:
        write_deltalake(place, part, mode="append", storage_options=options)
