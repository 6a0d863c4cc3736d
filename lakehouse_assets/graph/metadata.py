"""What the UI shows about a table: schema, lineage, counts, codes, previews. Contracts and reports in, metadata out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from lakehouse_assets.contracts import Contract
from lakehouse_assets.sql.lineage import Source


def asset_key(contract: Contract) -> dg.AssetKey:
    """`[layer, table]`; side tables belong to silver."""
    return dg.AssetKey([{"side": "silver"}.get(contract.layer, contract.layer), contract.name])


def table_schema(contract: Contract) -> dg.TableSchema:
    """The contract's columns as Dagster's."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description + (f" [{column.unit}]" if column.unit else ""),
                constraints=dg.TableColumnConstraints(
                    nullable=not (column.required or column.key), unique=contract.key == (column.name,)
                ),
            )
            for column in contract.columns
        ]
    )


def column_lineage(columns: Mapping[str, Sequence[Source]], tables: Mapping[str, Contract]) -> dg.TableColumnLineage:
    """Where each column comes from; sources are (catalog name, column)."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [dg.TableColumnDep(asset_key=asset_key(tables[s.table]), column_name=s.column) for s in sources]
            for name, sources in columns.items()
        }
    )


def preview(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue[Any]:
    """A few rows as a table."""
    if not rows:
        return dg.MetadataValue.md("(no rows)")
    records = [dg.TableRecord({name: "" if value is None else value for name, value in row.items()}) for row in rows]
    schema = dg.TableSchema(columns=[dg.TableColumn(name=name, type="string") for name in rows[0]])
    return dg.MetadataValue.table(records=records, schema=schema)


def load_metadata(
    report: Mapping[str, Any], table: str, rows: int, sample: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """One silver table's part of a load report."""
    part = report["tables"][table]
    codes = [{"code": code, "rows": count} for code, count in sorted(part["rejects"].items())]
    return {
        "dagster/row_count": rows,
        **{f"rows_{name}": count for name, count in part["counts"].items()},
        "reconciliation": dg.MetadataValue.md(equation(part["counts"])),
        "reject_codes": preview(codes),
        "added_bytes": part["added_bytes"],
        "added_files": part["added_files"],
        "seconds": round(part["seconds"], 3),
        "engine": report["engine"],
        "preview": preview(sample),
    }


def equation(counts: Mapping[str, int]) -> str:
    """The reconciliation in words."""
    return (
        f"read {counts['read']} + retried {counts['retried']} = valid {counts['valid']} + rejected {counts['rejected']} "
        f"+ superseded {counts['superseded']} + pending {counts['pending']}; valid = inserted {counts['inserted']} + "
        f"updated {counts['updated']} + unchanged {counts['unchanged']}"
    )


def model_metadata(answer: Mapping[str, Any]) -> dict[str, Any]:
    """One gold table's build."""
    return {
        "dagster/row_count": answer["rows"],
        **{f"rows_{name}": answer[name] for name in ("inserted", "updated", "deleted")},
        "added_bytes": answer["added_bytes"],
        "seconds": round(answer["seconds"], 3),
        "engine": "embedded",
        "acknowledged_runs": len(answer["acknowledged"]),
        "preview": preview(answer["preview"]),
    }
