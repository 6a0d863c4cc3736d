"""Pages of an API go through the load as CSV files do: rules, rejects, pending rows, replay and reconciliation."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import DiskFull
from lakehouse_assets.load import kept_records
from lakehouse_assets.storage.landing import ManifestFiles
from lakehouse_assets_tests.lake import LakeDriver
from lakehouse_assets_tests.load.conversions import OFFERS, conversion, driven, held, page
from lakehouse_assets_tests.oracle.loading import SOME_DAY
from lakehouse_assets_tests.spark import spark_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENGINES = [
    "duckdb",
    pytest.param(
        "spark",
        marks=[pytest.mark.spark, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")],
    ),
]


@pytest.fixture(params=ENGINES)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> LakeDriver:
    """An empty lake of either engine."""
    if request.param == "duckdb":
        return driven(LakeDriver(tmp_path))
    spark: SparkSession = request.getfixturevalue("spark")
    return driven(spark_lake(spark, tmp_path))


MIXED = page(
    "1.json",
    "[{},\n  {} , 5, {}, {}]".format(
        conversion(1, "123456789012.345678", more=', "details": {"a": [1.10, true, null]}'),
        conversion(2, '"12.5"'),
        conversion(3, "1e2"),
        conversion(4, "1.00", offer="99"),
    ),
)


def test_a_page_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at is kept until it is loaded; this one is opened again for the text of its rejects."""
    opened = Counter[str]()
    chunks = ManifestFiles.chunks

    def counted(files: ManifestFiles, entry: FileEntry, *part: int | None) -> Iterator[bytes]:
        opened[entry.key] += 1
        return chunks(files, entry, *part)

    monkeypatch.setattr(ManifestFiles, "chunks", counted)
    driven(LakeDriver(tmp_path)).load(OFFERS, MIXED)
    assert opened[MIXED.key] == 2


def test_no_room_for_what_is_kept_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the folder of temporary files; silver is as it was."""
    monkeypatch.setattr(kept_records.KeptRecords, "_path", lambda *_: "/dev/full")
    lake = driven(LakeDriver(tmp_path))
    with pytest.raises(DiskFull, match=r"kept-\w+.*[Nn]o space left"):
        lake.load(OFFERS, MIXED)
    assert held(lake) == {}


def test_every_record_of_a_page_ends_where_its_rules_put_it(lake: LakeDriver) -> None:
    """Good ones in silver with all digits, bad ones in rejects with exactly their text, orphans in pending."""
    counts = lake.load(OFFERS, MIXED).tables["clean_conversions"].counts
    assert (counts.read, counts.inserted, counts.rejected, counts.pending) == (5, 2, 2, 1)
    assert held(lake) == {
        "c1": ("7", "123456789012.345678", '{"a":[1.10,true,null]}', "conversions/1.json", 1),
        "c2": ("7", "12.500000", None, "conversions/1.json", 2),
    }
    rejects = {identity[3]: found for identity, found in lake.rejects().items()}
    assert rejects == {3: ("5", ("row_malformed",)), 4: (conversion(3, "1e2"), ("amount_invalid",))}
    assert {i[1:4:2]: found for i, found in lake.pending().items()} == {
        ("conversions/1.json", 5): (conversion(4, "1.00", offer="99"), ("unknown_offer",))
    }


def test_the_text_by_column_of_a_reject_is_kept(lake: LakeDriver) -> None:
    """What a correction starts from; of a record that is no object there is none."""
    lake.load(OFFERS, MIXED)
    rows = lake.rows("SELECT line, fields FROM delta_lakehouse.ecommerce_rejects ORDER BY line")
    assert rows[0]["fields"] is None
    assert orjson.loads(rows[1]["fields"]) == {
        "id": "c3", "offer_id": "7", "moment": "2025-04-01T10:00:00", "amount": "1e2", "details": None,
    }  # fmt: skip


def test_a_page_that_is_read_again_writes_nothing(lake: LakeDriver) -> None:
    """Packed and under another name it is the same content."""
    lake.load(OFFERS, MIXED)
    before = lake.data_files()
    again = replace(MIXED, key="conversions/0.json.gz", content=gzip.compress(MIXED.content))
    assert lake.load(MIXED).tables["clean_conversions"].counts.unchanged == 2
    assert lake.data_files() == before
    assert lake.load(again).tables["clean_conversions"].counts.unchanged == 2


def test_the_newest_version_of_a_conversion_wins(lake: LakeDriver) -> None:
    """Within a page by its event time, and for one moment by its place."""
    versions = [conversion(1, "1", 12), conversion(1, "2", 11), conversion(2, "3"), conversion(2, "4")]
    report = lake.load(OFFERS, page("1.json", f"[{','.join(versions)}]"))
    assert report.tables["clean_conversions"].counts.superseded == 2
    assert {key: (row[1], row[4]) for key, row in held(lake).items()} == {"c1": ("1.000000", 1), "c2": ("4.000000", 4)}


def test_a_late_offer_frees_its_conversion(lake: LakeDriver) -> None:
    """A pending record of a page is tried again by every run, without its page."""
    lake.load(MIXED)
    assert len(lake.pending()) == 3
    counts = lake.load(OFFERS, as_of=SOME_DAY + timedelta(days=1)).tables["clean_conversions"].counts
    assert (counts.retried, counts.inserted, counts.pending) == (3, 2, 1)


def test_a_reject_of_a_page_is_replayed_with_its_correction(lake: LakeDriver) -> None:
    """The corrected text by column goes through the rules like that of a CSV row."""
    lake.load(OFFERS, MIXED)
    (etag,) = {identity[2] for identity in lake.rejects()}
    text = "_file,_line,_etag,id,offer_id,moment,amount,details\n"
    text += f"conversions/1.json,4,{etag},c3,8,2025-04-01T10:00:00,100,\n"
    (lake.root / "fix.csv").write_text(text)
    lake.load(mode="replay", selection={"corrected": "fix.csv"})
    assert held(lake)["c3"] == ("8", "100.000000", None, "conversions/1.json", 4)
    assert [identity[3] for identity in lake.rejects()] == [3]


def test_pages_that_are_none_are_refused_and_cost_nothing_else(lake: LakeDriver) -> None:
    """One sentence each, by file; an empty page is fine; a new path is reported."""
    drifted = conversion(1, "1", more=', "new": {"x": 1}')
    good = page("4.json", f"[{drifted}]")
    pages = [page("1.json", "[]"), page("2.json", "{}"), page("3.json", "[{}]"), good]
    broken = replace(good, key="conversions/5.json.gz", content=gzip.compress(good.content)[:-9])
    report = lake.load(OFFERS, *pages, broken)
    assert {key.split("/")[1]: problem.split(": ", 1)[1] for key, problem in report.refused_files.items()} == {
        "2.json": "it has no array `data.conversions`",
        "3.json": "it lacks id, offer.id, created, payment.amount; it has nothing",
        "5.json.gz": "it is no complete gzip file",
    }
    assert report.extra_columns == {"conversions/4.json": ["new"]}
    assert report.tables["clean_conversions"].counts.read == 1
    assert list(held(lake)) == ["c1"]
