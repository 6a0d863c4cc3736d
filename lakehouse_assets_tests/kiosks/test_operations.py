"""Reference tables in the commands: asked by SQL, in the dictionary, and as work of a plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.compute.reports import PlanReport
from lakehouse_assets.core.request import RunRequest
from lakehouse_assets.engines.query import QueryScope, ask
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.operations.dictionary import render
from lakehouse_assets.storage.opening import open_store
from lakehouse_assets_tests.kiosks.lake import Kiosks
from lambdas.planrun import left_over, logic


def answers(lake: Kiosks, sql: str, as_of: datetime | None = None) -> list[tuple[object, ...]]:
    """Rows of an answer, as `lakehouse sql` gets them."""
    tables = {c.catalog_name: c for c in lake.known.values() if c.layer != "landing"}
    return [row for batch in ask(QueryScope(lake.value, tables), sql, as_of).batches for row in batch]


def test_a_reference_table_is_asked_like_any_other(tmp_path: Path) -> None:
    """SELECT, SHOW TABLES and DESCRIBE know it; before the first run it is not there yet."""
    lake = Kiosks(tmp_path)
    with pytest.raises(BadRequest, match=r"`lake\.country` is not there yet"):
        answers(lake, "SELECT count(*) FROM lake.country")
    lake.load()
    assert answers(lake, "SELECT code FROM lake.country WHERE vat_percent > 15 ORDER BY code") == [("DE",), ("FR",)]
    assert ("lake.country", "reference", "Country") in answers(lake, "SHOW TABLES")
    assert ("code", "string", None, "ISO 3166-1 alpha-2") in answers(lake, "DESCRIBE lake.country")


def test_a_reference_table_is_read_as_it_was(tmp_path: Path) -> None:
    """An earlier seed is still there for who asks for the time before the change."""
    lake = Kiosks(tmp_path)
    lake.load()
    before = datetime.now(UTC) + timedelta(milliseconds=1)
    lake.countries += "US,America,,\n"
    lake.load()
    count = "SELECT count(*) FROM lake.country"
    assert (answers(lake, count, before), answers(lake, count)) == ([(3,)], [(4,)])


def test_the_dictionary_shows_reference_tables_before_silver(tmp_path: Path) -> None:
    """The overview goes by layer; the table has its columns and rules."""
    page = render(Kiosks(tmp_path).known.values())
    overview = [line.split("|")[2].strip() for line in page.splitlines() if line.startswith("| [")]
    assert list(dict.fromkeys(overview)) == ["landing", "reference", "silver", "control", "gold"]
    assert "\n## lake.country\n" in page
    assert "| `code_is_short` | row | reject | code is short |" in page


def planned(lake: Kiosks, run_id: str) -> PlanReport:
    """The answer of a plan over an empty landing."""
    request = RunRequest(as_of=datetime(2025, 4, 6, tzinfo=UTC))
    return logic.plan(logic.Planned(run_id, "ecommerce", request, open_store(str(lake.landing)), lake.value))


def test_a_changed_seed_is_work_for_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any file a run is due when a table does not hold its seed, and none once it does."""
    lake = Kiosks(tmp_path)
    lake.value.create()
    # The seeds of a pipeline that ships lie in its package; these lie in the tests.
    monkeypatch.setattr(left_over, "seeds", lambda _known, _pipeline: lake.seeds())
    first = planned(lake, "r1")
    assert (first.references, first.has_work) == (["country"], True)
    lake.load()
    second = planned(lake, "r2")
    assert (second.references, second.has_work) == ([], False)
