"""An archived file that is written on goes back to landing; one that cannot be any more is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse_assets.core.manifest import FileEntry
from lakehouse_assets.errors import StateDamaged
from lakehouse_assets.storage import writers
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.watch import Watched, WatchList, give_back

NOW = datetime(2025, 4, 2, 12, tzinfo=UTC)
KEY = "archived/shop/orders/2025-04-02/r1/e1-a.csv"


class Shop:
    """A landing folder and a lake in which one file has been archived and is watched."""

    def __init__(self, folder: Path) -> None:
        self.landing, self.lake = FolderStore(folder / "landing"), FolderStore(folder / "lake")
        self.lake.put(KEY, b"half\n")
        stored = self.lake.list()[0]
        entry = FileEntry("orders", "orders/a.csv", stored.etag, stored.size_bytes, stored.modified)
        self.watch = WatchList(self.lake, "shop")
        self.watch.change(add=[Watched.of(entry, KEY, NOW)])

    def look(self, *, hours: float = 1) -> list[str]:
        """What goes back when somebody looks so long after the move."""
        return give_back("shop", self.lake, self.landing, NOW + timedelta(hours=hours))

    def grow(self) -> None:
        """Write on the archived file."""
        with self.lake.path_of(KEY).open("ab") as file:
            file.write(b"more\n")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop of this test's own."""
    return Shop(tmp_path)


def test_what_comes_later_is_work_again(shop: Shop) -> None:
    """The whole file is back under its name, and nothing of it is left in the archive."""
    shop.grow()
    assert shop.look() == ["orders/a.csv"]
    assert shop.landing.read("orders/a.csv") == b"half\nmore\n"
    assert [item.key for item in shop.lake.list()] == []


def test_a_name_that_is_used_again_keeps_both(shop: Shop) -> None:
    """The file that came back has a name of its own, as in every other folder of a store."""
    shop.grow()
    shop.landing.put("orders/a.csv", b"another\n")
    (key,) = shop.look()
    assert (key.endswith("-a.csv"), shop.landing.read(key)) == (True, b"half\nmore\n")
    assert shop.landing.read("orders/a.csv") == b"another\n"


def test_a_file_that_nobody_writes_is_final(shop: Shop) -> None:
    """It is not looked at again."""
    assert (shop.look(), shop.watch.read()) == ([], frozenset())


def test_a_file_that_somebody_has_open_is_watched_for_as_long(shop: Shop) -> None:
    """An upload may pause for days."""
    with shop.lake.path_of(KEY).open("ab"):
        assert shop.look(hours=1000) == []
        assert shop.watch.read()
    shop.look(hours=1001)
    assert not shop.watch.read()


def test_where_the_system_does_not_show_writers_it_is_watched_for_two_days(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer would make every plan slower."""
    monkeypatch.setattr(writers, "is_being_written", lambda _: None)
    for hours, watched in ((47, 1), (49, 0)):
        shop.look(hours=hours)
        assert len(shop.watch.read()) == watched


def test_a_file_that_was_not_moved_after_all_is_not_watched(shop: Shop) -> None:
    """It is listed before it is moved; a process that is killed in between leaves that."""
    shop.lake.path_of(KEY).unlink()
    assert (shop.look(), shop.watch.read()) == ([], frozenset())


def test_a_spoilt_list_is_named_with_the_way_out(shop: Shop) -> None:
    """It is one file, which can be removed."""
    shop.lake.put("watch/shop.json", b"{")
    with pytest.raises(StateDamaged, match=r"watch/shop\.json` cannot be used: .*; remove it"):
        shop.look()
