"""A file is moved from folder to folder together with whoever writes it, or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from lakehouse_assets.errors import ObjectMissing, PreconditionFailed
from lakehouse_assets.storage.atomic_files import taken_path
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.objects import StoredObject

Stores = tuple[FolderStore, FolderStore, StoredObject]


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    """A landing folder with one listed file, and a lake."""
    landing, lake = FolderStore(tmp_path / "landing"), FolderStore(tmp_path / "lake")
    landing.put("d/a.csv", b"hello")
    return landing, lake, landing.list()[0]


def names(store: FolderStore) -> list[str]:
    """All file names in a store, hidden ones too."""
    return sorted(path.name for path in store.root.rglob("*") if path.is_file() or path.is_symlink())


def test_who_writes_the_file_goes_on_in_its_new_place(stores: Stores) -> None:
    """It is the same file, not a copy of it, and its old name is free."""
    landing, lake, listed = stores
    with landing.path_of("d/a.csv").open("ab") as writer:
        assert lake.take_from(landing, listed, key="x/b.csv")
        writer.write(b", world")
    assert (lake.read("x/b.csv"), names(landing)) == (b"hello, world", [])


def test_a_file_that_is_another_one_now_stays(stores: Stores) -> None:
    """One that grew, and one that was swapped for another of the same size."""
    landing, lake, listed = stores
    for content in (b"hello and more", b"olleh"):
        landing.put("d/a.csv", content)
        with pytest.raises(PreconditionFailed, match=r"`d/a\.csv`"):
            lake.take_from(landing, listed, key="x/b.csv")
        assert (landing.read("d/a.csv"), names(landing), names(lake)) == (content, ["a.csv"], [])


def test_a_file_that_was_only_touched_is_taken(stores: Stores) -> None:
    """Its content is what was listed."""
    landing, lake, listed = stores
    landing.put("d/a.csv", b"hello")
    assert lake.take_from(landing, listed, key="x/b.csv")


def test_a_target_with_the_content_finishes_the_move(stores: Stores) -> None:
    """What a killed process had copied or moved is not doubled, and a repeated call is a success."""
    landing, lake, listed = stores
    lake.put("x/b.csv", b"hello")
    assert lake.take_from(landing, listed, key="x/b.csv")
    assert lake.take_from(landing, listed, key="x/b.csv")
    assert (names(landing), lake.read("x/b.csv")) == ([], b"hello")


def test_a_move_that_was_killed_in_the_middle_is_finished_by_the_next(stores: Stores) -> None:
    """The file was aside, had its new name already, and not yet lost the old one."""
    landing, lake, listed = stores
    path, target = landing.path_of("d/a.csv"), lake.path_of("x/b.csv")
    target.parent.mkdir()
    target.hardlink_to(path.rename(taken_path(path)))
    assert lake.take_from(landing, listed, key="x/b.csv")
    assert (names(landing), names(lake)) == ([], ["b.csv"])


def test_a_target_with_other_content_is_never_overwritten(stores: Stores) -> None:
    """Both files stay."""
    landing, lake, listed = stores
    lake.put("x/b.csv", b"other")
    with pytest.raises(PreconditionFailed, match=r"`x/b\.csv`"):
        lake.take_from(landing, listed, key="x/b.csv")
    assert (landing.read("d/a.csv"), lake.read("x/b.csv")) == (b"hello", b"other")


def test_a_file_that_is_gone_is_named(stores: Stores) -> None:
    """Neither source nor target is there."""
    landing, lake, listed = stores
    landing.path_of("d/a.csv").unlink()
    with pytest.raises(ObjectMissing, match=r"`d/a\.csv`"):
        lake.take_from(landing, listed, key="x/b.csv")


def test_another_file_system_cannot_be_reached(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has its name again, and the caller copies it."""
    landing, lake, listed = stores

    real = Path.hardlink_to

    def refuse(link: Path, file: Path) -> None:
        if link.is_relative_to(lake.root):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(link, file)

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert not lake.take_from(landing, listed, key="x/b.csv")
    assert (names(landing), names(lake)) == (["a.csv"], [])


def test_a_link_is_not_moved_for_what_it_leads_to(stores: Stores, tmp_path: Path) -> None:
    """The archive would hold a link that leads out of the lake; a copy is made of it."""
    landing, lake, _ = stores
    (tmp_path / "share.csv").write_bytes(b"hello")
    landing.path_of("d/a.csv").unlink()
    landing.path_of("d/a.csv").symlink_to(tmp_path / "share.csv")
    assert not lake.take_from(landing, landing.list()[0], key="x/b.csv")
    assert names(landing) == ["a.csv"]


@pytest.mark.parametrize("name", ["m" * 245 + ".csv", "m" * 251 + ".csv", "ü" * 125 + ".csv"])
def test_a_name_that_leaves_no_room_is_taken_like_any_other(tmp_path: Path, name: str) -> None:
    """Names of 249, 255 and 254 bytes; 255 is what file systems allow."""
    landing, lake = FolderStore(tmp_path / "landing"), FolderStore(tmp_path / "lake")
    landing.put(f"d/{name}", b"hello")
    assert lake.take_from(landing, landing.list()[0], key="x/b.csv")
    assert (list(landing.path_of("d").iterdir()), lake.read("x/b.csv")) == ([], b"hello")


def test_a_long_name_is_found_again_after_a_kill(tmp_path: Path) -> None:
    """The file was aside, and a look at the folder gives it its name back, with nothing left of the move."""
    landing = FolderStore(tmp_path)
    path = landing.path_of("d/" + "m" * 245 + ".csv")
    landing.put(f"d/{path.name}", b"hello")
    taken_path(path).parent.mkdir()
    path.rename(taken_path(path))
    assert landing.look().keys == [f"d/{path.name}"]
    assert (list(path.parent.iterdir()), path.read_bytes()) == ([path], b"hello")


def test_a_long_name_used_again_meanwhile_keeps_both(tmp_path: Path) -> None:
    """What was aside gets its MD5 (`printf hello | md5sum`) and the end of its name: 32 + 1 + 222 bytes."""
    landing = FolderStore(tmp_path)
    path = landing.path_of("m" * 245 + ".csv")
    taken_path(path).parent.mkdir()
    taken_path(path).write_bytes(b"hello")
    path.write_bytes(b"new")
    landing.look()
    beside = f"5d41402abc4b2a76b9719d911017c592-{'m' * 218}.csv"
    assert {found.key: landing.read(found.key) for found in landing.list()} == {path.name: b"new", beside: b"hello"}


def test_a_copy_under_a_long_name_is_known_by_the_etag_of_its_source(tmp_path: Path) -> None:
    """Also where that is no MD5, as of an object that was written in parts; deleting it leaves no note behind."""
    lake, name = FolderStore(tmp_path), "m" * 251 + ".csv"
    lake.put(name, b"hello")
    lake.rewrite(name, [b"other"], known_as="e-2")
    assert lake.holds(name, "e-2")
    assert lake.delete(name, if_match=lake.list()[0].etag)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
