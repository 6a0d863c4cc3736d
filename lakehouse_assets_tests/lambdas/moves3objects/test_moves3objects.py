"""The archive moves exactly the manifest's objects, in slices, and never loses or doubles one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.compute.reports import Left
from lakehouse_assets.core.archive import archive_key, quarantine_key
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.errors import BadRequest, StorageUnavailable
from lakehouse_assets.storage import writers
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.objects import ObjectStore
from lakehouse_assets.storage.watch import WatchList, give_back
from lakehouse_assets_tests.lambdas.moves3objects.moving import (
    AS_OF,
    AT_NINE,
    archived,
    drop,
    entry,
    keys,
)
from lambdas.moves3objects import logic
from lambdas.moves3objects.logic import MoveResult, move_objects, target_of


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("orders/2025-04-01.csv", "2025-04-01.csv"),
        ("orders.csv", "orders.csv"),
        ("orders/orders.csv", "orders%2Forders.csv"),
        ("orders/Größe 1.csv.gz", "Größe 1.csv.gz"),
        ("orders/a/b%2F.csv", "a%2Fb%252F.csv"),
        ("elsewhere.csv", "%2Felsewhere.csv"),
        ("orders/two\nlines.csv", "two%0Alines.csv"),
    ],
)
def test_archive_names_are_readable(key: str, name: str) -> None:
    """A name stays as it is but for what would be ambiguous or unprintable."""
    folder = "archived/ecommerce/orders/2025-04-02/r1"
    assert archive_key("ecommerce", entry(key), "r1", AS_OF) == f"{folder}/e1-{name}"


@settings(max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.text(min_size=1),
            st.lists(st.sampled_from(["orders", "orders.csv", "/", "%", "2F", "a", "~"]), min_size=1).map("".join),
            st.text(st.sampled_from("ab/%ü"), min_size=170, max_size=200),
        ),
        unique=True,
    )
)
def test_archive_keys_are_injective(names: list[str]) -> None:
    """Objects of one dataset and run with the same content never share an archive key."""
    assert len({archive_key("ecommerce", entry(name), "r1", AS_OF) for name in names}) == len(names)


def test_a_long_name_fits_the_file_system(landing: FolderStore, lake: FolderStore) -> None:
    """The longest name a folder can hold is archived under a shorter one."""
    manifest = drop(landing, **{"ü" * 120: b"x"})
    assert move_objects(manifest, landing, lake).left == []
    assert len(keys(lake)) == 1


def test_long_names_with_one_beginning_are_kept_apart() -> None:
    """Two names that are too long and differ at the end only have two keys."""
    names = [f"orders/{'a' * 300}{end}" for end in "xy"]
    assert len({archive_key("ecommerce", entry(name), "r1", AS_OF) for name in names}) == 2


def test_a_multipart_etag_is_not_read_as_part_of_the_name() -> None:
    """The etag `e-3` of `x` and the etag `e` of `3-x` give different keys."""
    pairs = [("orders/x", "e-3"), ("orders/3-x", "e")]
    assert len({archive_key("ecommerce", entry(key, etag), "r1", AS_OF) for key, etag in pairs}) == 2


def test_refused_files_go_to_quarantine() -> None:
    """A refused key goes to quarantine, the others to the archive."""
    target = target_of({"orders/bad.csv"})
    tops = [target("ecommerce", entry(key), "r1", AS_OF).split("/")[0] for key in ("orders/bad.csv", "orders/a.csv")]
    assert tops == ["quarantine", "archived"]
    expected = "quarantine/ecommerce/orders/2025-04-02/r1/e1-bad.csv"
    assert quarantine_key("ecommerce", entry("orders/bad.csv"), "r1", AS_OF) == expected


def test_moves_the_manifest_and_nothing_else(landing: FolderStore, lake: FolderStore) -> None:
    """Files that came after the manifest stay in landing."""
    manifest = drop(landing, a=b"1", b=b"22")
    landing.put("orders/late.csv", b"333")
    landing.put("orders-hold/secret.csv", b"4")
    result = move_objects(manifest, landing, lake)
    assert result == MoveResult(["orders/a.csv", "orders/b.csv"], [], 3, None)
    assert keys(landing) == ["orders-hold/secret.csv", "orders/late.csv"]
    assert keys(lake) == sorted([archived(b"1", "a"), archived(b"22", "b")])


def test_same_name_in_a_later_run_keeps_both(landing: FolderStore, lake: FolderStore) -> None:
    """A file that is dropped again under its name does not overwrite the archived one."""
    first = drop(landing, a=b"old")
    move_objects(first, landing, lake)
    second = drop(landing, a=b"new")
    move_objects(Manifest("r2", "ecommerce", landing.uri, second.files, AT_NINE), landing, lake)
    assert sorted(lake.read(key) for key in keys(lake)) == [b"new", b"old"]


def test_same_content_twice_in_one_run_keeps_both(landing: FolderStore, lake: FolderStore) -> None:
    """`orders.csv` and `orders/orders.csv` with equal content are two archived objects."""
    landing.put("orders.csv", b"same")
    manifest = drop(landing, orders=b"same")
    assert move_objects(manifest, landing, lake).moved == ["orders.csv", "orders/orders.csv"]
    assert len(keys(lake)) == 2


def test_a_changed_file_stays(landing: FolderStore, lake: FolderStore) -> None:
    """A file that changed after the manifest is neither archived nor deleted, and is reported."""
    manifest = drop(landing, a=b"1", b=b"2")
    landing.put("orders/a.csv", b"changed")
    result = move_objects(manifest, landing, lake)
    assert result == MoveResult(["orders/b.csv"], [Left("orders/a.csv", logic.CHANGED)], 1, None)
    assert landing.read("orders/a.csv") == b"changed"
    assert keys(lake) == [archived(b"2", "b")]


def test_a_vanished_file_is_reported(landing: FolderStore, lake: FolderStore) -> None:
    """A file that somebody took away is reported, and the others go on."""
    manifest = drop(landing, a=b"1", b=b"2")
    landing.path_of("orders/a.csv").unlink()
    result = move_objects(manifest, landing, lake)
    assert (result.moved, result.left) == (["orders/b.csv"], [Left("orders/a.csv", logic.VANISHED)])


class Interrupted(FolderStore):
    """A lake in another file system than landing, where something happens right after a copy is made."""

    after: Callable[[], object]

    def take_from(self, *_: object, **__: object) -> bool:
        """Files cannot simply be moved here."""
        return False

    def copy_from(self, source: ObjectStore, source_key: str, *, source_etag: str, key: str) -> None:
        """Copy, then let it happen."""
        super().copy_from(source, source_key, source_etag=source_etag, key=key)
        self.after()


def test_a_file_swapped_between_copy_and_delete_stays(landing: FolderStore, tmp_path: Path) -> None:
    """The old version is archived, the new one stays in landing, and the report says so."""
    manifest = drop(landing, a=b"old")
    lake = Interrupted(tmp_path / "lake")
    lake.after = lambda: landing.put("orders/a.csv", b"new")
    assert move_objects(manifest, landing, lake).left == [Left("orders/a.csv", logic.REPLACED)]
    assert landing.read("orders/a.csv") == b"new"
    assert lake.read(archived(b"old", "a")) == b"old"


def test_a_run_killed_between_copy_and_delete_is_resumed(landing: FolderStore, tmp_path: Path) -> None:
    """What was copied before is deleted and counted as moved by the second attempt."""
    manifest = drop(landing, a=b"1", b=b"2")
    lake = Interrupted(tmp_path / "lake")

    def interrupt() -> None:
        raise KeyboardInterrupt

    lake.after = interrupt
    with pytest.raises(KeyboardInterrupt):
        move_objects(manifest, landing, lake)
    assert keys(landing) == ["orders/a.csv", "orders/b.csv"]
    result = move_objects(manifest, landing, FolderStore(lake.root))
    assert (result.moved, keys(landing)) == (["orders/a.csv", "orders/b.csv"], [])


def test_a_repeated_move_reports_the_same(landing: FolderStore, lake: FolderStore) -> None:
    """Moved once and run again, the same objects count as moved, and nothing is written."""
    manifest = drop(landing, a=b"1", b=b"2")
    first = move_objects(manifest, landing, lake)
    written = lake.list()
    assert move_objects(manifest, landing, lake) == first
    assert lake.list() == written


def test_a_tiny_budget_moves_one_object_per_slice(landing: FolderStore, lake: FolderStore) -> None:
    """Without any time each slice still moves one object, and the slices together move all."""
    manifest = drop(landing, a=b"1", b=b"22", c=b"333")
    slices = [move_objects(manifest, landing, lake, budget_seconds=0)]
    while slices[-1].token:
        slices.append(move_objects(manifest, landing, lake, token=slices[-1].token, budget_seconds=0))
    assert [part.moved for part in slices] == [["orders/a.csv"], ["orders/b.csv"], ["orders/c.csv"]]
    assert [part.bytes for part in slices] == [1, 2, 3]
    assert [part.token for part in slices] == ["orders/b.csv", "orders/c.csv", None]


def test_the_budget_is_measured_on_the_clock(landing: FolderStore, lake: FolderStore) -> None:
    """With ten seconds, at ten seconds per object after the first look, a slice moves two of three."""
    manifest = drop(landing, a=b"1", b=b"2", c=b"3")
    clock = itertools.count(0, 5).__next__
    result = move_objects(manifest, landing, lake, budget_seconds=10, clock=clock)
    assert (result.moved, result.token) == (["orders/a.csv", "orders/b.csv"], "orders/c.csv")


def test_a_slice_is_bounded_in_objects(
    landing: FolderStore, lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice ends after so many objects, as its answer must fit a state machine."""
    monkeypatch.setattr(logic, "SLICE_OBJECTS", 2)
    manifest = drop(landing, a=b"1", b=b"2", c=b"3")
    assert move_objects(manifest, landing, lake).token == "orders/c.csv"  # noqa: S105 - no password


def test_an_empty_manifest_is_done(landing: FolderStore, lake: FolderStore) -> None:
    """Nothing to move is a success."""
    assert move_objects(drop(landing), landing, lake) == MoveResult([], [], 0, None)


def test_a_foreign_token_is_refused(landing: FolderStore, lake: FolderStore) -> None:
    """A token of another manifest is named."""
    with pytest.raises(BadRequest, match=r"token `orders/z\.csv` is not of this manifest of 1 files"):
        move_objects(drop(landing, a=b"1"), landing, lake, token="orders/z.csv")  # noqa: S106 - no password


def test_an_object_that_fails_keeps_no_other_from_its_place(landing: FolderStore, lake: FolderStore) -> None:
    """A damaged archive is an error, not a file that changed; the file stays, and those after it are moved."""
    manifest = drop(landing, a=b"1", b=b"2")
    lake.put(archived(b"1", "a"), b"damaged")
    result = move_objects(manifest, landing, lake)
    assert (result.moved, keys(landing)) == (["orders/b.csv"], ["orders/a.csv"])
    assert [(left.key, left.error) for left in result.left] == [("orders/a.csv", "PreconditionFailed")]
    assert "absent" in result.left[0].why


def test_a_file_that_is_being_written_stays(landing: FolderStore, lake: FolderStore) -> None:
    """Its writer may have begun again after the load has read it."""
    manifest = drop(landing, a=b"1", b=b"2")
    with landing.path_of("orders/a.csv").open("ab"):
        result = move_objects(manifest, landing, lake)
    assert (result.moved, result.left) == (["orders/b.csv"], [Left("orders/a.csv", logic.WRITTEN)])
    assert (keys(landing), keys(lake)) == (["orders/a.csv"], [archived(b"2", "b")])


def test_a_writer_that_the_system_does_not_show_loses_nothing(
    landing: FolderStore, lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on in the archived file, which is watched; what it adds is back in landing with all before it."""
    monkeypatch.setattr(writers, "is_being_written", lambda _: None)
    (landing.root / "orders").mkdir()
    with landing.path_of("orders/a.csv.tmp").open("wb") as upload:
        upload.write(b"half\n")
        upload.flush()
        landing.path_of("orders/a.csv.tmp").rename(landing.path_of("orders/a.csv"))
        manifest = drop(landing, b=b"2")
        assert move_objects(manifest, landing, lake).left == []
        assert give_back("ecommerce", lake, landing) == []
        upload.write(b"more\n")
    assert give_back("ecommerce", lake, landing) == ["orders/a.csv"]
    assert landing.read("orders/a.csv") == b"half\nmore\n"
    assert keys(lake) == [archived(b"2", "b"), "watch/ecommerce.json"]


def test_what_is_moved_is_watched_before(
    landing: FolderStore, lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a process killed right after a move leaves nothing that nobody looks at."""
    manifest = drop(landing, a=b"1")
    seen = list[int]()
    monkeypatch.setattr(logic, "_move", lambda *_: seen.append(len(WatchList(lake, "ecommerce").read())))
    move_objects(manifest, landing, lake)
    assert (seen, keys(lake)) == ([1], [])


def test_a_landing_folder_that_is_gone_is_an_error(landing: FolderStore, lake: FolderStore) -> None:
    """An unmounted landing is not taken for vanished files, nor for files that fail one by one."""
    manifest = drop(landing, a=b"1")
    landing.root.rename(landing.root.with_name("unmounted"))
    result = move_objects(manifest, landing, lake)
    assert isinstance(result.broken, StorageUnavailable)
    assert (result.moved, result.left, result.token) == ([], [], "orders/a.csv")
