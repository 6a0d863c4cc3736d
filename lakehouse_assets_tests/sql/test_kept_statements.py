"""A statement that a process asks for again is not written again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlglot import exp

from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets.sql import dialects
from lakehouse_assets.sql.dialects import MOST_KEPT, render


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are parsed, in their order; nothing is kept yet."""
    found, parse = list[str](), dialects.parse

    def noted(sql: str) -> exp.Expr:
        found.append(sql)
        return parse(sql)

    monkeypatch.setattr(dialects, "parse", noted)
    dialects._kept.cache_clear()  # noqa: SLF001 - what other tests have left
    return found


def test_the_same_statement_is_parsed_once(read: list[str]) -> None:
    """It is the same text both times."""
    texts = [render("SELECT a FROM d.t", "duckdb", table=relation_of) for _ in range(2)]
    assert texts == ["SELECT a FROM d__t AS t"] * 2
    assert len(read) == 1


def test_whatever_a_text_depends_on_makes_another_one() -> None:
    """Names of tables, the dialect, the zone; and parameters, whose values may be equal and are written otherwise."""
    sql, local = "SELECT a FROM d.t", "SELECT local_date(a) AS day FROM t"
    assert render(sql, "duckdb") == "SELECT a FROM d.t"
    assert render(sql, "duckdb", table=str.upper) == "SELECT a FROM D.T AS t"
    assert len({render("SELECT cents(a) FROM t", dialect) for dialect in ("duckdb", "spark", "athena")}) > 1
    assert render(local, "duckdb", zone="UTC") != render(local, "duckdb", zone="Europe/Berlin")
    written = [render("SELECT :n", "duckdb", parameters={"n": Decimal(text)}) for text in ("1.0", "1.00")]
    assert written[0] != written[1]


def test_a_statement_as_long_as_a_table_is_not_kept(read: list[str]) -> None:
    """Literals of thousands of keys would fill the memory of a process that lives long."""
    sql = f"SELECT '{'x' * MOST_KEPT}'"
    assert render(sql, "duckdb") == render(sql, "duckdb") == sql
    assert len(read) == 2
