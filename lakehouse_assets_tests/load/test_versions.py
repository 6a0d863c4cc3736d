"""Tables of versions: pages that a normaliser makes flat, and rows that are kept where something has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakehouse_assets.contracts import Contract
from lakehouse_assets.contracts.reader import read_contracts
from lakehouse_assets.contracts.references import Seed
from lakehouse_assets.formats.normalised_pages import Record
from lakehouse_assets_tests.kiosks.documents import KEY, from_landing, table
from lakehouse_assets_tests.lake import LakeDriver, counts_of
from lakehouse_assets_tests.oracle.loading import File
from lakehouse_assets_tests.spark import spark_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ON_SPARK = [pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]
SECOND = {"primaryKey": True, "primaryKeyPosition": 2, "required": True}


def names(record: Record, page: Record) -> Iterator[Mapping[str, Any]]:
    """One row per name of a shop, with the moment of the pull, which the page says."""
    for name in record["names"]:
        yield {"shop": record["id"], "since": page["pulled_at"], "name": name["text"], "rank": record.get("rank")}


class Shops(LakeDriver):
    """A lake with the one table `shop_versions`."""

    pipeline = "shops"

    def contracts(self) -> dict[str, Contract]:
        """See `LakeDriver`."""
        columns = [("shop", "BIGINT", "Shop", KEY), ("since", "TIMESTAMP", "First pull", SECOND)]
        text = [("name", "STRING", "Name", {}), ("rank", "DECIMAL(18,6)", "Rank", {})]
        landed = [(name, "STRING", name, {}) for name in ("shop", "since", "name", "rank")]
        normaliser = f"{__name__}:names"
        pages = {"files": "pages/*.json", "format": "json_pages", "records": "shops", "normaliser": normaliser}
        rule = ("shop_invalid", "row", "reject", "parse_bigint(shop) IS NULL")
        malformed = ("row_malformed", "reader", "reject", "the record cannot be taken apart")
        silver = table("silver", "shop_versions", from_landing(*columns, *text), (malformed, rule), landing="shops",
                       versions="since", max_reject_ratio=1)  # fmt: skip
        known = read_contracts([table("landing", "shops", landed, **pages), silver], self.pipeline)
        known.require_sound()
        return known

    def seeds(self) -> tuple[Seed, ...]:
        """See `LakeDriver`."""
        return ()

    def rows(self) -> list[tuple[Any, ...]]:
        """What the table holds, in the order of its key."""
        engine = self.query()
        try:
            found = engine.rows("SELECT shop, since, name, rank FROM lake.shop_versions ORDER BY shop, since")
        finally:
            engine.close()
        return [(row["shop"], row["since"].hour, row["name"], row["rank"] and str(row["rank"])) for row in found]


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=ON_SPARK)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Shops:
    """An empty lake on each engine."""
    if request.param == "duckdb":
        return Shops(tmp_path)
    session: SparkSession = request.getfixturevalue("spark")
    return Shops(tmp_path, engine=spark_lake(session, tmp_path).engine)


def pull(hour: int, *shops: object) -> File:
    """A page that was pulled at this hour."""
    moment = datetime(2026, 1, 1, hour, tzinfo=UTC)
    document = {"pulled_at": moment.isoformat(), "shops": list(shops)}
    return File("shops", f"pages/{hour}.json", moment, json.dumps(document).encode())


def shop(number: object, *texts: str, **more: object) -> dict[str, object]:
    """A shop as the API tells it."""
    return {"id": number, "names": [{"text": text} for text in texts], **more}


def test_a_row_is_kept_where_something_changes(lake: Shops) -> None:
    """The second pull says the same of shop 1; shop 2 is renamed, and then has its old name again."""
    lake.load(pull(9, shop(1, "Kiosk"), shop(2, "Bar", rank=1.5)))
    report = lake.load(pull(14, shop(1, "Kiosk"), shop(2, "Pub", rank=1.5)))
    assert counts_of(report)["shop_versions"]["unchanged"] == 1
    lake.load(pull(20, shop(1, "Kiosk"), shop(2, "Bar", rank=1.5)))
    one, two = (1, 9, "Kiosk", None), ("Bar", "1.500000")
    assert lake.rows() == [one, (2, 9, *two), (2, 14, "Pub", "1.500000"), (2, 20, *two)]


def test_pulls_that_come_at_once_are_compared_with_each_other(lake: Shops) -> None:
    """As when silver is made anew from all that was ever pulled; the same once more writes nothing."""
    pulls = (pull(9, shop(1, "A")), pull(10, shop(1, "A")), pull(11, shop(1, "B")), pull(12, shop(1, "A")))
    report = lake.load(*pulls)
    assert (
        counts_of(report)["shop_versions"] | {"read": 4, "inserted": 3, "unchanged": 1}
        == counts_of(report)["shop_versions"]
    )
    assert [row[1:3] for row in lake.rows()] == [(9, "A"), (11, "B"), (12, "A")]
    again = counts_of(lake.load(*pulls))["shop_versions"]
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, 4)


def test_a_pull_that_comes_late_is_put_where_it_belongs(lake: Shops) -> None:
    """Its name held from then on until the next one that is known."""
    lake.load(pull(9, shop(1, "A")), pull(14, shop(1, "B")))
    lake.load(pull(11, shop(1, "C")))
    assert [row[1:3] for row in lake.rows()] == [(9, "A"), (11, "C"), (14, "B")]


def test_a_record_gives_any_number_of_rows_and_a_bad_one_is_a_reject(lake: Shops) -> None:
    """Two rows of one shop at one moment are versions of one key; what cannot be taken apart is kept as a reject."""
    report = lake.load(pull(9, shop(1), shop("x", "A"), [1], {"id": 3}, shop(4, "A", "B")))
    assert (
        counts_of(report)["shop_versions"] | {"read": 5, "rejected": 3, "superseded": 1, "inserted": 1}
        == (counts_of(report)["shop_versions"])
    )
    assert report.tables["shop_versions"].rejects == {"row_malformed": 2, "shop_invalid": 1}
    assert lake.rows() == [(4, 9, "B", None)]
    engine = lake.query()
    raw = [row["raw"] for row in engine.rows("SELECT raw FROM lake.shops_rejects ORDER BY line")]
    engine.close()
    assert raw == ['{"id": "x", "names": [{"text": "A"}]}', "[1]", '{"id": 3}']
