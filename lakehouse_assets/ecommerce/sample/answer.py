"""Compare a run of the demo with the sample's known answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakehouse_assets.ecommerce.sample.spec import Expectation

if TYPE_CHECKING:
    from lakehouse_assets.compute.reports import RunReport
    from lakehouse_assets.storage.lake import Lake

PIPELINE = "ecommerce"


def compare(expected: Expectation, report: RunReport, lake: Lake) -> list[str]:
    """Return one line for each part of the sample's known answer that the run answered otherwise."""
    answer = expected.to_dict()
    found: dict[str, Any] = {
        "tables": {
            table: {name: getattr(report.tables[table], name) for name in counts}
            for table, counts in answer["tables"].items()
        },
        "rejects": report.rejects,
        "pending": pending_codes(lake),
        "refused_files": report.refused_files,
        "orders_amount": orders_amount(lake),
    }
    wanted = {name: answer[name] for name in found if name in answer}
    wanted["orders_amount"] = answer["totals"]["orders_amount"]
    return [f"{name}: expected {wanted[name]}, found {found[name]}" for name in found if wanted[name] != found[name]]


def pending_codes(lake: Lake) -> dict[str, int]:
    """Count the pending rows of the lake by the code of the reference that they wait for."""
    from lakehouse_assets.contracts import contract
    from lakehouse_assets.contracts.layers import control_name
    from lakehouse_assets.load.control_tables import ControlTable

    table = ControlTable(contract(PIPELINE, control_name(PIPELINE, "pending")), lake)
    codes = [code for row in table.read(columns="codes").to_pylist() for code in row["codes"].split(",")]
    return {code: codes.count(code) for code in sorted(set(codes))}


def orders_amount(lake: Lake) -> str:
    """Return the sum of `total_amount` over all orders in silver, as text."""
    from lakehouse_assets.contracts import contract
    from lakehouse_assets.load.control_tables import ControlTable

    table = ControlTable(contract(PIPELINE, "silver.clean_orders"), lake)
    return str(table.read(columns="sum(total_amount) AS amount")["amount"][0].as_py())
