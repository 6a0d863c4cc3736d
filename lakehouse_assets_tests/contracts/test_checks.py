"""The generic checks, asked of small tables: which rows they find. Their text is in the emitted machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.checks import WHOLE, assertion_sql
from lakehouse_assets.contracts.reader import parse_contract
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets_tests.contracts.documents import Item, column, gold, rule, silver

AS_OF = datetime(2025, 4, 10, 12)  # noqa: DTZ001 - zone-less UTC, as the run's clock


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    """An engine for one test."""
    engine = DuckEngine("unused")
    yield engine
    engine.close()


def asked(engine: DuckEngine, contract: Contract, code: str, **columns: list[Any]) -> list[dict[str, Any]]:
    """What the check of that code answers when the table holds these columns."""
    engine.register("lake__things", pa.table(columns))
    (check,) = (r for r in contract.rules if r.code == code)
    return engine.rows(assertion_sql(contract, check), {"as_of": AS_OF})


def daily(kind: str, **parameters: object) -> Contract:
    """A gold table by day with one check."""
    return parse_contract(gold(column("n", "BIGINT"), rules=(rule("check", kind, "warn", **parameters),)))


def test_keys_unique_finds_a_key_that_occurs_twice(engine: DuckEngine) -> None:
    """The row names the key, whatever it is called, and how often it is there."""
    table = parse_contract(gold(column("order", place=2), rules=(rule("check", "keys_unique", "fail"),)))
    days = [date(2025, 4, 1)] * 3
    found = asked(engine, table, "check", day=days, order=["a", "b", "b"])
    assert found == [{"day": date(2025, 4, 1), "order": "b", "n": 2}]


def test_volume_compares_the_newest_date_with_the_average_before_it(engine: DuckEngine) -> None:
    """Two rows after days of four are exactly half, and so enough; of a share of three quarters they are not."""
    days = [date(2025, 4, 1)] * 4 + [date(2025, 4, 2)] * 4 + [date(2025, 4, 3)] * 2
    assert asked(engine, daily("volume"), "check", day=days) == []
    (found,) = asked(engine, daily("volume", share=0.75), "check", day=days)
    assert (found["day"], found["rows_found"], found["usual_rows"]) == (date(2025, 4, 3), 2, 4.0)


def test_a_small_share_is_written_out(engine: DuckEngine) -> None:
    """Python writes a ten-millionth with an exponent, which SQL would read as another number."""
    days = [date(2025, 4, 1)] * 40 + [date(2025, 4, 2)]
    assert "0.0000001E0" in assertion_sql(daily("volume", share=1e-7), daily("volume", share=1e-7).rules[0])
    assert asked(engine, daily("volume", share=1e-7), "check", day=days) == []


def test_freshness_counts_days_before_the_run(engine: DuckEngine) -> None:
    """Two days before the run are fresh enough by default, three are not, and the promise may be longer."""
    two, three = {"day": [date(2025, 4, 8)]}, {"day": [date(2025, 4, 7)]}
    assert asked(engine, daily("freshness"), "check", **two) == []
    assert asked(engine, daily("freshness"), "check", **three) == [
        {"newest": date(2025, 4, 7), "as_of": date(2025, 4, 10)}
    ]
    assert asked(engine, daily("freshness", days=3), "check", **three) == []


PLACEHOLDERS = [date(2025, 4, 12), date(9999, 12, 31)]
"""Days that the run of April 10 cannot know yet; April 11 is today somewhere."""


def test_dates_to_come_hide_no_age(engine: DuckEngine) -> None:
    """The newest date is the newest that has come; where none has, the table is old; an empty table is not."""
    assert asked(engine, daily("freshness"), "check", day=[date(2025, 4, 7), *PLACEHOLDERS]) == [
        {"newest": date(2025, 4, 7), "as_of": date(2025, 4, 10)}
    ]
    assert asked(engine, daily("freshness"), "check", day=[date(2025, 4, 1), date(2025, 4, 11)]) == []
    assert [row["newest"] for row in asked(engine, daily("freshness"), "check", day=PLACEHOLDERS)] == [None]
    assert asked(engine, daily("freshness"), "check", day=pa.array([], pa.date32())) == []


def test_dates_to_come_are_no_newest_day(engine: DuckEngine) -> None:
    """The few rows of a placeholder are not compared with other days, and a small newest day is found behind them."""
    days = [date(2025, 4, 8)] * 4 + [date(2025, 4, 9)] * 4
    assert asked(engine, daily("volume"), "check", day=[*days, *PLACEHOLDERS]) == []
    (found,) = asked(engine, daily("volume"), "check", day=[*days, date(2025, 4, 10), *PLACEHOLDERS])
    assert (found["day"], found["rows_found"], found["usual_rows"]) == (date(2025, 4, 10), 1, 4.0)


def test_date_in_future_names_the_rows(engine: DuckEngine) -> None:
    """Key and date of each that is further ahead than the contract allows; what it allows counts as come elsewhere."""
    days = [date(2025, 4, 10), date(2025, 4, 11), *PLACEHOLDERS]
    assert asked(engine, daily("date_in_future", days=1), "check", day=days) == [{"day": day} for day in PLACEHOLDERS]
    rules = (rule("check", "date_in_future", "warn", days=2), rule("fresh", "freshness", "warn", days=0))
    table = parse_contract(gold(column("n", "BIGINT"), rules=rules))
    assert asked(engine, table, "check", day=days) == [{"day": date(9999, 12, 31)}]
    assert asked(engine, table, "fresh", day=PLACEHOLDERS) == []


def test_a_check_may_go_by_another_date(engine: DuckEngine) -> None:
    """The property `column` names it, also in a table whose window is no date."""
    document = gold(column("seen", "DATE"), rules=(rule("check", "freshness", "warn", column="seen"),))
    found = asked(engine, parse_contract(document), "check", day=[date(2025, 4, 10)], seen=[date(2025, 4, 1)])
    assert [row["newest"] for row in found] == [date(2025, 4, 1)]


def referring(*columns: Item) -> Contract:
    """A silver table whose columns `a` and `b` both refer to `lake.others`."""
    parents = tuple(rule(f"no_{c}", "reference", "pending", f"{c} REFERENCES lake.others (id)") for c in ("a", "b"))
    return parse_contract(silver(*columns, rules=(*parents, rule("check", "no_orphans", "fail"))))


def test_no_orphans_finds_rows_whose_parent_is_not_there(engine: DuckEngine) -> None:
    """Each reference is looked up by itself, two into one table too; a missing one is enough."""
    table = referring(*(column(name, source=name) | {"required": True} for name in ("a", "b")))
    engine.register("lake__others", pa.table({"id": ["x", "y"]}))
    found = asked(engine, table, "check", id=["1", "2", "3"], a=["x", "z", "y"], b=["y", "x", "z"])
    assert sorted(found, key=str) == [{"id": "2", "a": "z", "b": "x"}, {"id": "3", "a": "y", "b": "z"}]


def test_a_reference_that_may_be_null_is_no_orphan_when_it_is(engine: DuckEngine) -> None:
    """NULL names no parent, so none is missing."""
    table = referring(column("a", source="a"), column("b", source="b"))
    engine.register("lake__others", pa.table({"id": ["x"]}))
    found = asked(engine, table, "check", id=["1", "2"], a=["x", None], b=[None, "z"])
    assert [row["id"] for row in found] == ["2"]


EARLY, LATE = datetime(2025, 4, 1), datetime(2025, 4, 9)  # noqa: DTZ001 - zone-less UTC, as engines show silver
SINCE = {"as_of": AS_OF, "since": LATE}


def test_touched_keys_are_looked_up_in_the_whole_table(engine: DuckEngine) -> None:
    """A key that came now and is there already is found; one that was twice before is left to the whole check."""
    table = parse_contract(silver(rules=(rule("check", "keys_unique", "fail"),)))
    rows = {"id": ["old", "old", "new", "new", "one"], "_file_time": [EARLY, EARLY, EARLY, LATE, LATE]}
    engine.register("lake__things", pa.table(rows))
    check = table.rules[-1]
    assert engine.rows(assertion_sql(table, check, touched=True), SINCE) == [{"id": "new", "n": 2}]
    assert len(engine.rows(assertion_sql(table, check))) == 2


def test_touched_orphans_are_those_that_came_now(engine: DuckEngine) -> None:
    """Each with whichever parent is missing; rows of earlier files were checked when they came."""
    table = referring(column("a", source="a"), column("b", source="b"))
    engine.register("lake__others", pa.table({"id": ["x"]}))
    rows = {"id": ["1", "2", "3"], "a": ["z", "z", "x"], "b": ["x", "x", "x"], "_file_time": [EARLY, LATE, LATE]}
    engine.register("lake__things", pa.table(rows))
    found = engine.rows(assertion_sql(table, table.rules[-1], touched=True), SINCE)
    assert [row["id"] for row in found] == ["2"]


def test_what_has_no_file_is_always_checked_whole() -> None:
    """Gold does not know which file a row came from; ages and volumes are of whole tables."""
    table = daily("keys_unique")
    assert assertion_sql(table, table.rules[0], touched=True) == assertion_sql(table, table.rules[0])
    aged = parse_contract(
        silver(column("day", "DATE", source="day"), rules=(rule("check", "freshness", "warn", column="day"),))
    )
    assert ":since" not in assertion_sql(aged, aged.rules[-1], touched=True)


def test_keys_of_a_table_by_day_are_looked_for_in_the_touched_days(engine: DuckEngine) -> None:
    """The key that is twice on a touched day is found; the whole check finds that of the other day too."""
    table = parse_contract(
        gold(column("id", place=2), partition_by="day", rules=(rule("check", "keys_unique", "fail"),))
    )
    days = [date(2025, 4, 1)] * 2 + [date(2025, 4, 2)] * 2
    engine.register("lake__things", pa.table({"day": days, "id": ["a", "a", "b", "b"]}))
    sql = assertion_sql(table, table.rules[0], touched=True)
    found = engine.rows(sql, {"everything": False, "touched": (date(2025, 4, 2),)})
    assert [row["id"] for row in found] == ["b"]
    assert len(engine.rows(sql, WHOLE)) == 2
