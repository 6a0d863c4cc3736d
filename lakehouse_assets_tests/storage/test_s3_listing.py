"""A look to a depth does not page through what lies deeper."""

from __future__ import annotations

import pytest

from lakehouse_assets.storage import s3_listing
from lakehouse_assets.storage.s3 import ODD_KEY, S3Store


@pytest.fixture
def store(s3: str, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """An empty store whose pages have three keys."""
    monkeypatch.setattr(s3_listing, "PAGE_KEYS", 3)
    return S3Store(f"{s3}/lake")


def test_a_deep_folder_costs_one_request_more(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 14 keys three pages are read, where it would have been five: what follows `a/old/` is not passed over."""
    for key in ("a/1.csv", *(f"a/old/{number:02}.csv" for number in range(11)), "a/old0", "b.csv"):
        store.put(key, b"x")
    counted, asked = list[int](), s3_listing.pages

    def pages(*given: object) -> object:
        for page in asked(*given):
            counted.append(len(page))
            yield page

    monkeypatch.setattr(s3_listing, "pages", pages)
    seen = store.look(depth=2)
    assert (seen.keys, seen.deeper, counted) == (["a/1.csv", "a/old0", "b.csv"], ("a/old/",), [3, 2])


def test_keys_behind_every_other_character_end_a_look_too(store: S3Store) -> None:
    """A folder of names that begin with the last character there is is paged through as it is."""
    for number in range(7):
        store.put(f"a/old/\U0010ffff{number}.csv", b"x")
    store.put("b.csv", b"x")
    seen = store.look(depth=2)
    assert (seen.keys, seen.deeper) == (["b.csv"], ("a/old/",))


def test_a_deep_key_with_an_empty_part_is_named(store: S3Store) -> None:
    """By its folder, and as what it is; a placeholder of a folder is nothing."""
    store.put("orders/1.csv", b"x")
    s3_listing.client().put_object(Bucket=store.place.bucket, Key=store.place.full("orders//2.csv"), Body=b"x")
    s3_listing.client().put_object(Bucket=store.place.bucket, Key=store.place.full("orders/empty/"), Body=b"")
    seen = store.look(depth=2)
    assert (seen.keys, seen.passed_over, seen.deeper) == (["orders/1.csv"], {"orders//": ODD_KEY}, ())
