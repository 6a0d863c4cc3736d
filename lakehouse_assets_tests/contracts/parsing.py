"""Contracts of documents that a test makes, all of which have to be sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lakehouse_assets.contracts.known import Known
from lakehouse_assets.contracts.reader import read_contracts


def parse_contracts(documents: Iterable[Mapping[str, Any]], pipeline: str) -> Known:
    """The contracts of these documents; what is wrong with the first broken one is raised."""
    known = read_contracts(documents, pipeline)
    known.require_sound()
    return known
