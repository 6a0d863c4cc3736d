"""Facts that were rejected are missing from silver: what they explain stops no export, and is warned of by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.affise.endpoints import CUSTOM_CLICKS
from lakehouse_assets.affise.simulator import reports
from lakehouse_assets.affise.simulator.shapes import clicks, conversions
from lakehouse_assets.engines.duckdb import DuckEngine
from lakehouse_assets.engines.duckdb_tables import relation_of
from lakehouse_assets_tests.affise.tenant import Case, tenant
from lakehouse_assets_tests.marketing.checking import add_row, failing, opened
from lakehouse_assets_tests.marketing.lake import Marketing
from lakehouse_assets_tests.oracle.sub5 import ticks

ZONE = "Europe/Moscow"
PULL = ticks(date(2026, 3, 12), 1, ZONE)[0].at
DAY, NEXT = date(2026, 3, 10), date(2026, 3, 11)
NOON = datetime.fromisoformat("2026-03-10T12:00:00+03:00")
CLOSED, WARNED = "hourly_totals.closed_days_differ", "hourly_totals.rejected_facts_missing"
NAMELESS = {"id": "", "click_id": "", "conversion_id": ""}
ODD = {"partner_id": "nobody"}
ONE_EACH = [{"day": DAY, "rejected_clicks": 1, "rejected_conversions": 1}]


def spoilt(patch: pytest.MonkeyPatch, shapes: Any, name: str, changes: Mapping[str, dict[str, Any]]) -> None:
    """Let the simulator write some records, by id, with other members."""
    write = getattr(shapes, name)

    def written(style: Any, one: Any, *args: Any, **kwargs: Any) -> Any:
        record = write(style, one, *args, **kwargs)
        return record | changes.get(record["id"], {})

    patch.setattr(shapes, name, written)


def click_from(case: Case, start: datetime) -> str:
    """The id of the first click after a moment."""
    return min(case.simulator.world.clicks(start, PULL), key=lambda one: one.created_at).click_id


def conversion_from(case: Case, start: datetime) -> str:
    """The id of the first conversion after a moment."""
    found = min(case.simulator.world.conversions(start, PULL), key=lambda one: one.created_at)
    return found.conversion_id


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marketing]:
    """A lake whose load rejected a click and a conversion of one closed day, and a click of the day that goes on."""
    folder = tmp_path_factory.mktemp("rejected")
    with (
        pytest.MonkeyPatch.context() as patch,
        tenant(folder, days=2, clicks_per_day=100, conversions_per_day=30) as case,
    ):
        today = datetime.fromisoformat("2026-03-12T00:00:00+03:00")
        spoilt(patch, clicks, "click", {click_from(case, NOON): NAMELESS, click_from(case, today): ODD})
        spoilt(patch, conversions, "conversion", {conversion_from(case, NOON): NAMELESS})
        made = Marketing(folder, case, zone=ZONE)
        made.tick(PULL)
        yield made


def totals(lake: Marketing, engine: DuckEngine) -> dict[str, list[dict[str, Any]]]:
    """What the two checks of closed days find."""
    found = failing(lake, engine, PULL)
    return {name: found[name] for name in (CLOSED, WARNED) if name in found}


def without(engine: DuckEngine, lake: Marketing, table: str, where: str) -> None:
    """Let a table of silver lack one row."""
    contract = lake.known[f"silver.{table}"]
    key = ", ".join(contract.key)
    engine.keep("whole", f"SELECT * FROM {contract.catalog_name}")
    one = f"SELECT {key} FROM whole WHERE {where} ORDER BY {key} LIMIT 1"
    engine.view(relation_of(contract.catalog_name), f"SELECT * FROM whole WHERE {key} NOT IN ({one})")


def more(lake: Marketing, engine: DuckEngine, count: int) -> None:
    """Let silver show so many clicks of the day more."""
    for number in range(count):
        add_row(lake, engine, "clicks", {"click_id": f"'{number}'"}, f"click_date = DATE '{DAY}'")


def test_rejected_facts_of_a_closed_day_are_warned_of_and_stop_nothing(lake: Marketing) -> None:
    """A click and a conversion without an id are told by `stats/custom`, and are not in silver."""
    with opened(lake) as engine:
        assert totals(lake, engine) == {WARNED: ONE_EACH}


WRONG: dict[str, Callable[[Marketing, DuckEngine], None]] = {
    "a click more is missing than was rejected": lambda lake, engine: without(
        engine, lake, "clicks", f"click_date = DATE '{NEXT}'"
    ),
    "a conversion more is missing than was rejected": lambda lake, engine: without(
        engine, lake, "conversions", f"conversion_date = DATE '{NEXT}' AND status <> 'not_found'"
    ),
    "a click too many on another day": lambda lake, engine: add_row(
        lake, engine, "clicks", {"click_id": "'a'"}, f"click_date = DATE '{NEXT}'"
    ),
    "two clicks too many on the same day": lambda lake, engine: more(lake, engine, 2),
    "unique clicks of another day": lambda lake, engine: add_row(
        lake, engine, "hourly_totals",
        {"clicks": "0", "conversions": "0", "hosts": "1", "revenue": "NULL", "payouts": "NULL"},
        f"total_date = DATE '{NEXT}'",
    ),
    "money of another day": lambda lake, engine: add_row(
        lake, engine, "hourly_totals",
        {"clicks": "0", "conversions": "0", "hosts": "0", "payouts": "CAST(1 AS DECIMAL(18, 6))"},
        f"total_date = DATE '{NEXT}'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_no_reject_explains_still_stops_the_export(lake: Marketing, wrong: str) -> None:
    """Rejects explain no more than they are, nothing of other days, and never a row too many."""
    with opened(lake) as engine:
        WRONG[wrong](lake, engine)
        assert CLOSED in totals(lake, engine)


def test_a_reject_that_was_settled_explains_nothing(lake: Marketing) -> None:
    """Its row should be in silver, so that it is missing is an error again."""
    rejects = lake.known["control.marketing_rejects"]
    names = ", ".join("'replayed' AS status" if c.name == "status" else c.name for c in rejects.columns)
    with opened(lake) as engine:
        engine.keep("settled", f"SELECT {names} FROM {rejects.catalog_name}")
        engine.view(relation_of(rejects.catalog_name), "SELECT * FROM settled")
        assert totals(lake, engine).keys() == {CLOSED}


def test_a_rejected_group_explains_as_many_clicks_as_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the API counts clicks, a record is a group of them."""
    write = reports._row  # noqa: SLF001 - what the simulator writes of a group

    def written(*args: Any) -> Any:
        row = write(*args)
        told = row["slice"]
        if "affiliate" in told and (told["day"], int(told["hour"])) == ("2026-03-10", 9):
            told["affiliate"] = f"nobody {told['affiliate']['id']}"
        return row

    monkeypatch.setattr(reports, "_row", written)
    with tenant(tmp_path, "clicks-gone", days=2, clicks_per_day=100, conversions_per_day=5) as case:
        made = Marketing(tmp_path, case, zone=ZONE)
        made.clicks = CUSTOM_CLICKS
        made.tick(PULL)
        count = len(list(case.simulator.world.clicks(NOON, NOON + timedelta(hours=1))))
        with opened(made) as engine:
            assert totals(made, engine) == {WARNED: [{"day": DAY, "rejected_clicks": count, "rejected_conversions": 0}]}
