"""What bronze holds: pages with every digit, which the format of JSON pages reads, and notes that tell of them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
import requests

from lakehouse_assets.affise.bronze import manifests, read_page
from lakehouse_assets.affise.endpoints import CLICKS, CONVERSIONS
from lakehouse_assets.affise.errors import PageDamaged
from lakehouse_assets.errors import StateDamaged
from lakehouse_assets.formats.compression import unpacked
from lakehouse_assets.formats.json_pages import JsonPages
from lakehouse_assets.formats.protocol import Field
from lakehouse_assets.progress import Progress
from lakehouse_assets_tests.affise.tenant import YESTERDAY, Case, documents, tenant


def test_a_note_that_nobody_wrote_is_named(case: Case) -> None:
    """With the way out."""
    key = "bronze/affise/clicks/2026-03-15/run-0/day.manifest.json"
    case.store.put(key, b"{}")
    with pytest.raises(StateDamaged, match=f"`{key}` cannot be used: .*pull its day again"):
        case.pull(CLICKS, YESTERDAY)


def test_money_has_the_digits_that_the_api_sent(tmp_path: Path) -> None:
    """Every number of a page stands in bronze as it stands in the answer, whatever form money has."""
    number = re.compile(rb"(?<=[:\[,])-?[0-9][0-9.eE+-]*(?=[,}\]])")
    with tenant(tmp_path, "money-forms") as case:
        case.pull(CONVERSIONS, YESTERDAY)
        query = f"date_from={YESTERDAY}&date_to={YESTERDAY}&timezone=UTC&limit=500&page=1"
        url = f"{case.simulator.url}/3.0/stats/conversions?{query}"
        body = requests.get(url, headers={"API-Key": case.simulator.key}, timeout=5).content
    (file,) = (tmp_path / "bronze/affise/conversions/2026-03-15").rglob("*.json.gz")
    kept = gzip.decompress(file.read_bytes())
    sent = number.findall(body[body.index(b'"conversions":') :].rpartition(b'"pagination"')[0])
    assert sent == number.findall(kept[kept.index(b'"records":') :].rpartition(b"]}")[0] + b"]")
    assert len(sent) > 100


def test_pages_are_read_by_the_format_of_json_pages(case: Case) -> None:
    """Its reader takes them as they are in the lake: packed, with the records below `records`."""
    (made,) = case.pull(CONVERSIONS, YESTERDAY).manifests
    fields = (Field("id", ("id",)), Field("offer", ("offer", "id")), Field("money", ("revenue",)))
    reader, key = JsonPages(fields, ("records",)), made.pages[0].key
    (batch,) = reader.batches(key, unpacked(key, case.store.chunks(key)), 0)
    assert sorted(batch.column("id").to_pylist()) == case.conversions(YESTERDAY)


def test_a_page_says_what_was_asked_and_answered(case: Case) -> None:
    """The facts by which a page can be judged years later."""
    case.pull(CLICKS, YESTERDAY)
    first, second = sorted(documents(case.folder / "bronze/affise/clicks"), key=lambda page: page["page"])
    facts = {name: value for name, value in second.items() if not name.endswith(("_at", "_hash", "_sha256", "records"))}
    assert facts == {
        "endpoint": "clicks", "path": "/3.0/stats/clicks", "tenant": case.simulator.url[7:], "run_id": "run-1",
            "as_of": "2026-03-16T06:30:00.000000Z", "zone": "Europe/Moscow",
        "slice": "day", "window_from": "2026-03-15T00:00:00+00:00", "window_to": "2026-03-16T00:00:00+00:00",
        "timezone": "UTC", "page": 2, "per_page": 500, "total_count": 1000, "next_page": None, "http_status": 200,
        "body_status": 1,
        "params": [["date_from", "2026-03-15"], ["date_to", "2026-03-15"], ["timezone", "UTC"], ["limit", "500"],
                   ["page", "2"]],
        "rest": {"status": 1, "statusCode": 200, "pagination": {"page": 2, "per_page": 500, "total_count": 1000}},
    }  # fmt: skip
    assert first["params_hash"] != second["params_hash"]
    assert first["requested_at"] <= first["received_at"] <= second["requested_at"]


def test_a_page_that_was_changed_is_noticed(case: Case) -> None:
    """A manifest names the etag of each page."""
    (made,) = case.pull(CONVERSIONS, YESTERDAY).manifests
    (case.folder / made.pages[0].key).write_bytes(gzip.compress(b'{"records":[]}'))
    with pytest.raises(PageDamaged, match=r"conversions/2026-03-15"):
        read_page(case.store, made.pages[0])


def test_who_waits_sees_how_far_it_is(case: Case) -> None:
    """What is pulled, and how many records of how many have come."""
    puller = case.puller()
    puller.day(CLICKS, YESTERDAY, case.now)
    assert str(puller.progress.now).startswith("pulling clicks of 2026-03-15: 2 files, ")
    assert str(puller.progress.now).endswith("1,000 of 1,000 rows")
    assert isinstance(puller.progress, Progress)


def test_runs_see_each_other_only_by_manifests(case: Case) -> None:
    """Those of a day are listed oldest first, of all runs or of one."""
    for run_id in ("b", "a"):
        case.pull(CONVERSIONS, YESTERDAY, run_id)
    assert [made.run_id for made in manifests(case.store, "conversions", YESTERDAY)] == ["b", "a"]
    assert [made.run_id for made in manifests(case.store, "conversions", YESTERDAY, "a")] == ["a"]
