"""Ask the same question of the embedded engine, of Spark and of Athena on Trino, and make their answers comparable.

Here: lakes that all three see, and values by type. The comparison itself is `test_same_rows.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.checks import WHOLE, assertion_sql
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.spark import SparkEngine, relation_of
from lakehouse_assets.sql.ddl import declare_statements
from lakehouse_assets.sql.dialects import Parameter
from lakehouse_assets.sql.gold import assertion_statement, window_parameters
from lakehouse_assets.sql.models import tables_read
from lakehouse_assets.sql.zones import OF_RUN
from lakehouse_assets_tests.emulator.asking import Aws
from lakehouse_assets_tests.emulator.running import REGION
from lakehouse_assets_tests.lake import LakeDriver

Rows = list[tuple[tuple[str, Any], ...]]
"""Rows as (type, value) by column, in an order of their own."""
DIGITS = 9


@dataclass(frozen=True)
class Question:
    """A SELECT of the project's, with what its parameters are, and whether a machine tells its zone only as it runs."""

    sql: str
    parameters: Mapping[str, Parameter]
    zone_of_run: bool = False


@dataclass(frozen=True)
class Shared:
    """A lake in the emulator's S3 whose tables are in its Glue catalog, with gold built and acknowledged."""

    aws: Aws
    driver: LakeDriver
    as_of: datetime

    def model(self, contract: Contract) -> Question:
        """What a gold table is made of, whole."""
        return Question(self.driver.model(contract.name), window_parameters(contract, None))

    def check(self, contract: Contract, code: str, as_of: datetime | None = None) -> Question:
        """What an assertion asks of whole tables, by the lake's clock or another one."""
        rule = next(rule for rule in contract.assertions if rule.code == code)
        at = (as_of or self.as_of).replace(tzinfo=None)
        return Question(assertion_sql(contract, rule), {**WHOLE, "as_of": at}, zone_of_run=True)

    def embedded(self, asked: Question) -> Rows:
        """The answer of the embedded engine."""
        engine = DuckEngine(self.driver.value, zone=self.driver.zone)
        try:
            for contract in self.read_by(asked):
                engine.show(contract)
            return comparable(engine.rows(asked.sql, asked.parameters))
        finally:
            engine.close()

    def spark(self, asked: Question, session: Any) -> Rows:
        """The answer of Spark, which reads silver itself and is handed gold."""
        embedded = DuckEngine(self.driver.value, zone=self.driver.zone)
        engine = SparkEngine(session, self.driver.value, zone=self.driver.zone)
        try:
            for contract in self.read_by(asked):
                if contract.layer != "gold":
                    engine.attach(contract)
                else:
                    embedded.show(contract)
                    rows = embedded.arrow(f"SELECT * FROM {contract.catalog_name}")
                    engine.register(relation_of(contract.catalog_name), rows)
            return comparable(engine.rows(asked.sql, asked.parameters))
        finally:
            engine.close()
            embedded.close()

    def athena(self, asked: Question) -> Rows:
        """The answer of Athena to the text that it gets in production."""
        zone = OF_RUN if asked.zone_of_run else self.driver.zone
        text = assertion_statement(asked.sql, asked.parameters, zone=zone).replace(OF_RUN, self.driver.zone)
        done = self.aws.query(text)
        assert done["Status"]["State"] == "SUCCEEDED", (done["Status"], text)
        pages = self.aws.client("athena").get_paginator("get_query_results")
        answers = list(pages.paginate(QueryExecutionId=done["QueryExecutionId"]))
        info = answers[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        lines = [row["Data"] for answer in answers for row in answer["ResultSet"]["Rows"]][1:]
        kinds = [column["Type"] for column in info]
        return ordered(
            [
                tuple(read(cell.get("VarCharValue"), kind) for cell, kind in zip(line, kinds, strict=True))
                for line in lines
            ]
        )

    def delta_options(self) -> dict[str, str]:
        """How delta-rs reaches the lake."""
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ALLOW_HTTP": "true"}
        return {**keys, "AWS_ENDPOINT_URL": self.aws.emulator.url, "AWS_REGION": REGION}

    def run(self, statement: str) -> None:
        """Have Athena change something."""
        done = self.aws.query(statement)
        assert done["Status"]["State"] == "SUCCEEDED", (done["Status"], statement)

    def read_by(self, asked: Question) -> list[Contract]:
        """The contracts of the tables that a question is about."""
        read = tables_read(asked.sql)
        return [contract for contract in self.stored() if contract.catalog_name in read]

    def stored(self) -> list[Contract]:
        """The contracts of the tables that are stored."""
        return [contract for contract in self.driver.known.values() if contract.layer != "landing"]

    def declare(self) -> None:
        """Put all tables into the catalog by the statements that production runs."""
        for statement in declare_statements(self.driver.known.values(), self.driver.value.root):
            self.run(statement)


def comparable(rows: list[dict[str, Any]]) -> Rows:
    """Return rows of an engine, whose values are Python's."""
    return ordered([tuple(typed(value) for value in row.values()) for row in rows])


def ordered(rows: Rows) -> Rows:
    """Return rows in the order of their texts, since a SELECT without ORDER BY has none."""
    return sorted(rows, key=repr)


def typed(value: Any) -> tuple[str, Any]:
    """Return type and value, as exactly as all engines have it: moments to the millisecond, which Trino reads of Delta.

    >>> typed(datetime(2026, 1, 2, 3, 4, 5, 678901)), typed(Decimal("1.50")), typed(1)
    (('moment', datetime.datetime(2026, 1, 2, 3, 4, 5, 679000)), ('decimal', Decimal('1.5')), ('whole', 1))
    """
    for kind, convert in CONVERTED:
        if isinstance(value, kind):
            return convert(value)
    return ("null", None) if value is None else ("text", str(value))


def moment(value: datetime) -> tuple[str, Any]:
    """Return a moment of UTC, rounded as Trino rounds what it reads of Delta."""
    plain = value.replace(tzinfo=None) - (value.utcoffset() or timedelta()) + timedelta(microseconds=500)
    return "moment", plain.replace(microsecond=plain.microsecond // 1000 * 1000)


CONVERTED: tuple[tuple[type, Callable[[Any], tuple[str, Any]]], ...] = (
    (bool, lambda value: ("boolean", value)),
    (int, lambda value: ("whole", value)),
    (float, lambda value: ("double", float(f"{value:.{DIGITS}g}"))),
    (Decimal, lambda value: ("decimal", value.normalize())),
    (datetime, moment),
    (date, lambda value: ("date", value)),
    (list, lambda value: ("text", "[" + ", ".join("null" if one is None else str(one) for one in value) + "]")),
)
READ: Mapping[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("double", "float"), float),
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp with time zone": lambda text: datetime.fromisoformat(text.removesuffix(" UTC")),
}


def read(text: str | None, kind: str) -> tuple[str, Any]:
    """Return a cell of Athena's as `typed` does.

    >>> read("1.50", "decimal"), read("2026-01-02 03:04:05.678 UTC", "timestamp with time zone")[0], read(None, "date")
    (('decimal', Decimal('1.5')), 'moment', ('null', None))
    """
    return ("null", None) if text is None else typed(READ.get(kind, str)(text))
