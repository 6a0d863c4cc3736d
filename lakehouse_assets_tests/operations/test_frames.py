"""`lakehouse_assets.table`: a table as a data frame, from a folder, a bucket and through Athena."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from lakehouse_assets import table
from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.model import Column
from lakehouse_assets.errors import BadRequest, TableMissing
from lakehouse_assets.operations import frames
from lakehouse_assets.operations.frames import statement
from lakehouse_assets.settings import read_settings
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.compute.aws.doubles import AthenaDouble, use_athena
from lakehouse_assets_tests.operations.conftest import FIRST, Cli, Shop

ORDERS = "delta_lakehouse.clean_orders"


def test_columns_have_the_types_of_the_contract(shown: Shop) -> None:
    """Amounts are exact, times are moments in UTC, dates are dates, and the rows are in the order of the key."""
    found = table(ORDERS, columns=["total_amount", "order_timestamp", "date", "order_id"], lake=str(shown.lake))
    assert found.total_amount.to_list() == [Decimal("10.00"), Decimal("20.50")]
    assert found.order_timestamp[0] == datetime(2025, 4, 1, 10, tzinfo=UTC)
    assert (found.date[1], found.order_id[1]) == (date(2025, 4, 1), "101")
    assert [str(kind) for kind in found.dtypes] == [
        "decimal128(18, 2)[pyarrow]",
        "timestamp[us, tz=UTC][pyarrow]",
        "date32[day][pyarrow]",
        "string[pyarrow]",
    ]


def test_every_table_can_be_read(shown: Shop) -> None:
    """Gold, and control tables with the reject of the first day; of nothing there are the columns all the same."""
    gold = table("ecommerce_gold.daily_sales", where="department = 'Toys'", lake=str(shown.lake))
    assert (len(gold), gold.amount[0], gold.reorder_rate.dtype.kind) == (1, Decimal("20.50"), "f")
    assert table("delta_lakehouse.ecommerce_rejects", lake=str(shown.lake)).codes.to_list() == ["amount_invalid"]
    nothing = table(ORDERS, where="date > DATE '2030-01-01'", lake=str(shown.lake))
    assert (len(nothing), str(nothing.total_amount.dtype)) == (0, "decimal128(18, 2)[pyarrow]")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "delta_lakehouse.nothing"}, "there is no table `delta_lakehouse.nothing`; there are: "),
        ({"columns": ["a"]}, "there is no column `a` of `delta_lakehouse.clean_orders`; there are: order_id, "),
        ({"columns": "order_id"}, "`order_id` is no list of columns"),
        ({"where": "1 = 1 UNION SELECT 1"}, "which is no condition in Athena's SQL"),
        ({"as_of": "yesterday"}, "allowed is a time such as"),
        ({"as_of": datetime(2001, 1, 1, tzinfo=UTC)}, "did not exist at 2001-01-01"),
        ({"lake": "nowhere"}, "there is no lake at"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(shown: Shop, asked: dict[str, Any], said: str) -> None:
    """It says what there is."""
    with pytest.raises(BadRequest) as raised:
        table(**{"name": ORDERS, "lake": str(shown.lake)} | asked)
    assert said in str(raised.value)


def test_a_moment_is_asked_for_as_text_or_as_a_value(shown: Shop) -> None:
    """Now is later than the first run."""
    now = datetime.now(UTC)
    assert len(table(ORDERS, as_of=now, lake=str(shown.lake))) == 2
    assert len(table(ORDERS, as_of=now.isoformat(), lake=str(shown.lake))) == 2


def test_the_package_is_imported_without_pandas() -> None:
    """What only needs a part of it, a function on Lambda, has no pandas."""
    script = "import sys, lakehouse_assets; sys.exit('pandas' in sys.modules or 'duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_lake_in_a_bucket_is_read_alike(s3: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The same rows and types as from a folder; a table that nothing has made says so."""
    store = open_store(f"{s3}/landing")
    for key, text in FIRST.items():
        store.put(key, text.encode())
    monkeypatch.setenv("LAKEHOUSE_HISTORY", str(tmp_path))
    at = ("--lake", f"{s3}/lake", "--landing", f"{s3}/landing")
    assert cli("run", "ecommerce", *at, "--max-reject-ratio", "1").code == 0
    found = table("ecommerce_gold.daily_sales", columns=["department", "amount"], lake=f"{s3}/lake")
    assert found.amount.to_list() == [Decimal("10.00"), Decimal("20.50")]
    with pytest.raises(TableMissing):
        table("marketing_lakehouse.offers", lake=f"{s3}/lake")


@pytest.fixture
def athena(s3: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Athena's double before a lake in a bucket, and the statements that it was asked."""
    asked: list[str] = []

    def answer(sql: str) -> tuple[Sequence[tuple[str, str]], Sequence[Sequence[str | None]]]:
        asked.append(sql)
        columns = [("order_id", "varchar"), ("order_timestamp", "timestamp(6)"), ("total_amount", "decimal(18,2)")]
        return columns, [["100", "2025-04-01 10:00:00.000000", "10.00"], ["101", None, None]]

    open_store(f"{s3}/lake").put("runs/ecommerce/r1/report.json", b"{}")
    for name, value in {"TARGET": "aws", "LAKE": f"{s3}/lake"}.items():
        monkeypatch.setenv(f"LAKEHOUSE_{name}", value)
    use_athena(monkeypatch, AthenaDouble(answer=answer))
    return asked


def test_with_target_aws_athena_reads(athena: list[str]) -> None:
    """The same types as from files; NULL is NA, and the statement names columns, condition and order."""
    found = table(ORDERS, columns=["order_id", "order_timestamp", "total_amount"], where="user_id <> '9'")
    assert found.total_amount[0] == Decimal("10.00")
    assert found.order_timestamp[0] == datetime(2025, 4, 1, 10, tzinfo=UTC)
    assert found.total_amount[1] is pd.NA
    assert str(found.order_timestamp.dtype) == "timestamp[us, tz=UTC][pyarrow]"
    (asked,) = athena
    assert asked.startswith('SELECT "order_id", "order_timestamp", "total_amount" FROM delta_lakehouse.clean_orders')
    assert asked.endswith("WHERE user_id <> '9' ORDER BY \"order_id\"")


def test_a_sum_of_a_report_is_athenas(athena: list[str]) -> None:
    """With its own types, whatever no contract says of them."""
    found = frames.ask_frame(read_settings(), "SELECT sum(total_amount) AS n FROM delta_lakehouse.clean_orders")
    assert (found.total_amount.sum(), len(found), athena[0][:10]) == (Decimal("10.00"), 2, "SELECT sum")


def test_athena_answers_lists_and_rows_as_json() -> None:
    """Its own text of a list tells neither where a value ends nor of which type it is."""
    columns = (Column("id", "STRING", "Id.", key=1), Column("days", "ARRAY<DATE>", "Days."))
    contract = _contract(columns)
    asked = statement(contract, ["days"], None, nested_as_json=True)
    assert asked == 'SELECT JSON_FORMAT(CAST("days" AS JSON)) AS "days" FROM d.t ORDER BY "id"'
    schema = frames.schema_of(contract, ["days"])
    page = frames.page_of(schema, [('["2025-04-01",null]',), (None,)])
    assert page.column(0).to_pylist() == [[date(2025, 4, 1), None], None]


def _contract(columns: tuple[Column, ...]) -> Contract:
    from dataclasses import replace

    from lakehouse_assets.contracts import contracts

    return replace(contracts("ecommerce")["gold.daily_sales"], database="d", name="t", columns=columns)
