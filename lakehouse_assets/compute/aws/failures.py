"""Give back the error that a job, a function or a query has ended with, as it was raised where it ran."""

from __future__ import annotations

from typing import Any

from lakehouse_assets.compute.causes import cause_of
from lakehouse_assets.errors import LakehouseError, remembered


def own_error(text: str, **facts: Any) -> LakehouseError | None:  # noqa: ANN401 - facts of any type
    """Return the error of our tree that a service's words tell of; None where they tell of another one.

    Args:
        text: the words, or the service's JSON.
        **facts: further facts for it, such as the link to a log.
    """
    name, sentence = cause_of(text)
    return remembered(name, sentence, **facts)


def sentence_of(text: str) -> str:
    """Return why something failed in one line; with the name of the error where one is told."""
    name, sentence = cause_of(text)
    return sentence if name == "Unknown" else f"{name}: {sentence}"
