"""Manifests: what is written is what is read, and which landing key belongs to which dataset."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.core.manifest import FileEntry, Manifest, dataset_of, utc_moment

AS_OF = datetime(2025, 4, 2, 9, 0, 0, 123_456, tzinfo=UTC)
ORDERS = FileEntry("orders", "orders/1.csv", "e1", 3, AS_OF)
ITEMS = FileEntry("order_items", "order_items/1.csv", "e2", 0, AS_OF, archived="archived/x")
MANIFEST = Manifest("r1", "ecommerce", AS_OF, "file:///landing", (ITEMS, ORDERS))
DATASETS = ("products", "orders", "order_items")
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


@given(st.lists(ENTRIES, max_size=4), MOMENTS, st.sampled_from(["load", "replay", "reprocess"]))
def test_what_is_written_is_read_again(entries: list[FileEntry], as_of: datetime, mode: str) -> None:
    """Through JSON, with every microsecond."""
    written = Manifest(
        "r1", "ecommerce", as_of, "file:///l", tuple(sorted(entries)), mode, {"code": "x"}, max_reject_ratio=0.5
    )
    assert Manifest.from_dict(json.loads(json.dumps(written.to_dict()))) == written


def test_files_are_read_in_the_order_of_dataset_and_key() -> None:
    """A manifest that somebody wrote in another order is the same work."""
    backwards = replace(MANIFEST, files=(ORDERS, ITEMS))
    assert Manifest.from_dict(backwards.to_dict()) == MANIFEST


def test_a_manifest_knows_the_files_of_a_dataset() -> None:
    """A dataset without files has none."""
    assert [MANIFEST.of(name) for name in DATASETS] == [(), (ORDERS,), (ITEMS,)]


def test_a_manifest_of_before_lacks_what_came_later() -> None:
    """Mode, selection, ratio and archive key have defaults, so that older manifests are read."""
    old = MANIFEST.to_dict()
    for name in ("mode", "selection", "max_reject_ratio"):
        del old[name]
    for entry in old["files"]:
        del entry["archived"]
    assert Manifest.from_dict(old) == replace(MANIFEST, files=(replace(ITEMS, archived=None), ORDERS))


@pytest.mark.parametrize("wrong", [{"as_of": "yesterday"}, {"files": [{}]}, {"colour": "red"}])
def test_what_is_no_manifest_is_not_read(wrong: dict[str, object]) -> None:
    """A clock that is none, an entry without its fields, an unknown field: callers tell the user."""
    with pytest.raises((TypeError, ValueError, KeyError)):
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
        ("orders/a b.csv.gz", "orders"),
        ("orders/deep/1.csv", None),
        ("orders/1.CSV", None),
        ("orders/1.csv.bz2", None),
        ("orders/1.parquet", None),
        ("orders", None),
        ("weather/1.csv", None),
        ("weather.csv", None),
        ("ordersx.csv", None),
        ("orders/_1.csv", None),
        (".orders/1.csv", None),
        ("orders/1.csv.part", None),
        ("orders_$folder$", None),
    ],
)
def test_the_dataset_of_a_key(key: str, dataset: str | None) -> None:
    """A file of the dataset's name, or one in its folder, plain or compressed; nothing hidden or unfinished."""
    assert dataset_of(key, DATASETS) == dataset
