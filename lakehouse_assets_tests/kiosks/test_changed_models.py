"""A model that changes: its table is built whole, in one commit, and so is what reads it; versions never mix."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts import Column
from lakehouse_assets.engines.iceberg import MODEL
from lakehouse_assets.errors import ContractBreaking, FenceLost
from lakehouse_assets.load.gold import Builder, catch_up
from lakehouse_assets.load.model_states import ModelState
from lakehouse_assets.load.take_over import take_over
from lakehouse_assets_tests.kiosks.documents import MODELS
from lakehouse_assets_tests.kiosks.lake import Kiosks, file_of
from lakehouse_assets_tests.oracle.loading import SOME_DAY

HALF = MODELS["daily_totals"].replace("sum(d.amount)", "int_div(cents(sum(d.amount)), 200)")
NET = MODELS["daily_regions"].replace("count(s.sale_id)", "count(s.sale_id) * 10")


class Changing(Kiosks):
    """The same lake with SELECTs that a test may change; gold is built in order of what it reads."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.changed: dict[str, str] = {}

    def model(self, name: str) -> str:
        """See `LakeDriver`."""
        return self.changed.get(name, MODELS[name])

    def why(self) -> dict[str, str]:
        """Why tables are behind."""
        return {name: state.why for name, state in self.states().items() if state.why}

    def states(self) -> dict[str, ModelState]:
        """Where every gold table stands."""
        return self.models().states()

    def snapshots(self, name: str) -> int:
        """How many commits changed rows of a gold table."""
        return len(self.value.iceberg(self.known[f"gold.{name}"]).snapshots())

    def forget_versions(self) -> None:
        """Make of every gold table one of before versions were noted."""
        for state in self.states().values():
            with self.value.iceberg(state.contract).transaction() as transaction:
                transaction.remove_properties(MODEL)
        self.value.delta(self.known["control.kiosks_run_ledger"]).delete("kind = 'model'")


@pytest.fixture
def lake(tmp_path: Path) -> Changing:
    """Two days of sales, and gold that is up to date."""
    made = Changing(tmp_path)
    made.load(file_of("sales", 1, "s1,2025-04-01,DE,k1,10.00", "s2,2025-04-02,JP,k1,4.00"))
    made.all_gold()
    return made


def totals(*rows: tuple[int, int, str]) -> list[tuple[Any, ...]]:
    """Rows of the daily totals: day of April, regions, amount."""
    return [(date(2025, 4, day), regions, Decimal(amount)) for day, regions, amount in rows]


def test_nothing_is_behind_after_a_build(lake: Changing) -> None:
    """Each table notes the version of its model, and the ledger knows it."""
    assert lake.why() == {}
    assert all(state.built == state.version for state in lake.states().values())
    known = lake.rows("SELECT table_name, run_id FROM lake.kiosks_run_ledger WHERE kind = 'model'")
    assert {row["table_name"]: row["run_id"] for row in known} == {n: s.version.code for n, s in lake.states().items()}


def test_a_changed_select_is_applied_to_all_rows_in_one_commit(lake: Changing) -> None:
    """Without a new file; the build says why, and a second one finds nothing to do."""
    lake.changed["daily_totals"], commits = HALF, lake.snapshots("daily_totals")
    assert lake.why() == {"daily_totals": "its SELECT changed"}
    assert lake.all_gold()["daily_totals"] == totals((1, 1, "5.00"), (2, 1, "2.00"))
    assert (lake.snapshots("daily_totals"), lake.why()) == (commits + 1, {})
    lake.gold("daily_totals")
    assert (lake.caught_up.rebuilt, lake.caught_up.built.commit) == ("", None)


def test_a_drop_after_a_change_does_not_mix_versions(lake: Changing) -> None:
    """The drop touches one day; the others are of the new version too."""
    lake.changed["daily_totals"] = HALF
    lake.load(file_of("sales", 2, "s3,2025-04-02,FR,k1,6.00"))
    assert lake.all_gold()["daily_totals"] == totals((1, 1, "5.00"), (2, 2, "5.00"))


def test_who_reads_a_changed_table_follows(lake: Changing) -> None:
    """Ten times the sales of a region's days are ten times the sales of the region; the rest stays."""
    lake.changed["daily_regions"] = NET
    reads = "`kiosk_gold.daily_regions`, which it reads, changed"
    follow = {"daily_totals": reads, "region_totals": reads}
    assert lake.why() == {"daily_regions": "its SELECT changed", **follow}
    assert lake.all_gold()["region_totals"] == [("Asia", 1, 10), ("Europe", 2, 10)]
    assert lake.why() == {}


def test_what_is_built_from_a_table_that_is_behind_stays_behind(lake: Changing) -> None:
    """Only the reader was built: it has read the rows of before, and is built again after the table that it reads."""
    lake.changed["daily_regions"] = NET
    lake.gold("region_totals")
    assert (
        lake.caught_up.rebuilt == "`kiosk_gold.daily_regions`, which it reads, is behind its own code and was not built"
    )
    assert set(lake.why()) == {"daily_regions", "daily_totals", "region_totals"}
    assert lake.all_gold()["region_totals"] == [("Asia", 1, 10), ("Europe", 2, 10)]


def test_a_changed_select_with_the_same_answer_writes_no_rows(lake: Changing) -> None:
    """The version is noted, and no snapshot is made."""
    lake.changed["daily_totals"], commits = MODELS["daily_totals"].replace("sum(d.amount)", "sum(d.amount + 0)"), 1
    assert lake.snapshots("daily_totals") == commits
    lake.all_gold()
    assert (lake.snapshots("daily_totals"), lake.why()) == (commits, {})


def test_a_build_that_loses_its_fence_leaves_the_version_of_before(lake: Changing) -> None:
    """Rows and version are one commit: neither is there without the other, and no data file is left behind."""
    lake.changed["daily_totals"] = HALF
    engine, files, calls = lake.query(), lake.data_files(), iter([None])

    def guard() -> None:
        if next(calls, "lost"):
            raise FenceLost(run_id="r", pipeline="kiosks", holder="s")

    engine.show(lake.known["gold.daily_regions"])
    with pytest.raises(FenceLost):
        catch_up(lake.models(), "daily_totals", Builder("r", SOME_DAY, lambda _: engine, guard))
    engine.close()
    assert (lake.why(), lake.data_files()) == ({"daily_totals": "its SELECT changed"}, files)


def test_tables_of_before_are_taken_as_they_are_once(lake: Changing) -> None:
    """No row is written; a change that comes after is noticed, one that came before cannot be."""
    lake.forget_versions()
    lake.changed["daily_regions"], files = NET, lake.data_files()
    assert take_over(lake.models(), lake.models().states(), "run-x", SOME_DAY) == tuple(lake.states())
    assert (lake.why(), take_over(lake.models(), lake.models().states(), "run-y", SOME_DAY), lake.data_files()) == (
        {},
        (),
        files,
    )
    lake.changed["daily_totals"] = HALF
    assert lake.why() == {"daily_totals": "its SELECT changed"}


def test_a_table_that_forgot_its_version_is_no_table_of_before(lake: Changing) -> None:
    """The ledger knows that it had one, so it is built anew."""
    with lake.value.iceberg(lake.known["gold.daily_totals"]).transaction() as transaction:
        transaction.remove_properties(MODEL)
    assert lake.why() == {"daily_totals": "it does not say which version of its model it was built with"}
    assert lake.all_gold()["daily_totals"] == totals((1, 1, "10.00"), (2, 1, "4.00"))
    assert lake.why() == {}


def test_other_columns_need_a_new_major_version(lake: Changing) -> None:
    """Without it the build is refused and the table stays; with it rows and columns change in one commit."""
    known, totals_of = dict(lake.known), lake.known["gold.daily_totals"]
    text = Column("amount", "STRING", "Amount as text")
    other = replace(totals_of, columns=(totals_of.columns[0], text, Column("sales", "BIGINT", "Sales")))
    lake.changed["daily_totals"] = (
        'SELECT d."day", as_text(sum(d.amount)) AS amount, CAST(sum(d.sales) AS BIGINT) AS sales '
        'FROM kiosk_gold.daily_regions AS d WHERE :everything OR d."day" IN (:touched_days) GROUP BY d."day"'
    )
    lake.known = known | {"gold.daily_totals": other}
    with pytest.raises(ContractBreaking, match="daily_totals"):
        lake.gold("daily_totals")
    lake.known = known | {"gold.daily_totals": replace(other, version="2.0.0")}
    rows = [tuple(row.values()) for row in lake.gold("daily_totals")]
    assert rows == [(date(2025, 4, 1), "10.00", 1), (date(2025, 4, 2), "4.00", 1)]
    document = lake.value.iceberg_document(totals_of)
    (schema,) = [s for s in document["schemas"] if s["schema-id"] == document["current-schema-id"]]
    assert [(f["name"], f["type"]) for f in schema["fields"]] == [
        ("day", "date"), ("amount", "string"), ("sales", "long"),
    ]  # fmt: skip
    assert json.loads(document["properties"][MODEL])["parts"]["major"] == "2"
