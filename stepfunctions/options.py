"""Define how machines are emitted, where an installation may choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Catalog = Literal["declared", "crawler"]
"""Whether Athena knows silver by declarations made of the contracts, or by a Glue crawler."""
Engine = Literal["auto", "lambda", "glue"]
"""What loads: a function with the embedded engine, a Glue job, or whichever fits the manifest."""


@dataclass(frozen=True)
class Options:
    """Hold how machines are emitted.

    Attributes:
        catalog: how silver gets into the catalog.
        engine: what loads when the input of an execution names no engine.
        small_bytes: up to how many bytes `auto` takes for a function.
        small_files: up to how many files `auto` takes for a function.
        crawl_seconds: how long a crawl may take.
    """

    catalog: Catalog = "declared"
    engine: Engine = "auto"
    small_bytes: int = 50_000_000
    small_files: int = 500
    crawl_seconds: int = 1800
