"""Spoil a lake behind the back of the load, so that checks find something: keys twice, parents and values of none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.contracts import Contract
from lakehouse_assets_tests.emulator.asked_of_all import Shared

ROWS = 3
NOWHERE: dict[str, Any] = {"string": "no such thing", "int64": 999_999_999}
ODD: dict[str, Any] = {"currency": "ZZZ", "utc_offset_minutes": 7}
"""Values that a load would not write, by column of silver."""
UNKNOWN = {"offer_id": "999999999", "advertiser_id": "'no such thing'", "affiliate_id": "999999999"}
"""Ids of nothing, as SQL, by column of gold."""


def spoil(shared: Shared) -> None:
    """Write some rows of every table again, and some with parents that do not exist."""
    for contract in shared.stored():
        if contract.layer in ("silver", "reference"):
            spoil_delta(shared, contract)
        elif contract.layer == "gold":
            name, columns = contract.catalog_name, [column.name for column in contract.columns]
            shared.run(f"INSERT INTO {name} SELECT * FROM {name} LIMIT {ROWS}")
            if UNKNOWN.keys() & set(columns):
                listed = ", ".join(f'"{column}"' for column in columns)
                values = ", ".join(UNKNOWN.get(column, f'"{column}"') for column in columns)
                shared.run(f"INSERT INTO {name} ({listed}) SELECT {values} FROM {name} LIMIT {ROWS}")


def spoil_delta(shared: Shared, contract: Contract) -> None:
    """Append rows to a Delta table by delta-rs."""
    options = shared.delta_options()
    place = shared.driver.value.location(contract)
    table = DeltaTable(place, storage_options=options)
    rows = pa.table(table.to_pyarrow_dataset().head(ROWS))
    if not rows.num_rows:
        return
    kinds = {reference.column: str(rows.schema.field(reference.column).type) for reference in contract.references}
    orphans = with_values(rows, {column: NOWHERE[kind] for column, kind in kinds.items()})
    for part in [rows, *([orphans] if contract.references else []), *odd(contract, rows)]:
        write_deltalake(place, part, mode="append", storage_options=options)


def odd(contract: Contract, rows: pa.Table) -> list[pa.Table]:
    """The rows with odd values, where they have such columns; a table whose key one is would know the value then."""
    wrong = {name: ODD[name] for name in ODD if name in rows.column_names and name not in contract.key}
    return [with_values(rows, wrong)] if wrong else []


def with_values(rows: pa.Table, values: Mapping[str, Any]) -> pa.Table:
    """The rows with these values in all of them, by column."""
    for name, value in values.items():
        at, field = rows.schema.get_field_index(name), rows.schema.field(name)
        rows = rows.set_column(at, field, pa.array([value] * len(rows), field.type))
    return rows
