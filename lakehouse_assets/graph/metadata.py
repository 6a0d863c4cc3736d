"""Turn contracts and reports into what the UI shows about a table: schema, lineage, counts, codes, previews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from lakehouse_assets.compute.costs import Spent
from lakehouse_assets.compute.reports import REPORT, ModelReport, Row
from lakehouse_assets.contracts import Contract
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.core.shown import MOST_NAMES
from lakehouse_assets.load.report import COUNTS, Counts, LoadReport
from lakehouse_assets.sql.lineage import Source
from lakehouse_assets.storage.runs import RunFolder

MANIFEST_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("dataset", "string", "Which landing dataset the file belongs to"),
        dg.TableColumn("key", "string", "Its name below landing"),
        dg.TableColumn("etag", "string", "What it contained when the run was planned"),
        dg.TableColumn("size_bytes", "integer", "Its size [bytes]"),
        dg.TableColumn("modified", "timestamp", "When it was last changed [UTC]"),
    ]
)
"""Describes the columns of the frozen list of files, see `core.manifest.FileEntry`."""

PROVENANCE = {"_file": "key", "_file_time": "modified"}
"""Maps silver's columns that come from the manifest to its columns; `_line` comes from no column."""


def asset_key(contract: Contract) -> dg.AssetKey:
    """Return the asset key `[layer, table]`; control tables belong to silver."""
    return dg.AssetKey([{"control": "silver"}.get(contract.layer, contract.layer), contract.name])


def table_schema(contract: Contract) -> dg.TableSchema:
    """Return the contract's columns as a Dagster schema."""
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
    """Return where each column comes from; sources are (catalog name, column)."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [dg.TableColumnDep(asset_key=asset_key(tables[s.table]), column_name=s.column) for s in sources]
            for name, sources in columns.items()
        }
    )


def with_provenance(lineage: dg.TableColumnLineage, manifest: dg.AssetKey) -> dg.TableColumnLineage:
    """Return the lineage of a silver table, with the columns that say where a row came from."""
    known = {name: [dg.TableColumnDep(asset_key=manifest, column_name=c)] for name, c in PROVENANCE.items()}
    return dg.TableColumnLineage(deps_by_column={**lineage.deps_by_column, **known})


def preview(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue[Any]:
    """Return a few rows as a table; what a row has no value for is empty."""
    if not rows:
        return dg.MetadataValue.md("(no rows)")
    names = list(dict.fromkeys(name for row in rows for name in row))
    told = ({name: row.get(name) for name in names} for row in rows)
    records = [dg.TableRecord({name: "" if value is None else value for name, value in row.items()}) for row in told]
    schema = dg.TableSchema(columns=[dg.TableColumn(name=name, type="string") for name in names])
    return dg.MetadataValue.table(records=records, schema=schema)


def codes(counts: Mapping[str, int]) -> dg.MetadataValue[Any]:
    """Return the number of rows by rule code as a table."""
    return preview([{"code": code, "rows": count} for code, count in sorted(counts.items())])


def place(where: str) -> dg.MetadataValue[Any]:
    """Return a folder, a file or a place in S3 as text that can be copied."""
    return dg.MetadataValue.path(where)


def piece(folder: RunFolder, name: str) -> dg.MetadataValue[Any]:
    """Return where a piece of a run's folder is, such as its report, which is written once the run has ended."""
    return place(folder.store.location(folder.key_of(name)))


def run_report(folder: RunFolder) -> dict[str, Any]:
    """Return as metadata where the report of the run is that has made something."""
    return {"run_report": piece(folder, REPORT)}


def sql(text: str) -> dg.MetadataValue[Any]:
    """Return SQL as text to read and to copy."""
    return dg.MetadataValue.md(f"```sql\n{text.strip()}\n```")


def found(failing: int, what: str) -> str | None:
    """Say what a check found; None when it passed, because its own description is shown beside it.

    >>> found(1, "humidity is above 100")
    '1 row: humidity is above 100'
    """
    return f"{_rows(failing)}: {what}" if failing else None


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def groups(count: int) -> str:
    """Return a number of groups in words."""
    return f"{count} group" if count == 1 else f"{count} groups"


def load_metadata(
    report: LoadReport, table: str, rows: int | None = None, sample: Sequence[Row] | None = None
) -> dict[str, Any]:
    """Return one silver table's part of a load report as metadata.

    Args:
        report: of the load.
        table: bare name.
        rows: how many the table holds now; None where nobody has counted.
        sample: its first rows; None where nobody has looked.
    """
    part = report.tables[table]
    return {
        **({} if rows is None else {"dagster/row_count": rows}),
        **{f"rows_{name}": getattr(part.counts, name) for name in COUNTS},
        "reconciliation": balance(part.counts),
        "reject_codes": codes(part.rejects),
        "added_bytes": part.added_bytes,
        "added_files": part.added_files,
        "seconds": round(part.seconds, 3),
        "engine": report.engine,
        **({} if sample is None else {"preview": preview(sample)}),
    }


def landing_metadata(manifest: Manifest, dataset: str) -> dict[str, Any]:
    """Return what a plan found of one landing dataset; nothing is computed there, so no engine and no duration."""
    files = manifest.of(dataset)
    first = [{"key": f.key, "etag": f.etag, "size_bytes": f.size_bytes, "modified": str(f.modified)} for f in files[:5]]
    return {
        "files": len(files),
        "bytes": sum(file.size_bytes for file in files),
        "newest_file": max(file.modified for file in files).isoformat(),
        "run_id": manifest.run_id,
        "preview": preview(first),
    }


def balance(counts: Counts) -> str:
    """Return the reconciliation as two equations; in plain text, as the UI hides markdown of checks behind a click."""
    read, valid = ("read", "retried"), ("inserted", "updated", "unchanged")
    went = ("valid", "rejected", "superseded", "pending")
    return f"{_sum(counts, read)} = {_sum(counts, went)}; valid = {_sum(counts, valid)}"


def _sum(counts: Counts, names: Sequence[str]) -> str:
    return " + ".join(f"{name} {getattr(counts, name)}" for name in names)


def spending(spent: Spent) -> dict[str, Any]:
    """Return what was used where that is metered, and what it costs [US dollars]; nothing where nothing is metered."""
    if not spent.amounts:
        return {}
    return {"cost_usd": round(spent.usd, 6), **{unit: round(amount, 3) for unit, amount in spent.amounts.items()}}


def model_metadata(report: ModelReport) -> dict[str, Any]:
    """Return the report of one gold table's build as metadata."""
    rebuilt = {"rebuilt": report.rebuilt} if report.rebuilt else {}
    return (
        {
            "dagster/row_count": report.rows,
            "rows_inserted": report.inserted,
            "rows_updated": report.updated,
            "rows_deleted": report.deleted,
            "added_bytes": report.added_bytes,
            "seconds": round(report.seconds, 3),
            "engine": report.engine,
            "runs_caught_up": len(report.acknowledged),
            "preview": preview(report.preview),
        }
        | rebuilt
        | ({"kept_out": list(report.kept_out[:MOST_NAMES])} if report.kept_out else {})
    )
