"""Hold the code location of this installation, with all its pipelines, where Dagster looks for it, and nothing else."""

from __future__ import annotations

from lakehouse_assets.code_location import build_definitions, code_location
from lakehouse_assets.graph.sentence import one_sentence

__all__ = ["build_definitions", "defs"]

with one_sentence():
    defs = code_location()
