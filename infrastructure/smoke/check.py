"""Say what a check of a deployed environment is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lakehouse_assets.errors import LakehouseError

SECONDS = 180
Outputs = Mapping[str, str]


class Unproven(LakehouseError):  # noqa: N818 - an error is named for what happened
    """Says that what was expected of AWS is not so; the sentence tells what is."""


@dataclass(frozen=True)
class Check:
    """Hold one check: what it proves, in a sentence, and the question, which may answer with a remark."""

    sentence: str
    ask: Callable[[Outputs], str | None]
