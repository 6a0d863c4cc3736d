"""One outcome is told once, with a subject that SNS takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse_assets.compute.notify import FolderTopic, Notification, fit_subject
from lakehouse_assets.errors import BadRequest
from lakehouse_assets.storage.folder import FolderStore


def test_an_outcome_is_told_once(tmp_path: Path) -> None:
    """The second message of a run and kind is not written, and the caller hears it."""
    topic = FolderTopic(FolderStore(tmp_path))
    first = Notification("r1", "ecommerce", "run_failed", "ecommerce failed", "Größe?")
    again = Notification("r1", "ecommerce", "run_failed", "other words", "")
    assert [topic.publish(first), topic.publish(again)] == [True, False]
    told = json.loads((tmp_path / "notifications/ecommerce/r1-run_failed.json").read_text("utf-8"))
    assert (told["subject"], told["body"]) == ("ecommerce failed", "Größe?")


def test_another_kind_is_told_too(tmp_path: Path) -> None:
    """Two outcomes of one run are two messages."""
    topic = FolderTopic(FolderStore(tmp_path))
    kinds = ("run_failed", "files_refused")
    assert all(topic.publish(Notification("r1", "ecommerce", kind, "s", "b")) for kind in kinds)


@pytest.mark.parametrize("subject", ["", "two\nlines", "Größe", "x" * 101, " x"])
def test_a_subject_that_sns_refuses_is_refused_here(subject: str) -> None:
    """Empty, long, non-ASCII and multi-line subjects are refused in one sentence."""
    with pytest.raises(BadRequest, match="one line of 1 to 100 printable ASCII characters"):
        Notification("r1", "ecommerce", "run_failed", subject, "")


@pytest.mark.parametrize(
    ("text", "subject"),
    [("x" * 100, "x" * 100), ("x" * 101, "x" * 97 + "..."), ("a\r\n b\tc", "a b c"), ("Straße", "Stra?e")],
)
def test_fit_subject(text: str, subject: str) -> None:
    """Any text becomes one ASCII line of at most 100 characters."""
    assert fit_subject(text) == subject
