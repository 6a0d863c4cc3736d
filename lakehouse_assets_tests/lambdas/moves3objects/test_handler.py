"""The function that archives answers with totals however often it is called, and keeps what it did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lakehouse_assets.compute.reports import ARCHIVE, ArchiveReport, ArchiveSlice
from lakehouse_assets.core.manifest import Manifest
from lakehouse_assets.errors import BadRequest, ObjectMissing, PreconditionFailed, StorageUnavailable
from lakehouse_assets.storage.folder import FolderStore
from lakehouse_assets.storage.runs import RunFolder
from lakehouse_assets_tests.lambdas.moves3objects.moving import (
    EVENT,
    MANIFEST_KEY,
    REFUSED_KEY,
    archived,
    drop,
    keys,
)
from lambdas.moves3objects import logic, slices
from lambdas.moves3objects.handler import handler


def recorded(landing: FolderStore, lake: FolderStore) -> dict[str, Any]:
    """The recorded event, pointed at these folders."""
    return {**json.loads(EVENT.read_text("utf-8")), "landing": landing.uri, "lake": lake.uri}


def planned(lake: FolderStore, manifest: Manifest, *refused: str) -> Manifest:
    """The manifest, frozen in the lake, and the list of refused files beside it."""
    lake.put(MANIFEST_KEY, json.dumps(manifest.to_dict()).encode())
    lake.put(REFUSED_KEY, json.dumps({"keys": ["orders/broken.csv", *refused]}).encode())
    return manifest


def kept(lake: FolderStore) -> ArchiveReport | None:
    """The report that the archive of run r1 keeps in the run's folder."""
    return RunFolder(lake, "ecommerce", "r1").report(ARCHIVE, ArchiveReport)


def test_the_handler_answers_totals(landing: FolderStore, lake: FolderStore) -> None:
    """The recorded event moves one file to the archive and the refused one to quarantine."""
    planned(lake, drop(landing, a=b"1", broken=b"\0\0"))
    answer = json.loads(json.dumps(handler(recorded(landing, lake), None)))
    assert answer == {"moved": 2, "bytes": 3, "refused": 1, "left": 0, "left_files": [], "token": None, "done": True}
    refused = archived(b"\0\0", "broken").replace("archived/", "quarantine/")
    assert keys(lake) == [archived(b"1", "a"), refused, "runs/ecommerce/r1/archive.json", MANIFEST_KEY, REFUSED_KEY]


def test_the_handler_is_called_until_done(landing: FolderStore, lake: FolderStore) -> None:
    """The answer's token given back goes on where the slice ended; totals grow, and what stays is listed with why."""
    planned(lake, drop(landing, a=b"1", b=b"2", c=b"33"))
    landing.path_of("orders/b.csv").unlink()
    event, answers = {**recorded(landing, lake), "budget_seconds": 0}, list[dict[str, Any]]()
    while not answers or not answers[-1]["done"]:
        answers.append(handler({**event, "token": answers[-1]["token"] if answers else None}, None))
    assert [(a["moved"], a["bytes"], a["left"]) for a in answers] == [(1, 1, 0), (1, 1, 1), (2, 3, 1)]
    assert [answer["token"] for answer in answers] == ["0 orders/b.csv", "0 orders/c.csv", None]
    assert answers[-1]["left_files"] == [{"key": "orders/b.csv", "why": logic.VANISHED}]


def test_a_slice_that_is_tried_again_counts_once(landing: FolderStore, lake: FolderStore) -> None:
    """An answer that was lost on its way is asked for again: totals are those of the files, not of the calls."""
    planned(lake, drop(landing, a=b"1", b=b"22", c=b"333"))
    event = {**recorded(landing, lake), "budget_seconds": 0}
    tokens = [None, None, "0 orders/b.csv", "0 orders/b.csv", "0 orders/c.csv", "0 orders/c.csv"]
    totals = [handler({**event, "token": token}, None) for token in tokens]
    assert [(total["moved"], total["bytes"]) for total in totals] == [(1, 1), (1, 1), (2, 3), (2, 3), (3, 6), (3, 6)]


def test_a_large_manifest_is_read_once(
    landing: FolderStore, lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each further slice reads its own part, with the refused keys of that part, and all slices move everything."""
    monkeypatch.setattr(slices, "SLICE_OBJECTS", 2)
    planned(lake, drop(landing, a=b"1", b=b"2", c=b"3", d=b"4", e=b"5"), "orders/d.csv")
    event, tokens = recorded(landing, lake), [handler(recorded(landing, lake), None)["token"]]
    lake.put(MANIFEST_KEY, b"nobody reads this again")
    lake.put(REFUSED_KEY, b"nor this")
    totals = []
    while tokens[-1]:
        answer = handler({**event, "token": tokens[-1], "budget_seconds": 0}, None)
        tokens.append(answer["token"])
        totals.append(answer["moved"])
    assert (tokens, totals) == (["1 ", "1 orders/d.csv", "2 ", None], [3, 4, 5])
    assert [key for key in keys(lake) if "quarantine" in key] == [archived(b"4", "d").replace("archived", "quarantine")]


@pytest.mark.parametrize("token", ["orders/a.csv", "7 ", "x y"])
def test_a_token_of_nothing_is_refused(landing: FolderStore, lake: FolderStore, token: str) -> None:
    """Neither a key alone, nor a part that there is not, nor a part without a number."""
    planned(lake, drop(landing, a=b"1"))
    with pytest.raises(BadRequest, match="token"):
        handler({**recorded(landing, lake), "token": token}, None)


def test_an_archive_that_begins_anew_forgets_its_earlier_slices(landing: FolderStore, lake: FolderStore) -> None:
    """A run that is executed again starts without a token; what was moved before counts as moved, once."""
    planned(lake, drop(landing, a=b"1", b=b"22", c=b"333"))
    first = {**recorded(landing, lake), "budget_seconds": 0}
    handler({**first, "token": handler(first, None)["token"]}, None)
    assert handler(recorded(landing, lake), None)["moved"] == 3
    assert kept(lake) == ArchiveReport({"": ArchiveSlice(moved=3, bytes=6)})


def test_a_file_that_fails_is_told_when_all_others_are_moved(landing: FolderStore, lake: FolderStore) -> None:
    """The error comes with the last slice, and the report counts what was moved."""
    planned(lake, drop(landing, a=b"1", b=b"2", c=b"3"))
    lake.put(archived(b"1", "a"), b"damaged")
    event, token = {**recorded(landing, lake), "budget_seconds": 0}, None
    for expected in ("0 orders/b.csv", "0 orders/c.csv"):
        token = handler({**event, "token": token}, None)["token"]
        assert token == expected
    with pytest.raises(PreconditionFailed, match="absent"):
        handler({**event, "token": token}, None)
    report = kept(lake)
    assert report
    assert (report.moved, [left.key for left in report.left]) == (2, ["orders/a.csv"])


def test_a_store_that_goes_away_leaves_the_count_of_what_was_moved(
    landing: FolderStore, lake: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Landing is unmounted after the first file."""
    planned(lake, drop(landing, a=b"1", b=b"2"))
    take = FolderStore.take_from

    def once(store: FolderStore, *given: Any, **named: Any) -> bool:
        done = take(store, *given, **named)
        landing.root.rename(landing.root.with_name("unmounted"))
        return done

    monkeypatch.setattr(FolderStore, "take_from", once)
    with pytest.raises(StorageUnavailable):
        handler(recorded(landing, lake), None)
    assert kept(lake) == ArchiveReport({"": ArchiveSlice(moved=1, bytes=1)})


@pytest.mark.parametrize("gone", [False, True])
def test_an_answer_fits_a_state_machine(landing: FolderStore, lake: FolderStore, *, gone: bool) -> None:
    """With keys that JSON spells long it is below 256 KiB: twenty files are named, the run's folder names all."""
    folder = "/".join(["ü" * 100] * 4)
    manifest = planned(lake, drop(landing, **{f"{folder}/{number:03}": b"1" for number in range(120)}))
    for item in manifest.files if gone else ():
        landing.path_of(item.key).unlink()
    answer = handler(recorded(landing, lake), None)
    assert len(json.dumps(answer)) < 256 * 1024
    assert (answer["moved"], answer["left"], len(answer["left_files"])) == ((0, 120, 20) if gone else (120, 0, 0))
    report = kept(lake)
    assert report
    assert [left.key for left in report.left] == ([item.key for item in manifest.files] if gone else [])


def test_the_handler_raises(landing: FolderStore, lake: FolderStore) -> None:
    """A missing manifest is an error of its own type, not an answer."""
    with pytest.raises(ObjectMissing, match=MANIFEST_KEY):
        handler(recorded(landing, lake), None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"landing": None}, "the event lacks `landing`"),
        ({"manifest_key": None, "lake": ""}, "the event lacks `manifest_key` and `lake`"),
        ({"refused": ["orders/a.csv"]}, "`refused` is the key of a list in the lake"),
        ({"landing": "gs://bucket/x"}, "a place is a folder, or `s3://bucket/prefix`"),
    ],
)
def test_a_bad_event_is_refused_in_one_sentence(change: dict[str, Any], words: str) -> None:
    """What is missing or not supported is named."""
    with pytest.raises(BadRequest, match=words):
        handler({**json.loads(EVENT.read_text("utf-8")), **change}, None)
