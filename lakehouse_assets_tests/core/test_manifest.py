"""Manifests: what is written is what is read, and which landing key belongs to which dataset."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.contracts import contracts
from lakehouse_assets.core.manifest import FileEntry, Manifest, dataset_of, utc_moment
from lakehouse_assets.core.request import RunRequest, parse_request
from lakehouse_assets.errors import BadRequest, ContractInvalid

AS_OF = datetime(2025, 4, 2, 9, 0, 0, 123_456, tzinfo=UTC)
ORDERS = FileEntry("orders", "orders/1.csv", "e1", 3, AS_OF)
ITEMS = FileEntry("order_items", "order_items/1.csv", "e2", 0, AS_OF, archived="archived/x")
MANIFEST = Manifest("r1", "ecommerce", "file:///landing", (ITEMS, ORDERS), RunRequest(as_of=AS_OF))
DATASETS = ("products", "orders", "order_items")
SHOP = {c.name: c.files for c in contracts("ecommerce").values() if c.layer == "landing"}
PAGES = {"offers": ("offers/*/page-[0-9]*.json", "offers/*/page-[0-9]*.json.gz"), "stats": ("stats-????.json",)}
MOMENTS = st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
ENTRIES = st.builds(
    FileEntry,
    dataset=st.sampled_from(DATASETS),
    key=st.text(min_size=1, max_size=8),
    etag=st.text(max_size=4),
    size_bytes=st.integers(0, 2**50),
    modified=MOMENTS,
    archived=st.text(min_size=1, max_size=8),
)


ASKED = st.sampled_from(
    [
        {},
        {"max_reject_ratio": 0.5},
        {"mode": "replay", "selection": {"code": "date_missing"}},
        {"mode": "reprocess", "date": "2025-04-01"},
        {"window": {"start": "2025-04-01", "end": "2025-04-07"}},
    ]
)


@given(st.lists(ENTRIES, max_size=4), MOMENTS, ASKED)
def test_what_is_written_is_read_again(entries: list[FileEntry], as_of: datetime, asked: dict[str, object]) -> None:
    """Through JSON, with every microsecond."""
    request = parse_request({"as_of": as_of, **asked})
    written = Manifest("r1", "ecommerce", "file:///l", tuple(sorted(entries)), request)
    assert Manifest.from_dict(json.loads(json.dumps(written.to_dict()))) == written


def test_files_are_read_in_the_order_of_dataset_and_key() -> None:
    """A manifest that somebody wrote in another order is the same work."""
    backwards = replace(MANIFEST, files=(ORDERS, ITEMS))
    assert Manifest.from_dict(backwards.to_dict()) == MANIFEST


def test_a_manifest_knows_the_files_of_a_dataset() -> None:
    """A dataset without files has none."""
    assert [MANIFEST.of(name) for name in DATASETS] == [(), (ORDERS,), (ITEMS,)]


def test_the_files_that_were_asked_for_are_not_kept_beside_the_files() -> None:
    """The manifest's own list says more than the pairs of key and etag in the request."""
    asked = replace(MANIFEST, request=RunRequest(as_of=AS_OF, files=(("orders/1.csv", "e1"),)))
    assert Manifest.from_dict(asked.to_dict()) == MANIFEST


def test_a_manifest_of_version_0_1_0_is_read() -> None:
    """It has the fields of the request beside the files, and a reprocess without its date."""
    entry = {"dataset": "orders", "key": "orders/1.csv", "etag": "e1", "size_bytes": 3, "archived": "archived/x"}
    old = {
        "run_id": "r1",
        "pipeline": "ecommerce",
        "as_of": "2025-04-02T09:00:00.123456+00:00",
        "landing": "file:///landing",
        "files": [entry | {"modified": "2025-04-02T09:00:00.123456+00:00"}],
        "mode": "reprocess",
        "selection": {},
        "max_reject_ratio": 0.5,
    }
    found = Manifest.from_dict(old)
    assert (found.files, found.as_of, found.mode) == ((replace(ORDERS, archived="archived/x"),), AS_OF, "reprocess")
    assert (found.selection, found.request.max_reject_ratio) == ({}, 0.5)
    replayed = Manifest.from_dict(old | {"mode": "replay", "selection": {"code": "date_missing"}})
    assert (replayed.mode, replayed.selection) == ("replay", {"code": "date_missing"})


@pytest.mark.parametrize("wrong", [{"request": {"as_of": "yesterday"}}, {"files": [{}]}, {"request": {"mode": "all"}}])
def test_what_is_no_manifest_is_not_read(wrong: dict[str, object]) -> None:
    """A clock that is none, an entry without its fields, a mode that there is not: callers tell the user."""
    with pytest.raises((TypeError, ValueError, KeyError, BadRequest)):
        Manifest.from_dict(MANIFEST.to_dict() | wrong)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-04-02T09:00:00.123456Z", AS_OF),
        ("2025-04-02T11:00:00.123456+02:00", AS_OF),
        ("2025-04-02T09:00:00.123456", AS_OF),
        ("2025-04-02", datetime(2025, 4, 2, tzinfo=UTC)),
    ],
)
def test_a_moment_is_utc_whatever_it_was_written_in(text: str, moment: datetime) -> None:
    """An offset is applied; without one it is UTC already."""
    found = utc_moment(text)
    assert (found, found.utcoffset()) == (moment, timedelta(0))
    assert utc_moment(moment.astimezone(timezone(timedelta(hours=-3))).isoformat()) == moment


@pytest.mark.parametrize(
    ("key", "dataset"),
    [
        ("products.csv", "products"),
        ("products.csv.gz", "products"),
        ("orders/2025-04-01.csv", "orders"),
        ("orders/a b [1].csv.gz", "orders"),
        ("order_items/1.csv", "order_items"),
        ("orders/deep/1.csv", None),
        ("orders/1.CSV", None),
        ("Orders/1.csv", None),
        ("orders/1.csv.bz2", None),
        ("orders/1.parquet", None),
        ("orders", None),
        ("", None),
        ("weather/1.csv", None),
        ("weather.csv", None),
        ("ordersx.csv", None),
        ("backup/orders.csv", None),
        ("orders/_1.csv", None),
        (".orders/1.csv", None),
        ("orders/1.csv.part", None),
        ("orders_$folder$", None),
    ],
)
def test_the_shops_files_are_those_of_its_contracts(key: str, dataset: str | None) -> None:
    """One file or a folder of them, packed or not; nothing deeper, nothing in flight, nothing of another kind."""
    assert dataset_of(key, SHOP) == dataset


@pytest.mark.parametrize(
    ("key", "dataset"),
    {
        "offers/2025-04-01/page-1.json": "offers",
        "offers/2025-04-01/page-12.json.gz": "offers",
        "offers/2025-04-01/page-x.json": None,
        "offers/page-1.json": None,
        "offers/2025-04-01/page-1.json.part": None,
        "stats-2025.json": "stats",
        "stats-202.json": None,
        "stats-20/5.json": None,
    }.items(),
)
def test_patterns_may_name_any_files(key: str, dataset: str | None) -> None:
    """Pages of JSON in folders, sets and single characters; no wildcard stands for a slash."""
    assert dataset_of(key, PAGES) == dataset


def test_a_file_of_two_datasets_is_refused() -> None:
    """Taking it for either would lose it for the other, so the patterns have to be told apart."""
    with pytest.raises(ContractInvalid, match=r"contract `a`: its `files` take `x/1.csv`, and so do those of `b`"):
        dataset_of("x/1.csv", {"a": ["x/*.csv"], "b": ["*/1.csv"]})
